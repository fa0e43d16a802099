"""Checks that a syntax tree accounts for every byte of the text it was made from.

A parser that drops a part of a command would drop it from every judgement, too.  What no
leaf of the tree covers may only be blanks, operators and the shell's own keywords.
"""

from __future__ import annotations

from zt_gate import lazy_re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_KEYWORDS = lazy_re.compile(
    rb"\b(?:if|then|elif|else|fi|for|select|in|do|done|while|until|case|esac|function|"
    rb"time|coproc|let)\b"
    # Operators of tests: -n, -nt, -eq.
    rb"|-(?:[a-zA-Z]|ef|nt|ot|eq|ne|lt|le|gt|ge)\b"
)
_OPERATORS = lazy_re.compile(rb"[\s;&|(){}<>\[\]$\"'`=!@?+*:,/%#^~\\-]+")


def uncovered(text: str, tree: dict[str, Any]) -> str:
    """Return the first part of ``text`` that no leaf of ``tree`` covers, "" for none."""
    source = bytearray(text.encode())
    _blank(source, tree)
    rest = _KEYWORDS.sub(lambda match: b" " * len(match[0]), bytes(source))
    for part in _OPERATORS.split(rest):
        if part:
            return part.decode(errors="replace")
    return ""


def _blank(source: bytearray, node: Any) -> None:
    """Replace what the leaves cover by blanks."""
    if isinstance(node, list):
        for item in node:
            _blank(source, item)
        return
    if not isinstance(node, dict):
        return
    kind = node.get("Type")
    is_leaf = (
        kind in {"Lit", "SglQuoted"}
        or "ValuePos" in node
        or "Text" in node
        or kind == "ExtGlob"
    )
    if is_leaf and "Pos" in node:
        start, end = node["Pos"]["Offset"], node["End"]["Offset"]
        source[start:end] = b" " * (end - start)
        return
    redirection_end = node.get("Hdoc")
    if redirection_end is not None:
        _blank_ending(source, node)
    for value in node.values():
        if isinstance(value, dict | list):
            _blank(source, value)


def _blank_ending(source: bytearray, redirect: dict[str, Any]) -> None:
    """Cover the line that ends a here-document."""
    start = redirect["Hdoc"]["End"]["Offset"]
    newline = source.find(b"\n", start)
    end = len(source) if newline < 0 else newline
    word = redirect["Word"]
    ending = "".join(
        part.get("Value", "")
        or "".join(inner.get("Value", "") for inner in part.get("Parts") or ())
        for part in word.get("Parts") or ()
    )
    line = bytes(source[start:end]).strip()
    if line.decode(errors="replace") == ending.replace("\\", ""):
        source[start:end] = b" " * (end - start)
