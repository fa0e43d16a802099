"""INI files as ``configparser`` reads them, with the place of every line of a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import ManifestError, Text, decoded

if TYPE_CHECKING:
    from collections.abc import Iterator

_LIMIT = 1024 * 1024
_HEADER = re.compile(r"\[([^\]\n]{1,500})\]")
_OPTION = re.compile(r"([^=:\s][^=:\n]{0,500}?)[ \t]*[=:][ \t]*")


@dataclass(frozen=True, slots=True)
class Value:
    """One line of an option's value; ``start`` is the offset of its first character."""

    section: str
    option: str
    words: str
    start: int


def values(data: bytes, what: str) -> tuple[Text, list[Value]]:
    """Return every line of every value; raises ManifestError where configparser would."""
    text = Text.of(decoded(data, _LIMIT, what))
    return text, list(_values(text))


def _values(text: Text) -> Iterator[Value]:
    section = option = ""
    offset = 0
    for number, line in enumerate(text.content.split("\n"), 1):
        start, offset = offset, offset + len(line) + 1
        stripped = line.strip()
        if not stripped or stripped[0] in "#;":
            continue
        indent = len(line) - len(line.lstrip())
        if indent and option:
            yield Value(section, option, stripped, start + indent)
            continue
        header = _HEADER.match(stripped)
        if header is not None:
            section, option = header[1].strip(), ""
            continue
        match = _OPTION.match(line, indent)
        if match is None or not section:
            raise ManifestError(number, "is no line of an INI file")
        option = match[1].strip().lower()
        if line[match.end() :].strip():
            yield Value(section, option, line[match.end() :].strip(), start + match.end())
