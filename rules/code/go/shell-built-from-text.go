package main

func main() {
// ruleid: go-shell-built-from-text
exec.Command("sh", "-c", fmt.Sprintf("ping %s", host))
// ruleid: go-shell-built-from-text
exec.Command("bash", "-c", "ls " + folder)
// ok: go-shell-built-from-text
exec.Command("ping", host)
// ok: go-shell-built-from-text
exec.Command("sh", "-c", "ls")
}
