package main

func main() {
	// ruleid: go-whole-disk-served
	http.Handle("/", http.FileServer(http.Dir("/")))
	// ok: go-whole-disk-served
	http.Handle("/", http.FileServer(http.Dir("public")))
}
