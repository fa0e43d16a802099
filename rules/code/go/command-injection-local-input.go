package main

func a() {
	run := "sleep" + os.Getenv("SECONDS")
	// ruleid: go-command-injection-local-input
	cmd := exec.Command(run, "5")
}

func b() {
	// ruleid: go-command-injection-local-input
	exec.Command("git", "clone", os.Args[1]).Run()
}

func c() {
	// ok: go-command-injection-local-input
	exec.Command("git", "status").Run()
}
