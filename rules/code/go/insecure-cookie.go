package main

func main() {
// ruleid: go-insecure-cookie
a := http.Cookie{Name: "n", Value: v}
// ok: go-insecure-cookie
b := http.Cookie{Name: "n", Value: v, Secure: true, HttpOnly: true}
}
