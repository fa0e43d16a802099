"""requirements and constraints files, read as pip reads them.

After pip's ``req_file.py``: the whole file is decoded by its byte-order mark,
split where ``str.splitlines`` splits (so a form feed in a comment begins a new
line), continuations are joined before comments are cut, and the part from the
first word that begins with a dash holds options.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 4 * 1024 * 1024

# UTF-32 before UTF-16: their little-endian marks begin alike.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# pip honours a declared encoding in the first two lines; one in which other
# bytes mean the letters would show us another file than it installs.
_DECLARED = re.compile(rb"coding[:=]\s*([-\w.]+)")
_PLAIN = frozenset(
    ("utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15",
     "cp1252", "windows-1252")
)  # fmt: skip
_COMMENT = re.compile(r"(?:^|\s)#.*\Z", re.DOTALL)
_LINE = re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*")

# Long options that take a value, and that do not.  Unique prefixes count, as
# in pip's own parser.
_WITH_VALUE = (
    "--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--requirement",
    "--constraint", "--editable", "--trusted-host", "--no-binary", "--only-binary",
    "--use-feature", "--hash", "--global-option", "--config-settings", "--config-setting",
    "--install-option", "--only-final", "--all-releases",
)  # fmt: skip
_FLAGS = (
    "--no-index",
    "--pre",
    "--prefer-binary",
    "--require-hashes",
    "--no-build-isolation",
)
_SHORT = {
    "-i": "--index-url",
    "-f": "--find-links",
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-C": "--config-settings",
}
_INDEXES = frozenset(
    ("--index-url", "--pypi-url", "--extra-index-url", "--find-links", "--trusted-host")
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the file; see the module for what it follows."""
    if len(data) > _LIMIT:
        raise ManifestError(0, "requirements file is larger than the limit of 4 MB")
    text = Text.of(_decoded(data))
    constraints = b"constraint" in path.rpartition(b"/")[2].lower()
    section = "constraints" if constraints else "requirements"
    found: list[Dependency] = []
    for logical in _logical_lines(text.content):
        found += _entries(text, logical, section)
    return tuple(found)


def line_entries(words: str, line: int) -> list[Dependency]:
    """Read one line of requirements that stands in another file, at ``line`` of it.

    The places of what is returned are those in ``words``.  Raises ManifestError.
    """
    text = Text.of(words)
    try:
        return [
            one
            for logical in _logical_lines(words)
            for one in _entries(text, logical, "requirements")
        ]
    except ManifestError as error:
        raise ManifestError(line, error.reason) from error


@dataclass(frozen=True, slots=True)
class _Logical:
    """A logical line without its comment, with the offset of its first character."""

    words: str
    offset: int


def _decoded(data: bytes) -> str:
    marked = next(
        ((mark, codec) for mark, codec in _MARKS if data.startswith(mark)), None
    )
    if marked is None:
        _check_declaration(data)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return _legacy(data)
    mark, codec = marked
    try:
        return data[len(mark) :].decode(codec)
    except UnicodeDecodeError as error:
        raise ManifestError(
            0, f"byte-order mark says {codec.upper()}, but the content does not decode"
        ) from error


def _check_declaration(data: bytes) -> None:
    for line in data.split(b"\n", 2)[:2]:
        declared = _DECLARED.search(line) if line[:1] == b"#" else None
        name = declared[1].decode("latin-1") if declared else "utf-8"
        if name.lower().replace("_", "-") not in _PLAIN:
            raise ManifestError(1, f"unsupported declared encoding {quoted(name)}")


def _legacy(data: bytes) -> str:
    """Decode bytes that are no UTF-8: pip falls back to the locale, which keeps ASCII."""
    if b"\x00" in data:
        raise ManifestError(
            0, "contains NUL bytes, so pip's reading depends on the locale"
        )
    return data.decode("latin-1")


def _physical(content: str) -> Iterator[tuple[str, int]]:
    """Yield what ``str.splitlines`` gives, with offsets."""
    offset = 0
    for raw in content.splitlines(keepends=True):
        match = _LINE.match(raw)
        yield (match[0] if match else raw), offset
        offset += len(raw)


