"""Reads a configuration file with the syntax of its kind, within limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.syntax.document import Document, Limits, decode

if TYPE_CHECKING:
    from zt_gate.syntax.paths import Configuration
    from zt_gate.syntax.yaml import Version

#: A person or an agent does not write a larger configuration.
LIMITS = Limits(size=1024 * 1024, depth=64, values=100_000)
_YAML_LIMITS = Limits(size=512 * 1024, depth=64, values=100_000)

#: Kinds of files that PyYAML reads, where ``yes`` and ``on`` are truth values.
#: The programs of the other kinds read YAML 1.2.
_YAML_1_1 = frozenset(["aider"])


def read(kind: Configuration, data: bytes) -> Document:
    """Parse ``data`` as the program of its kind does.

    Accepts UTF-8 with or without a byte-order mark, and UTF-16 with one, as editors
    do.  Raises SyntaxReadError, and nothing else.
    """
    if kind.reader in {"json", "jsonc"}:
        from zt_gate.syntax import json

        relaxed = kind.reader == "jsonc"
        return json.read(data, limits=LIMITS, relaxed=relaxed, utf16=True)
    if kind.reader == "toml":
        from zt_gate.syntax import toml

        return toml.read(data, limits=LIMITS, utf16=True)
    if kind.reader == "yaml":
        from zt_gate.syntax import yaml

        version: Version = "1.1" if kind.name in _YAML_1_1 else "1.2"
        return yaml.read(
            data, limits=_YAML_LIMITS, version=version, clear_merges=True, utf16=True
        )
    if kind.reader == "ini":
        from zt_gate.syntax import ini

        return ini.read(data, limits=LIMITS, dialect="lenient", utf16=True)
    if kind.reader == "attributes":
        from zt_gate.syntax import git_attributes

        return git_attributes.read(data, limits=LIMITS, utf16=True)
    if kind.reader == "front":
        from zt_gate.syntax import front_matter

        return front_matter.read(data, limits=LIMITS, utf16=True)
    return Document(decode(data, LIMITS, utf16=True), value={})
