package main

func a(doc *xmlquery.Node, name string) {
	// ruleid: go-xpath-string-concatenation
	xmlquery.Find(doc, fmt.Sprintf("//user[@name='%s']", name))
	expression := "//user[@name='" + name + "']"
	// ruleid: go-xpath-string-concatenation
	xmlquery.FindOne(doc, expression)
	// ok: go-xpath-string-concatenation
	xmlquery.Find(doc, "//user")
}
