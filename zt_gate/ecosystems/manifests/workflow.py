"""CI workflows in YAML: the actions that they use and the packages that they install.

Each ``uses:`` of GitHub gives one entry.  The commands below ``run``, ``script`` and
similar keys are read as shell text, with their places in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, references
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ErrorKind,
    Text,
    make_dependency,
    parse_manifest,
    valid_name,
)
from zt_gate.syntax import yaml
from zt_gate.syntax.workflows import COMMAND_KEYS, ActionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
# Keys of an image, or of a list of images.
_IMAGE_KEYS = frozenset(("image", "container", "services"))
_IMAGE = lazy_re.compile(r"[\w./:@${}-]{1,400}\Z")
# Cirrus CI names its scripts: ``install_script``.
_COMMAND_SUFFIX = "_script"
_ACTION = lazy_re.compile(
    r"([A-Za-z0-9-]{1,100}/[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._/-]{1,300})?)@(\S{1,300})\Z"
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read every ``uses`` and every command."""
    # Elsewhere in the tree a workflow file is a template that nothing runs.
    is_at_active_path = path.count(b"/") <= 2 and path.lower().startswith(
        (b".github/", b"action.")
    )
    kind: ErrorKind = "unreadable" if is_at_active_path else "not_applicable"
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT, kind):
        text = document.text
        for key, value, table in document.root.walk():
            if key == "uses" and value.is_scalar:
                dependencies += _action(text, value)
            elif key in _IMAGE_KEYS:
                dependencies += _images(text, key, value, table)
            elif key.lower() in COMMAND_KEYS or key.endswith(_COMMAND_SUFFIX):
                for command in value.listed():
                    dependencies += _command(text, command)
    return tuple(dependencies)


def _is_quoted(node: Node) -> bool:
    return node.style in {"'", '"'}


def _action(text: Text, value: Node) -> Iterator[Dependency]:
    written = value.value.strip()
    start = value.start + (1 if _is_quoted(value) else 0)
    place = text.place(start, start + len(written))
    action = ActionReference.of(written)
    if action.is_image:
        image = references.image(written, place, "uses")
        if image is not None:
            yield image
        return
    match = _ACTION.match(written)
    if match is not None and valid_name("github", match[1]):
        yield make_dependency("github", match[1], place, "uses", match[2])


def _images(text: Text, key: str, value: Node, table: Node) -> Iterator[Dependency]:
    """Yield the images in which jobs and services run; compose gives built ones a name."""
    is_built = key == "image" and table.get("build") is not None
    for item in () if is_built else value.listed() or [value]:
        node = item if item.is_scalar else (item.get("name") or item)
        if not node.is_scalar or _IMAGE.match(node.value) is None:
            continue
        start = node.start + (1 if _is_quoted(node) else 0)
        entry = references.image(
            node.value, text.place(start, start + len(node.value)), key
        )
        if entry is not None:
            yield entry


def _command(text: Text, node: Node) -> list[Dependency]:
    """Read a text as shell commands, at its place in the file if that is possible."""
    if not node.is_scalar:
        return []
    start, end = node.start, node.end
    if _is_quoted(node):
        has_escapes = "\\" in node.value or "\n" in text.content[start:end]
        if has_escapes:
            return commands.in_string(node.value, text.place(start, end))
        start, end = start + 1, end - 1
    elif node.style in {"|", ">"}:
        newline = text.content.find("\n", start, end)
        start = end if newline < 0 else newline + 1
    if node.style == "|" or "\n" not in text.content[start:end]:
        return commands.in_text(text, start, end)
    # In a folded text the lines of a paragraph are one line for the shell.
    folded = re.sub(r"\n(?!\s*\n)", " ", text.content[start:end])
    return [
        package.to_dependency(text.place(start + package.start, start + package.end))
        for package in commands.in_span(folded)
    ]
