package main

func main() {
// ruleid: go-html-escaping-off
a := template.HTML(text)
// ruleid: go-html-escaping-off
fmt.Fprintf(w, "<p>%s</p>", name)
// ok: go-html-escaping-off
b := template.HTML("<b>ready</b>")
// ok: go-html-escaping-off
fmt.Fprintf(w, "%d", number)
}
