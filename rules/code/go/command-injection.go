package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-command-injection
exec.Command("sh", "-c", r.FormValue("c"))
}

func g(c *gin.Context) {
// ruleid: go-command-injection
exec.Command(c.Query("program"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-command-injection
exec.Command("ping", r.FormValue("host"))
}
