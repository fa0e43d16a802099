package main

func clone(c *gin.Context) {
// ruleid: go-argument-injection
exec.Command("git", "clone", c.Query("repository"), "/srv/work").Run()
}

func pack(w http.ResponseWriter, r *http.Request) {
var in Input
json.NewDecoder(r.Body).Decode(&in)
// ruleid: go-argument-injection
exec.CommandContext(r.Context(), "tar", "-cf", "out.tar", in.Name).Run()
}

func safe(c *gin.Context) {
// ok: go-argument-injection
exec.Command("git", "clone", "--", c.Query("repository"), "/srv/work").Run()
}

func checked(c *gin.Context) {
name := c.Query("name")
if strings.HasPrefix(name, "-") {
	return
}
// ok: go-argument-injection
exec.Command("git", "log", name).Run()
}

func text(c *gin.Context) {
// ok: go-argument-injection
exec.Command("echo", c.Query("text")).Run()
}