def _logical_lines(content: str) -> Iterator[_Logical]:
    parts: list[str] = []
    start = 0
    for line, offset in _physical(content):
        if not parts:
            start = offset
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        # A comment ends a continuation; the space keeps it a comment.
        parts.append(f" {line}" if comment and parts else line)
        yield from _cut("".join(parts), start)
        parts = []
    yield from _cut("".join(parts), start)


def _cut(line: str, start: int) -> Iterator[_Logical]:
    words = _COMMENT.sub("", line)
    stripped = words.strip()
    if stripped:
        yield _Logical(stripped, start + len(words) - len(words.lstrip()))


def _entries(text: Text, logical: _Logical, section: str) -> Iterator[Dependency]:
    line = text.place(logical.offset, logical.offset)[0]
    requirement, options = _split(logical.words, line)
    if requirement:
        yield _requirement(text, logical, requirement, section)
    for option, value in options:
        # Continuations make the text longer than the words; beyond, the line's start will do.
        end = logical.offset + 2 * len(logical.words) + 100
        where = text.content.find(value, logical.offset, end) if value else -1
        start = logical.offset if where < 0 else where
        place = text.place(start, start + max(1, len(value)))
        if option == "--editable":
            name, key, constraint, source = _editable(value, line)
            yield Dependency("pypi", name, key, constraint, source, *place, section)
        elif option in {"--requirement", "--constraint"}:
            kind = Source("url" if "://" in value else "include", value)
            yield Dependency("pypi", "", "", "", kind, *place, option)
        elif option in _INDEXES:
            yield Dependency("pypi", "", "", "", _index(option, value), *place, option)


def _editable(value: str, line: int) -> tuple[str, str, str, Source]:
    """Read what follows ``-e``: an address, or a path even where it looks like a name."""
    if ":" in value:
        return pep508.parse(value, line)
    return "", "", "", Source("path", value.partition("[")[0])


def _index(option: str, value: str) -> Source:
    if option == "--find-links" and "://" not in value:
        return Source("path", value)
    return Source("index", value)


def _requirement(
    text: Text, logical: _Logical, requirement: str, section: str
) -> Dependency:
    line = text.place(logical.offset, logical.offset)[0]
    name, key, constraint, source = pep508.parse(requirement, line)
    start = logical.offset
    length = len(name) if requirement.startswith(name) and name else len(requirement)
    place = text.place(start, start + length)
    return Dependency("pypi", name, key, constraint, source, *place, section)


def _split(words: str, line: int) -> tuple[str, list[tuple[str, str]]]:
    """Split a logical line into its requirement and its options, as pip does."""
    pieces = words.split(" ")
    first = next(
        (n for n, piece in enumerate(pieces) if piece.startswith("-")), len(pieces)
    )
    requirement = " ".join(pieces[:first]).strip()
    rest = " ".join(pieces[first:])
    if not rest:
        return requirement, []
    import shlex

    try:
        return requirement, _options(shlex.split(rest), line)
    except ValueError as error:
        raise ManifestError(line, f"options cannot be parsed: {error}") from error


def _options(words: list[str], line: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            written, mark, value = word.partition("=")
            option = _long(written, line)
            if option not in _FLAGS and not mark:
                value = _following(rest, option, line)
        elif word[:2] in _SHORT:
            option = _SHORT[word[:2]]
            value = word[2:].lstrip("=") or _following(rest, option, line)
        elif word.startswith("-"):
            raise ManifestError(
                line, f"{quoted(word)} is not an option of requirements files"
            )
        else:
            continue
        found.append((option, value))
    return found


def _long(written: str, line: int) -> str:
    names = (*_WITH_VALUE, *_FLAGS)
    if written in names:
        return written
    near = [name for name in names if name.startswith(written)]
    if not near or written == "--":
        raise ManifestError(
            line, f"{quoted(written)} is not an option of requirements files"
        )
    return near[0]


def _following(rest: Iterator[str], option: str, line: int) -> str:
    value = next(rest, "")
    if not value:
        raise ManifestError(line, f"{option} has no value")
    return value
