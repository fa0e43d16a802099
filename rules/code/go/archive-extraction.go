package main

func main() {
for _, f := range archive.File {
	// ruleid: go-archive-extraction
	os.Create(filepath.Join(folder, f.Name))
}

for _, f := range archive.File {
	// ok: go-archive-extraction
	os.Create(filepath.Join(folder, filepath.Base(f.Name)))
}
}
