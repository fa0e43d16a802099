"""CI in YAML: actions that workflows use, and the commands that they run.

GitHub's ``uses:`` is an entry of its own; a text below ``run``, ``script`` and
the like is read as the shell reads it, at its own place.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import commands
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ErrorKind,
    Source,
    Text,
    normalise,
    parse_manifest,
    valid_name,
)
from zt_gate.syntax import yaml
from zt_gate.syntax.workflows import COMMAND_KEYS, ActionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
_ACTION = re.compile(
    r"([A-Za-z0-9-]{1,100}/[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._/-]{1,300})?)@(\S{1,300})\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every ``uses`` and every command."""
    # Only at its own place in the tree a workflow runs; elsewhere it is a template.
    runs = path.count(b"/") <= 2 and path.lower().startswith((b".github/", b"action."))
    kind: ErrorKind = "unreadable" if runs else "not_applicable"
    found: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT, kind):
        text = document.text
        for key, value, _ in document.root.walk():
            if key == "uses" and value.is_scalar:
                found += _action(text, value)
            elif key.lower() in COMMAND_KEYS:
                for item in value.listed():
                    found += _run(text, item)
    return tuple(found)


def _action(text: Text, value: Node) -> Iterator[Dependency]:
    written = value.value.strip()
    start = value.start + (1 if value.style in {"'", '"'} else 0)
    place = text.place(start, start + len(written))
    action = ActionReference.of(written)
    if action.is_image:
        source = Source("url", written)
        name = action.name
        yield Dependency(
            "github", name, name.lower(), action.ref, source, *place, "uses"
        )
        return
    match = _ACTION.match(written)
    if match is not None and valid_name("github", match[1]):
        key = normalise("github", match[1])
        yield Dependency("github", match[1], key, match[2], Source(), *place, "uses")


def _run(text: Text, item: Node) -> list[Dependency]:
    """Read one text as a shell does, where it stands in the file if that is possible."""
    if not item.is_scalar:
        return []
    if item.style in {"'", '"'} and (
        "\\" in item.value or "\n" in text.content[item.start : item.end]
    ):
        return commands.in_string(item.value, text.place(item.start, item.end))
    start, end = item.start, item.end
    if item.style in {"'", '"'}:
        start, end = start + 1, end - 1
    elif item.style in {"|", ">"}:
        newline = text.content.find("\n", start, end)
        start = end if newline < 0 else newline + 1
    if item.style == "|" or "\n" not in text.content[start:end]:
        return commands.in_text(text, start, end)
    # Folded: the lines of a paragraph are one line for the shell.
    folded = re.sub(r"\n(?!\s*\n)", " ", text.content[start:end])
    hits = commands.in_span(folded)
    return [
        hit.to_dependency(text.place(start + hit.start, start + hit.end))
        for hit in hits
    ]
