package main

func a() {
	url := os.Getenv("TARGET")
	// ruleid: go-ssrf-from-outside
	resp, err := http.Get(url)
}

func b() {
	// ok: go-ssrf-from-outside
	resp, err := http.Get("https://example.org/")
}
