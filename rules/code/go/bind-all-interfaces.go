package main

func main() {
	// ruleid: go-bind-all-interfaces
	net.Listen("tcp", "0.0.0.0:2000")
	// ruleid: go-bind-all-interfaces
	net.Listen("tcp", ":2000")
	// ok: go-bind-all-interfaces
	net.Listen("tcp", "127.0.0.1:2000")
}
