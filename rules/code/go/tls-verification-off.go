package main

func main() {
// ruleid: go-tls-verification-off
a := &tls.Config{InsecureSkipVerify: true}
// ruleid: go-tls-verification-off
b := ssh.InsecureIgnoreHostKey()
// ruleid: go-tls-verification-off
tlsConfig.InsecureSkipVerify = true
if options.Insecure {
// ok: go-tls-verification-off
tlsConfig.InsecureSkipVerify = true
}
// ok: go-tls-verification-off
status.InsecureSkipVerify = true
// ok: go-tls-verification-off
c := &tls.Config{MinVersion: tls.VersionTLS12}
}
