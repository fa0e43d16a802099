"""requirements and constraints files, read as pip reads them.

The reader follows pip's ``req_file.py``.  The byte-order mark decides the encoding.
``str.splitlines`` splits the lines, so a form feed in a comment starts a new line.
Continued lines are joined before comments are removed.  Options start at the first
word that begins with a dash.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    Text,
    normalise,
    quoted,
    unnamed_entry,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Place

_LIMIT = 4 * 1024 * 1024

# UTF-32 before UTF-16: the little-endian mark of UTF-32 starts with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# pip honours an encoding that is declared in the first two lines.  With an encoding
# that is not a superset of ASCII, this reader and pip would read different files.
_DECLARED = lazy_re.compile(rb"coding[:=]\s*([-\w.]+)")
_ASCII_COMPATIBLE = frozenset(
    ("utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "iso-8859-15",
     "cp1252", "windows-1252")
)  # fmt: skip
_COMMENT = lazy_re.compile(r"(?:^|\s)#.*\Z", re.DOTALL)
# The environment's variables as pip expands them, and a literal name before one.
_VARIABLE = lazy_re.compile(r"\$\{[A-Z0-9_]{1,100}\}")
_LITERAL_NAME = lazy_re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?)[ \t]{0,20}"
    r"(?:\[[^\]$]{0,500}\][ \t]{0,20})?(?=[=<>!~;@])(@?)"
)
_LINE = lazy_re.compile(r"[^\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*")

# Long options with and without a value.  Unique prefixes are accepted, as in pip's
# own parser.
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
    """Read the file; the module's documentation names the rules.

    A text below a folder called requirements may also be prose: it is not applicable.
    """
    try:
        return _read(path, data)
    except ManifestError as error:
        folders = path.lower().split(b"/")[:-1]
        if (
            b"requirements" not in folders[:-1]
            or b"requirement" in path.lower()[-30:].rpartition(b"/")[2]
        ):
            raise
        raise ManifestError(error.line, error.reason, "not_applicable") from error


def _read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    if len(data) > _LIMIT:
        raise ManifestError(0, "requirements file is larger than the limit of 4 MB")
    text = Text.of(_decoded(data))
    is_constraints = b"constraint" in path.rpartition(b"/")[2].lower()
    section = "constraints" if is_constraints else "requirements"
    dependencies: list[Dependency] = []
    for logical_line in _logical_lines(text.content):
        dependencies += _entries(text, logical_line, section)
    return tuple(dependencies)


def line_entries(words: str, line: int) -> list[Dependency]:
    """Read one requirement that another file contains at ``line``.

    The places of the returned entries are those in ``words``.  Raises ManifestError.
    """
    text = Text.of(words)
    dependencies: list[Dependency] = []
    try:
        for logical_line in _logical_lines(words):
            dependencies += _entries(text, logical_line, "requirements")
    except ManifestError as error:
        raise ManifestError(line, error.reason) from error
    return dependencies


@dataclass(frozen=True, slots=True)
class _LogicalLine:
    """A logical line without its comment, with the offset of its first character."""

    words: str
    offset: int


def _decoded(data: bytes) -> str:
    for mark, codec in _MARKS:
        if not data.startswith(mark):
            continue
        try:
            return data[len(mark) :].decode(codec)
        except UnicodeDecodeError as error:
            reason = (
                f"byte-order mark says {codec.upper()}, but the content does not decode"
            )
            raise ManifestError(0, reason) from error
    _check_declaration(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(data)


def _check_declaration(data: bytes) -> None:
    """Raise ManifestError if the file declares an encoding that does not keep ASCII."""
    for line in data.split(b"\n", 2)[:2]:
        declared = _DECLARED.search(line) if line[:1] == b"#" else None
        if declared is None:
            continue
        name = declared[1].decode("latin-1")
        if name.lower().replace("_", "-") not in _ASCII_COMPATIBLE:
            raise ManifestError(1, f"unsupported declared encoding {quoted(name)}")


def _legacy(data: bytes) -> str:
    """Decode bytes that are not UTF-8; pip uses the locale's encoding, which keeps ASCII."""
    if b"\x00" in data:
        raise ManifestError(
            0, "contains NUL bytes, so pip's reading depends on the locale"
        )
    return data.decode("latin-1")


def _physical_lines(content: str) -> Iterator[tuple[str, int]]:
    """Yield the lines of ``str.splitlines`` with their offsets."""
    offset = 0
    for raw_line in content.splitlines(keepends=True):
        match = _LINE.match(raw_line)
        yield (match[0] if match else raw_line), offset
        offset += len(raw_line)


def _logical_lines(content: str) -> Iterator[_LogicalLine]:
    parts: list[str] = []
    start = 0
    for line, offset in _physical_lines(content):
        if not parts:
            start = offset
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment:
            parts.append(line.strip("\\"))
            continue
        # A comment ends a continuation; the added space keeps it a comment.
        parts.append(f" {line}" if is_comment and parts else line)
        yield from _without_comment("".join(parts), start)
        parts = []
    yield from _without_comment("".join(parts), start)


