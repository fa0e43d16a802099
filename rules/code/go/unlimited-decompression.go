package main

func main() {
a, _ := gzip.NewReader(file)
// ruleid: go-unlimited-decompression
io.Copy(out, a)

b, _ := gzip.NewReader(file)
// ok: go-unlimited-decompression
io.Copy(out, io.LimitReader(b, 1000))

// ok: go-unlimited-decompression
io.Copy(out, file)
}
