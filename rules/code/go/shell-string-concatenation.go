package main

func main() {
// ruleid: go-shell-string-concatenation
exec.Command("sh", "-c", fmt.Sprintf("ping %s", host))
// ruleid: go-shell-string-concatenation
exec.Command("bash", "-c", "ls " + folder)
// ok: go-shell-string-concatenation
exec.Command("ping", host)
// ok: go-shell-string-concatenation
exec.Command("sh", "-c", "ls")
}
