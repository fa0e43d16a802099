"""Servers for other programs: agents ask over MCP, editors over the language server protocol."""
