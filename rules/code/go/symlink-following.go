package main

func share(w http.ResponseWriter, r *http.Request) {
	full := filepath.Join(root, filepath.Clean("/"+r.URL.Path))
	if !strings.HasPrefix(full, root+"/") {
		return
	}
	// ruleid: go-symlink-following
	f, err := os.Open(full)
}

func resolved(w http.ResponseWriter, r *http.Request) {
	real, err := filepath.EvalSymlinks(filepath.Join(root, filepath.Clean("/"+r.URL.Path)))
	if err != nil || !strings.HasPrefix(real, root+"/") {
		return
	}
	// ok: go-symlink-following
	f, err := os.Open(real)
}

func load(name string) {
	full := filepath.Join(root, name)
	// ok: go-symlink-following
	f, err := os.Open(full)
}
