package main

func a(text string) {
	// ruleid: go-jwt-method-not-checked
	jwt.Parse(text, func(token *jwt.Token) (interface{}, error) {
		return key, nil
	})
	// ok: go-jwt-method-not-checked
	jwt.Parse(text, func(token *jwt.Token) (interface{}, error) {
		if _, ok := token.Method.(*jwt.SigningMethodHMAC); !ok {
			return nil, errMethod
		}
		return key, nil
	})
	// ok: go-jwt-method-not-checked
	jwt.Parse(text, func(token *jwt.Token) (interface{}, error) {
		return key, nil
	}, jwt.WithValidMethods([]string{"HS256"}))
}
