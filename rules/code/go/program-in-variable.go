package main

func a(command string) {
	// ruleid: go-program-in-variable
	cmd := exec.Command(command, "5")
}

func b(command string) {
	program, ok := allowedPrograms[command]
	// ok: go-program-in-variable
	exec.Command(program).Run()
}
