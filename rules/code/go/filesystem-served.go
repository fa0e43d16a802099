package main

func main() {
	// ruleid: go-filesystem-served
	http.Handle("/", http.FileServer(http.Dir("/")))
	// ok: go-filesystem-served
	http.Handle("/", http.FileServer(http.Dir("public")))
}
