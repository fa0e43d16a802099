"""A structured file as one value, with the line of each key.

Readers follow what the file's own program accepts, with limits: whatever is
beyond them is refused, as a file that cannot be read.  Keys that nobody knows
are kept like any other.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.agent_config.config_files import Reader

#: Where a value stands: keys of tables, numbers of elements of lists.
Path = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
#: Values that a walk may meet; YAML's aliases can make few bytes many values.
MAX_VALUES = 100_000


class UnreadableError(Exception):
    """The text is not what the file's reader accepts; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Document:
    """The parsed value, the 1-based line of each path, and the text itself."""

    root: Any
    lines: dict[Path, int] = field(default_factory=dict)
    text: str = ""

    def line(self, path: Path) -> int:
        """Return the line of ``path`` or of the nearest key around it; 1 if there is none."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return 1

    def items(self) -> Iterator[tuple[Path, Any]]:
        """Yield every path and value, tables and lists too, outermost first.

        Raises UnreadableError where there are more than MAX_VALUES.
        """
        waiting: list[tuple[Path, Any]] = [((), self.root)]
        count = 0
        while waiting:
            path, value = waiting.pop()
            count += 1
            if count > MAX_VALUES or len(path) > 2 * MAX_DEPTH:
                raise UnreadableError(f"more than {MAX_VALUES:,} values, or nested too deeply")
            yield path, value
            inner: list[tuple[Path, Any]] = []
            if isinstance(value, dict):
                inner = [((*path, key), item) for key, item in value.items()]
            elif isinstance(value, list):
                inner = [((*path, number), item) for number, item in enumerate(value)]
            waiting += reversed(inner)


def decode(data: bytes) -> str:
    """Return the text of a configuration file; raises UnreadableError.

    UTF-8 with or without its mark, or UTF-16 with one: what editors read.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableError("larger than 1 MB, which no such file is")
    codec = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        raise UnreadableError("the text does not decode as UTF-8") from error


def read(reader: Reader, data: bytes) -> Document:
    """Parse ``data``; raises UnreadableError, and nothing else, whatever it holds."""
    text = decode(data)
    if reader in {"json", "jsonc"}:
        from zt_gate.scanners.agent_config import json_text

        return json_text.read(text, relaxed=reader == "jsonc")
    if reader == "toml":
        from zt_gate.scanners.agent_config import toml_text

        return toml_text.read(text)
    if reader == "yaml":
        from zt_gate.scanners.agent_config import yaml_text

        return yaml_text.read(text)
    from zt_gate.scanners.agent_config import line_text

    if reader == "ini":
        return line_text.read_ini(text)
    if reader == "attributes":
        return line_text.read_attributes(text)
    if reader == "front":
        return line_text.read_front_matter(text)
    return Document({}, {}, text)
