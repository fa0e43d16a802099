package main

func a(text string) {
	// ruleid: go-jwt-not-verified
	token, _, err := new(jwt.Parser).ParseUnverified(text, claims)
	// ruleid: go-jwt-not-verified
	token.SignedString(jwt.UnsafeAllowNoneSignatureType)
	// ok: go-jwt-not-verified
	token, err := jwt.Parse(text, key, jwt.WithValidMethods([]string{"HS256"}))
}
