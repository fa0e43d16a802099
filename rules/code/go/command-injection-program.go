package main

func a(command string) {
	// ruleid: go-command-injection-program
	cmd := exec.Command(command, "5")
}

func b(command string) {
	program, ok := allowedPrograms[command]
	// ok: go-command-injection-program
	exec.Command(program).Run()
}
