package main

func h(w http.ResponseWriter, r *http.Request) {
// ruleid: go-log-injection
log.Printf("user %s", r.FormValue("name"))
}

func h(w http.ResponseWriter, r *http.Request) {
// ok: go-log-injection
log.Printf("user %s", strconv.Quote(r.FormValue("name")))
}
