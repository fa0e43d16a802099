"""Drives real clients with scripted models on loopback, and looks at what they did."""
