package main

func a(w http.ResponseWriter, r *http.Request) {
	// ruleid: go-template-injection
	t, err := template.New("page").Parse("<p>" + r.FormValue("name") + "</p>")
	// ok: go-template-injection
	t, err = template.New("page").Parse("<p>{{.}}</p>")
}
