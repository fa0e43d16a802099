package main

func main() {
// ruleid: go-hardcoded-credential
dbPassword := "swordfish"
// ruleid: go-hardcoded-credential
jwtSecret := []byte("development")
// ok: go-hardcoded-credential
password := os.Getenv("PASSWORD")
// ok: go-hardcoded-credential
passwordField := "name"
}
