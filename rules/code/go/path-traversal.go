package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-path-traversal
os.ReadFile("/srv/" + r.URL.Query().Get("name"))
}

func g(c *gin.Context) {
// ruleid: go-path-traversal
c.File("/srv/" + c.Param("name"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-path-traversal
os.ReadFile("/srv/" + filepath.Base(r.FormValue("name")))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-path-traversal
os.ReadFile("/srv/a.txt")
}
