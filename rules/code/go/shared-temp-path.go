package main

func main() {
	// ruleid: go-shared-temp-path
	os.WriteFile("/tmp/state", data, 0600)
	// ruleid: go-shared-temp-path
	os.Create(filepath.Join(os.TempDir(), name))
	// ok: go-shared-temp-path
	os.CreateTemp("", "state")
}
