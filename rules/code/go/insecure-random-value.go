package main

import "math/rand"

func login(w http.ResponseWriter) {
id := fmt.Sprintf("%d", rand.Int63())
// ruleid: go-insecure-random-value
http.SetCookie(w, &http.Cookie{Name: "sid", Value: id})
}

func reset(u User) {
code := rand.Intn(900000) + 100000
// ruleid: go-insecure-random-value
send(u.Email, fmt.Sprintf("https://app.example.com/reset?token=%d", code))
}

func pick(tokens []string) string {
// ok: go-insecure-random-value
token := tokens[rand.Intn(len(tokens))]
return token
}

func wait() {
// ok: go-insecure-random-value
jitter := rand.Int63n(1000)
time.Sleep(time.Duration(jitter))
}
