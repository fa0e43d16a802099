package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-xss
fmt.Fprintf(w, "<p>%s</p>", r.FormValue("name"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-xss
w.Write([]byte("<p>" + r.FormValue("name")))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-xss
fmt.Fprintf(w, "<p>%s</p>", html.EscapeString(r.FormValue("name")))
}
