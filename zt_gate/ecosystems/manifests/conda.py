"""environment.yml: the packages that conda passes to pip.

No registry is configured for conda's own packages.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import requirements
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, parse_manifest
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the pip lists below dependencies (also in conda-lock's and devenv's files)."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        section = document.root.get("dependencies")
        items = section.items if section is not None else None
        for item in items or ():
            dependencies += _pip_entries(document.text, item)
    return tuple(dependencies)


def _pip_entries(text: Text, item: Node) -> Iterator[Dependency]:
    pip = item.get("pip")
    for node in pip.listed() if pip is not None else ():
        line, column, end = text.place(node.start, node.end)
        if not node.is_scalar:
            raise ManifestError(line, "a pip entry is not a string")
        quote_width = 1 if node.style in {"'", '"'} else 0
        start = column + quote_width
        for dependency in requirements.line_entries(node.value, line):
            name = dependency.name
            stop = end
            if name and node.value.startswith(name):
                stop = start + len(name)
            yield dataclasses.replace(
                dependency,
                line=line,
                column=start,
                end_column=max(start, stop),
                section="pip",
            )
