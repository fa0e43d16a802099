"""Forges such as GitHub: their events, reviews, comments and step outputs."""
