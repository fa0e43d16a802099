package main

import "math/rand"

func a() string {
	// ruleid: go-math-rand
	return letters[rand.Intn(len(letters))]
}

func b() {
	// ok: go-math-rand
	time.Sleep(time.Duration(rand.Intn(100)) * time.Millisecond)
}
