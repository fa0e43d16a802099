"""A first look at a change: whether anything in it could add a dependency.

Manifests always count.  Code, scripts and prose change with every commit, so
for them the changed lines decide: without a word of an installer, an import,
or a mark that makes other lines count (a fence, a quote, a comment's end),
they cannot add anything.  Loads nothing; never reads a blob.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.manifest_formats import format_of, formats, text_formats
from zt_gate.model.change import MODE_SYMLINK

if TYPE_CHECKING:
    from zt_gate.model.change import Body, FileChange

_CHUNK = 1 << 20
_IMPORT_LINE = (
    rb"[ \t]*(?:import[ \t]+(\w+)(?:\.\w+)*(?:[ \t]+as[ \t]+\w+)?"
    rb"|from[ \t]+(\w+|(?=\.))[\w.]*[ \t]+import[ \t(][\w \t,*()#.:\[\]-]*)\s*\Z"
)


def may_add_dependency(file: FileChange) -> bool:
    """Say whether the change of one file could add a dependency."""
    name = format_of(file.path)
    if name is None or name not in text_formats():
        before = format_of(file.old_path) if file.old_path is not None else None
        return name is not None or (before is not None and before not in text_formats())
    if file.is_deletion or file.new_mode == MODE_SYMLINK:
        return False
    if not file.hunks:
        # A file that only gets the name of a script was none before.
        renamed = file.old_path is not None and format_of(file.old_path) != name
        return renamed or bool(file.incomplete)
    return any(
        _counts(body, name)
        for hunk in file.hunks
        for body in (hunk.added, hunk.removed)
    )


@cache
def _install_words() -> tuple[bytes, ...]:
    """Return the parts of words of which every line with an installing command holds one."""
    return tuple(
        dict.fromkeys(
            word for ecosystem in all_ecosystems() for word in ecosystem.install_words
        )
    )


def _counts(body: Body, name: str) -> bool:
    words = (*_install_words(), *formats()[name].marks)
    for data in _pieces(body):
        if any(word in data for word in words):
            return True
        if name == "python" and b"import" in data:
            lines = data.split(b"\n")
            if any(b"import" in line and not _plain_import(line) for line in lines):
                return True
    return False


def _pieces(body: Body) -> list[bytes]:
    """Return the bytes of a body in pieces that overlap, so that no word is cut."""
    overlap = 200
    offsets = range(0, max(1, body.length), _CHUNK)
    return [
        body.store.read(body.offset + at, min(_CHUNK + overlap, body.length - at))
        for at in offsets
        if body.length
    ]


def _plain_import(line: bytes) -> bool:
    """Say whether a line imports from the standard library or from its own package only."""
    match = re.match(_IMPORT_LINE, line)  # compiled when it is needed, then kept by re
    if match is None:
        return False
    name = match[1] or match[2] or b""
    return not name or name.decode("ascii", "replace") in sys.stdlib_module_names
