package main

func reflected(w http.ResponseWriter, r *http.Request) {
// ruleid: go-cors-any-origin-with-credentials
w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
w.Header().Set("Access-Control-Allow-Credentials", "true")
}

func stored(w http.ResponseWriter, r *http.Request) {
origin := r.Header.Get("Origin")
if origin != "" {
	// ruleid: go-cors-any-origin-with-credentials
	w.Header().Set("Access-Control-Allow-Origin", origin)
}
w.Header().Set("Access-Control-Allow-Credentials", "true")
}

func routes(r *gin.Engine) {
// ruleid: go-cors-any-origin-with-credentials
r.Use(cors.New(cors.Config{
	AllowOriginFunc:  func(origin string) bool { return true },
	AllowCredentials: true,
}))
}

func handler() *cors.Cors {
// ruleid: go-cors-any-origin-with-credentials
return cors.New(cors.Options{AllowedOrigins: []string{"*"}, AllowCredentials: true})
}

func listed(w http.ResponseWriter, r *http.Request) {
origin := r.Header.Get("Origin")
if allowed[origin] {
	// ok: go-cors-any-origin-with-credentials
	w.Header().Set("Access-Control-Allow-Origin", origin)
	w.Header().Set("Access-Control-Allow-Credentials", "true")
}
}

func public(w http.ResponseWriter, r *http.Request) {
// ok: go-cors-any-origin-with-credentials
w.Header().Set("Access-Control-Allow-Origin", "*")
}

func one() *cors.Cors {
// ok: go-cors-any-origin-with-credentials
return cors.New(cors.Options{AllowedOrigins: []string{"https://app.example.com"}, AllowCredentials: true})
}
