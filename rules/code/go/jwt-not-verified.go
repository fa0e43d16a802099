package main

func a(text string) {
	// ruleid: go-jwt-not-verified
	token, _, err := new(jwt.Parser).ParseUnverified(text, claims)
	// ruleid: go-jwt-not-verified
	token.SignedString(jwt.UnsafeAllowNoneSignatureType)
	// ok: go-jwt-not-verified
	token, err := jwt.Parse(text, key, jwt.WithValidMethods([]string{"HS256"}))
}

func parsed(token string) (jwt.Token, error) {
// ruleid: go-jwt-not-verified
return jwt.ParseString(token, jwt.WithVerify(false))
}

func verifier(provider *oidc.Provider) *oidc.IDTokenVerifier {
// ruleid: go-jwt-not-verified
return provider.Verifier(&oidc.Config{ClientID: "app", InsecureSkipSignatureCheck: true})
}
