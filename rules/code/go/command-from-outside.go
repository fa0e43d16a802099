package main

func a() {
	run := "sleep" + os.Getenv("SECONDS")
	// ruleid: go-command-from-outside
	cmd := exec.Command(run, "5")
}

func b() {
	// ruleid: go-command-from-outside
	exec.Command("git", "clone", os.Args[1]).Run()
}

func c() {
	// ok: go-command-from-outside
	exec.Command("git", "status").Run()
}
