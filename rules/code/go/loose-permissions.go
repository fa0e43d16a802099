package main

func main() {
// ruleid: go-loose-permissions
os.Chmod(path, 0777)
// ruleid: go-loose-permissions
os.WriteFile(path, data, 0777)
// ruleid: go-loose-permissions
os.Chmod(path, 0666)
// ok: go-loose-permissions
os.WriteFile(path, data, 0666)
// ok: go-loose-permissions
os.Chmod(path, 0600)
// ok: go-loose-permissions
os.MkdirAll(path, 0755)
}
