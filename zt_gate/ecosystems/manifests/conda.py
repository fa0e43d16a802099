"""environment.yml: conda's packages, their channels, and the packages for pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import references, requirements
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, parse_manifest
from zt_gate.record import replace
from zt_gate.syntax import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.document import Node

_LIMIT = 1024 * 1024
_SPEC = lazy_re.compile(
    r"(?:[\w./:-]{1,200}::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]{0,200})(?P<version>[^\n]{0,200})\Z"
)
# Interpreters and installers, which are no packages of somebody else.
_PROGRAMS = frozenset(("python", "pip", "conda", "r-base", "nodejs"))


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read what is below dependencies (also in conda-lock's and devenv's files)."""
    dependencies: list[Dependency] = []
    for document in parse_manifest(yaml.read_all, data, _LIMIT):
        section = document.root.get("dependencies")
        items = section.items if section is not None else None
        for item in items or ():
            dependencies += _pip_entries(document.text, item)
            dependencies += _conda_entries(document.text, item)
    return tuple(dependencies)


def _conda_entries(text: Text, item: Node) -> Iterator[Dependency]:
    """Yield a package of conda: ``CHANNEL::NAME=VERSION=BUILD`` or ``NAME>=VERSION``."""
    match = _SPEC.match(item.value) if item.is_scalar else None
    if match is None or match["name"] in _PROGRAMS:
        return
    quote_width = 1 if item.style in {"'", '"'} else 0
    start = item.start + quote_width + match.start("name")
    place = text.place(start, start + len(match["name"]))
    yield references.reference(
        "conda", match["name"], place, "dependencies", match["version"].strip()
    )


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
            yield replace(
                dependency,
                line=line,
                column=start,
                end_column=max(start, stop),
                section="pip",
            )
