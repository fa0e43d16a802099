"""Templates of manifests: files that a generator fills in before a package manager reads them.

Cookiecutter, copier and Jinja write ``{{ value }}``, ``{% statement %}`` and
``{# comment #}``; EJS, ERB and plop write ``<%= value %>`` and ``<% statement %>``;
Handlebars writes ``{{#if}}`` and ``{{/if}}``.  A manifest with such marks outside of
its strings and comments is none that a package manager accepts, so it is read without
them: the names that stand there as they are count, computed ones do not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.record import replace

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.manifests.reader import Reader

_LIMIT = 256 * 1024
_MOST_LINES = 200
_MARK = lazy_re.compile(
    r"\{\{.{0,300}?\}\}|\{%.{0,300}?%\}|\{#.{0,300}?#\}|<%.{0,300}?%>", re.DOTALL
)
# A statement, a comment or a block; anything else gives a value.
_STATEMENT = lazy_re.compile(r"\{%|\{#|<%(?![=-])|\{\{[~-]?\s*(?:[#/^!>]|else\b)")
_TRAILING_COMMA = lazy_re.compile(r",(?=\s{0,1000}[}\]])")
_QUOTED = lazy_re.compile(r"\"(?:[^\"\\\n]|\\.){0,2000}\"|'(?:[^'\\\n]|\\.){0,2000}'")
_COMMENT = lazy_re.compile(r"\s*(?:#|//|--|;)")
_DIGIT = "1"


def is_template(data: bytes, error: ManifestError) -> bool:
    """Return whether marks of a template language may be why a file could not be read.

    They are in the line of the error, or somewhere outside of strings and comments.
    """
    if len(data) > _LIMIT:
        return False
    lines = data.decode("utf-8", "replace").split("\n")
    if 0 < error.line <= len(lines):
        line = lines[error.line - 1]
        if _MARK.search(line) is not None and not _COMMENT.match(line):
            return True
    return any(
        _MARK.search(_QUOTED.sub("", line)) is not None
        for line in lines
        if not _COMMENT.match(line) and ("{" in line or "<%" in line)
    )


def read(reader: Reader, path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Return the literal entries of a template; raises ManifestError for what stays unreadable.

    Lines that cannot be read and have a mark are left out.
    """
    text = data.decode("utf-8-sig", "replace")
    values = [
        match.span() for match in _MARK.finditer(text) if not _STATEMENT.match(match[0])
    ]
    plain = _MARK.sub(_neutral, text)
    if path.lower().endswith((b".json", b".jsonc")):
        plain = _TRAILING_COMMA.sub(" ", plain)
    entries = _readable(reader, path, plain, text)
    offsets = _line_offsets(text)
    return tuple(
        dependency
        for entry in entries
        if (dependency := _literal(entry, offsets, values)) is not None
    )


def _neutral(match: re.Match[str]) -> str:
    """Return blanks for a statement, digits for a value; lines and columns stay."""
    fill = " " if _STATEMENT.match(match[0]) else _DIGIT
    return re.sub(r"[^\n]", fill, match[0])


def _readable(
    reader: Reader, path: bytes, plain: str, text: str
) -> tuple[Dependency, ...]:
    """Read the file; a line with a mark that is wrong without it is left out."""
    lines, written = plain.split("\n"), text.split("\n")
    for attempt in range(_MOST_LINES + 1):
        try:
            return reader.read(path, "\n".join(lines).encode())
        except ManifestError as error:
            number = error.line - 1
            if attempt == _MOST_LINES:
                raise
            if not 0 <= number < len(lines) or not lines[number].strip():
                raise
            if _MARK.search(written[number]) is None:
                raise
            lines[number] = ""
    return ()


def _line_offsets(text: str) -> list[int]:
    offsets = [0]
    for line in text.split("\n"):
        offsets.append(offsets[-1] + len(line) + 1)
    return offsets


def _literal(
    entry: Dependency, offsets: list[int], values: list[tuple[int, int]]
) -> Dependency | None:
    """Return an entry without its computed version, None if its name is computed."""
    if entry.line >= len(offsets):
        return entry
    line_start, line_end = offsets[entry.line - 1], offsets[entry.line]
    start, end = line_start + entry.column - 1, line_start + entry.end_column - 1
    if any(first < end and start < last for first, last in values):
        return None
    on_line = any(first < line_end and line_start < last for first, last in values)
    if on_line and entry.source.kind in {"registry", "self"}:
        return replace(entry, constraint="")
    return entry
