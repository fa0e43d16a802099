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
}
