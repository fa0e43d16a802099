package main

func key() []byte {
s := os.Getenv("JWT_SECRET")
if s == "" {
	// ruleid: go-default-secret
	s = "please-change-this"
}
return []byte(s)
}

func load() Config {
return Config{
	// ruleid: go-default-secret
	Secret: getEnv("SESSION_SECRET", "development"),
	// ok: go-default-secret
	Port: getEnv("PORT", "8080"),
	// ok: go-default-secret
	Password: getEnv("DB_PASSWORD", ""),
}
}

// ruleid: go-default-secret
var signing = cmp.Or(os.Getenv("SIGNING_KEY"), "signing-key-for-tests")

func admin() string {
if v := os.Getenv("ADMIN_PASSWORD"); v != "" {
	return v
}
// ruleid: go-default-secret
return "admin123"
}

func strict() string {
s := os.Getenv("JWT_SECRET")
if s == "" {
	// ok: go-default-secret
	log.Fatal("JWT_SECRET is not set")
}
return s
}
