"""setup.cfg: what setuptools takes from ``[options]``, and tox's sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    normalise,
    parse_manifest,
)
from zt_gate.ecosystems.manifests.tox_ini import tox_entries
from zt_gate.syntax import ini

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.ini import Value

_LISTS = frozenset(
    ("install_requires", "setup_requires", "tests_require", "requires-dist")
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the lists of requirements."""
    document = parse_manifest(ini.read, data, dialect="configparser")
    text, values = document.text, ini.values(document)
    found: list[Dependency] = []
    for value in values:
        found += _entries(text, value)
    return (*found, *tox_entries(text, values))


def _entries(text: Text, value: Value) -> Iterator[Dependency]:
    option = value.option.replace("-", "_")
    if value.section == "metadata" and option == "name":
        place = text.place(value.start, value.start + len(value.words))
        key = normalise("pypi", value.words)
        yield Dependency("pypi", value.words, key, "", Source("self"), *place, "name")
        return
    listed = value.section in {"options", "metadata"} and option in _LISTS
    if not listed and value.section != "options.extras_require":
        return
    if value.words.startswith("file:"):
        for name in value.words[5:].split(","):
            place = text.place(value.start, value.start + len(value.words))
            yield Dependency(
                "pypi", "", "", "", Source("include", name.strip()), *place, option
            )
        return
    line = text.place(value.start, value.start)[0]
    name, key, constraint, source = pep508.parse(value.words, line)
    place = text.place(value.start, value.start + len(name or value.words))
    yield Dependency("pypi", name, key, constraint, source, *place, option)
