package main

func main() {
// ruleid: go-weak-hash
a := md5.Sum(data)
// ruleid: go-weak-hash
b := sha1.New()
// ok: go-weak-hash
c := sha256.Sum256(data)
}
