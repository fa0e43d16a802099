package main

func main() {
// ruleid: go-weak-cipher
a, _ := des.NewCipher(key)
// ruleid: go-weak-cipher
b, _ := rsa.GenerateKey(rand.Reader, 1024)
// ok: go-weak-cipher
c, _ := aes.NewCipher(key)
// ok: go-weak-cipher
d, _ := rsa.GenerateKey(rand.Reader, 3072)
// ruleid: go-weak-cipher
suites := []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}
// ok: go-weak-cipher
others := []uint16{tls.TLS_AES_128_GCM_SHA256}
}