def _without_comment(line: str, start: int) -> Iterator[_LogicalLine]:
    """Yield the line without its comment, nothing if it is empty then."""
    words = _COMMENT.sub("", line)
    stripped = words.strip()
    if stripped:
        indent = len(words) - len(words.lstrip())
        yield _LogicalLine(stripped, start + indent)


def _entries(
    text: Text, logical_line: _LogicalLine, section: str
) -> Iterator[Dependency]:
    line = text.line(logical_line.offset)
    requirement, options = _split(logical_line.words, line)
    if requirement:
        yield _requirement(text, logical_line, requirement, section)
    for option, value in options:
        place = _value_place(text, logical_line, value)
        if option == "--editable":
            name, key, constraint, source = _editable(value, line)
            yield Dependency("pypi", name, key, constraint, source, *place, section)
        elif option in {"--requirement", "--constraint"}:
            if _VARIABLE.search(value):
                yield _computed(value, place, option)
                continue
            source = Source("url" if "://" in value else "include", value)
            yield unnamed_entry("pypi", source, place, option)
        elif option in _INDEXES:
            yield unnamed_entry("pypi", _index(option, value), place, option)


def _value_place(text: Text, logical_line: _LogicalLine, value: str) -> Place:
    """Return the place of an option's value, the start of the line if it is not found."""
    start = logical_line.offset
    # Continuations make the text longer than the words.
    search_end = start + 2 * len(logical_line.words) + 100
    found = text.content.find(value, start, search_end) if value else -1
    if found >= 0:
        start = found
    return text.place(start, start + max(1, len(value)))


def _editable(value: str, line: int) -> tuple[str, str, str, Source]:
    """Read the value of ``-e``: a URL, or a path even if it looks like a name."""
    if ":" in value:
        return pep508.parse(value, line)
    return "", "", "", Source("path", value.partition("[")[0])


def _index(option: str, value: str) -> Source:
    if option == "--find-links" and "://" not in value:
        return Source("path", value)
    return Source("index", value)


def _requirement(
    text: Text, logical_line: _LogicalLine, requirement: str, section: str
) -> Dependency:
    start = logical_line.offset
    try:
        name, key, constraint, source = pep508.parse(requirement, text.line(start))
    except ManifestError:
        if not _VARIABLE.search(requirement):
            raise
        return _with_variable(text, start, requirement, section)
    starts_with_name = bool(name) and requirement.startswith(name)
    length = len(name) if starts_with_name else len(requirement)
    place = text.place(start, start + length)
    return Dependency("pypi", name, key, constraint, source, *place, section)


def _with_variable(
    text: Text, start: int, requirement: str, section: str
) -> Dependency:
    """Return a requirement of which pip computes a part from the environment."""
    literal = _LITERAL_NAME.match(requirement)
    if literal is None:
        place = text.place(start, start + len(requirement))
        return _computed(requirement, place, section)
    name, is_address = literal[1], bool(literal[2])
    place = text.place(start, start + len(name))
    address = requirement[literal.end() :].strip()
    source = Source("url", address) if is_address else Source()
    key = normalise("pypi", name)
    return Dependency("pypi", name, key, "", source, *place, section)


def _computed(words: str, place: Place, section: str) -> Dependency:
    target = f"{quoted(words)} (line {place[0]}) depends on the environment"
    return unnamed_entry("pypi", Source("computed", target), place, section)


def _split(words: str, line: int) -> tuple[str, list[tuple[str, str]]]:
    """Split a logical line into its requirement and its options, as pip does."""
    parts = words.split(" ")
    first_option = next(
        (number for number, part in enumerate(parts) if part.startswith("-")),
        len(parts),
    )
    requirement = " ".join(parts[:first_option]).strip()
    options = " ".join(parts[first_option:])
    if not options:
        return requirement, []
    import shlex

    try:
        return requirement, _options(shlex.split(options), line)
    except ValueError as error:
        raise ManifestError(line, f"options cannot be parsed: {error}") from error


def _options(words: list[str], line: int) -> list[tuple[str, str]]:
    """Return the long names of the options with their values, "" for a flag."""
    options: list[tuple[str, str]] = []
    remaining = iter(words)
    for word in remaining:
        if word.startswith("--"):
            written, equals, value = word.partition("=")
            option = _long_option(written, line)
            if option not in _FLAGS and not equals:
                value = _next_value(remaining, option, line)
        elif word[:2] in _SHORT:
            option = _SHORT[word[:2]]
            value = word[2:].lstrip("=") or _next_value(remaining, option, line)
        elif word.startswith("-"):
            raise _unknown_option(word, line)
        else:
            continue
        options.append((option, value))
    return options


def _long_option(written: str, line: int) -> str:
    """Return the option of a name or of a prefix of it."""
    names = (*_WITH_VALUE, *_FLAGS)
    if written in names:
        return written
    for name in names:
        if name.startswith(written) and written != "--":
            return name
    raise _unknown_option(written, line)


def _unknown_option(written: str, line: int) -> ManifestError:
    reason = f"{quoted(written)} is not an option of requirements files"
    return ManifestError(line, reason)


def _next_value(words: Iterator[str], option: str, line: int) -> str:
    value = next(words, "")
    if not value:
        raise ManifestError(line, f"{option} has no value")
    return value
