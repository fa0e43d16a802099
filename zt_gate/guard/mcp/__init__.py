"""MCP servers of a session: their pins, and what a change of a server disables.

definitions ─▶ artifacts ─▶ pins ◀─ tools ◀─ relay: a person pins what runs and what its
tools say of themselves; the hook and the relay compare, and deny what differs.
"""
