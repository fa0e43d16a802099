"""Texts: what the person asks for, and what tools give back."""
