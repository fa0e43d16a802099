"""Which syntax a kind of file has, and within which limits it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.syntax.document import Document, Limits, decode

if TYPE_CHECKING:
    from zt_gate.syntax.paths import Configuration
    from zt_gate.syntax.yaml import Version

#: No configuration that a person or an agent writes is larger.
LIMITS = Limits(size=1024 * 1024, depth=64, values=100_000)
_YAML_LIMITS = Limits(size=512 * 1024, depth=64, values=100_000)

#: Kinds of files that are read by PyYAML, where ``yes`` and ``on`` are truth values.
#: Every other program that is known here reads YAML 1.2.
_YAML_1_1 = frozenset(["aider"])


def read(kind: Configuration, data: bytes) -> Document:
    """Read ``data`` as the program of its kind does; raises SyntaxReadError, and nothing else.

    UTF-8 with or without its mark, or UTF-16 with one: what editors read.
    """
    if kind.reader in {"json", "jsonc"}:
        from zt_gate.syntax import json

        return json.read(
            data, limits=LIMITS, relaxed=kind.reader == "jsonc", utf16=True
        )
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
