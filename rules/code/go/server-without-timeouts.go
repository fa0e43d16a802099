package main

func main() {
	// ruleid: go-server-without-timeouts
	http.ListenAndServe(":8080", nil)
	// ruleid: go-server-without-timeouts
	a := &http.Server{Addr: ":8080", Handler: mux}
	// ok: go-server-without-timeouts
	b := &http.Server{Addr: ":8080", Handler: mux, ReadHeaderTimeout: time.Second}
}
