package main

func main() {
// ruleid: go-tls-verification-off
a := &tls.Config{InsecureSkipVerify: true}
// ruleid: go-tls-verification-off
b := ssh.InsecureIgnoreHostKey()
// ok: go-tls-verification-off
c := &tls.Config{MinVersion: tls.VersionTLS12}
}
