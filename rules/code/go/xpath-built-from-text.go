package main

func a(doc *xmlquery.Node, name string) {
	// ruleid: go-xpath-built-from-text
	xmlquery.Find(doc, fmt.Sprintf("//user[@name='%s']", name))
	expression := "//user[@name='" + name + "']"
	// ruleid: go-xpath-built-from-text
	xmlquery.FindOne(doc, expression)
	// ok: go-xpath-built-from-text
	xmlquery.Find(doc, "//user")
}
