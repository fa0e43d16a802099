"""Globs for ids and names."""

from __future__ import annotations


def fits_glob(glob: str, text: str) -> bool:
    """Whether a glob, in which ``*`` is any text, fits all of a text."""
    first, *rest = glob.split("*")
    if not rest:
        return glob == text
    if not text.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return text.endswith(rest[-1]) and len(text) - len(rest[-1]) >= at
