"""Readers of formats and texts that more than one room needs."""
