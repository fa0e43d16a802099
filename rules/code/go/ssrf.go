package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-ssrf
http.Get(r.FormValue("url"))
}

func g(c *gin.Context) {
// ruleid: go-ssrf
http.Get(c.Query("url"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-ssrf
http.Get("https://example.org")
}
