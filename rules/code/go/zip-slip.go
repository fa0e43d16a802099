package main

func main() {
for _, f := range archive.File {
	// ruleid: go-zip-slip
	os.Create(filepath.Join(folder, f.Name))
}

for _, f := range archive.File {
	// ok: go-zip-slip
	os.Create(filepath.Join(folder, filepath.Base(f.Name)))
}
}
