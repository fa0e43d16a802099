"""Tries the guard's layers, each alone: which of them keeps a harm from happening."""
