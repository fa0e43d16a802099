package main

func a(w http.ResponseWriter, r *http.Request) {
	// ruleid: go-header-injection
	w.Header().Set("X-Name", r.FormValue("name"))
	// ok: go-header-injection
	w.Header().Set("X-Name", url.QueryEscape(r.FormValue("name")))
}
