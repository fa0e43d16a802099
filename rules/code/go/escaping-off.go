package main

func main() {
// ruleid: go-escaping-off
a := template.HTML(text)
// ruleid: go-escaping-off
fmt.Fprintf(w, "<p>%s</p>", name)
// ok: go-escaping-off
b := template.HTML("<b>ready</b>")
// ok: go-escaping-off
fmt.Fprintf(w, "%d", number)
}
