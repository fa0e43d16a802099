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
// ruleid: go-hardcoded-credential
key, err := token.SignedString([]byte("swordfish"))
// ruleid: go-hardcoded-credential
const pwd = "correct-horse"
// ok: go-hardcoded-credential
signed, err := token.SignedString([]byte(os.Getenv("KEY")))
// ruleid: go-hardcoded-credential
if password == "correct-horse-1" {
}
// ok: go-hardcoded-credential
if token == "comma" {
}
}
