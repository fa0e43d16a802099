package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-open-redirect
http.Redirect(w, r, r.FormValue("next"), 302)
}

func g(c *gin.Context) {
// ruleid: go-open-redirect
c.Redirect(302, c.Query("next"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-open-redirect
http.Redirect(w, r, "/home", 302)
}

func h(w http.ResponseWriter, r *http.Request, path string) {
path += "?" + r.URL.RawQuery
// ok: go-open-redirect
http.Redirect(w, r, path, 302)
}
