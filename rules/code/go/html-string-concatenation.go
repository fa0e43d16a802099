package main

func a(name string) string {
	// ruleid: go-html-string-concatenation
	return fmt.Sprintf("<h1>Hello %s</h1>", name)
}

func b(name string) string {
	// ruleid: go-html-string-concatenation
	return "<p>" + name + "</p>"
}

func c(name string) string {
	// ok: go-html-string-concatenation
	return fmt.Sprintf("<h1>Hello %s</h1>", html.EscapeString(name))
}

func d(count int) string {
	// ok: go-html-string-concatenation
	return fmt.Sprintf("<h1>%d</h1>", count)
}

func e(name string) string {
	safe := html.EscapeString(name)
	// ok: go-html-string-concatenation
	return "<p>" + html.EscapeString(name) + "</p>"
}
