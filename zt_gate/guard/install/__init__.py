"""Writes the guard into the settings of clients, and takes it out again."""
