package main

func a() {
	url := os.Getenv("TARGET")
	// ruleid: go-ssrf-local-input
	resp, err := http.Get(url)
}

func b() {
	// ok: go-ssrf-local-input
	resp, err := http.Get("https://example.org/")
}
