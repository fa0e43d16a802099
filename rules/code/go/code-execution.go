package main

func run(c *gin.Context) {
var in Input
c.ShouldBindJSON(&in)
vm := goja.New()
// ruleid: go-code-execution
vm.RunString(in.Script)
}

func lua(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
script, err := request.RequireString("script")
L := lua.NewState()
// ruleid: go-code-execution
L.DoString(script)
}

func safe(c *gin.Context) {
vm := goja.New()
vm.Set("name", c.Query("name"))
// ok: go-code-execution
vm.RunString("greet(name)")
}
