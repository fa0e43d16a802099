package main

func a() {
	name := os.Getenv("NAME")
	// ruleid: go-path-traversal-local-input
	f, err := os.Open(name)
}

func b(dir string, filename string) ([]byte, error) {
	// ruleid: go-path-traversal-local-input
	return os.ReadFile(filepath.Join(dir, filename))
}

func c(dir string, filename string) ([]byte, error) {
	if !filepath.IsLocal(filename) {
		return nil, errBad
	}
	// ok: go-path-traversal-local-input
	return os.ReadFile(filepath.Join(dir, filename))
}

func d() {
	// ok: go-path-traversal-local-input
	f, err := os.Open("config.toml")
}
