package main

func main() {
// ruleid: go-weak-tls-version
a := &tls.Config{MinVersion: tls.VersionTLS10}
// ok: go-weak-tls-version
b := &tls.Config{MinVersion: tls.VersionTLS12}
}
