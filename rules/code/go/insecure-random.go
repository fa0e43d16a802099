package main

func makeToken() string {
// ruleid: go-insecure-random
return letters[rand.Intn(len(letters))]
}

func roll() int {
// ok: go-insecure-random
return rand.Intn(6)
}
