package main

func main() {
a, _ := strconv.Atoi(text)
// ruleid: go-integer-overflow
b := int32(a)

c, _ := strconv.ParseInt(text, 10, 32)
// ok: go-integer-overflow
d := int32(c)
}
