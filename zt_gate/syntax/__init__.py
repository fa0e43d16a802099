"""Readers of file formats and texts, shared by the whole package."""
