"""environment.yml: what conda hands to pip.  Conda's own packages have no registry here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import requirements
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, parse_manifest
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - every reader's form
    """Read the lists called pip below dependencies (also conda-lock's and devenv's forms)."""
    found: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        listed = document.root.get("dependencies")
        for item in listed.items or () if listed is not None else ():
            found += _pip(document.text, item)
    return tuple(found)


def _pip(text: Text, item: Node) -> Iterator[Dependency]:
    pip = item.get("pip")
    for one in pip.listed() if pip is not None else ():
        line, column, end = text.place(one.start, one.end)
        if not one.is_scalar:
            raise ManifestError(line, "a pip entry is not a string")
        shift = 1 if one.style in {"'", '"'} else 0
        for found in requirements.line_entries(one.value, line):
            width = (
                len(found.name)
                if found.name and one.value.startswith(found.name)
                else 0
            )
            start = column + shift
            stop = start + width if width else end
            yield _moved(found, line, start, max(start, stop))


def _moved(found: Dependency, line: int, column: int, end: int) -> Dependency:
    import dataclasses

    return dataclasses.replace(
        found, line=line, column=column, end_column=end, section="pip"
    )
