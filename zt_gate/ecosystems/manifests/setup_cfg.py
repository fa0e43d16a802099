"""setup.cfg: the requirements in setuptools' ``[options]``, and tox's sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests import pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    Source,
    own_name,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.ecosystems.manifests.tox_ini import tox_entries
from zt_gate.syntax import ini

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.ecosystems.manifests.base import Text
    from zt_gate.syntax.ini import OptionLine

_LISTS = frozenset(
    ("install_requires", "setup_requires", "tests_require", "requires-dist")
)


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read the lists of requirements."""
    document = parse_manifest(ini.read, data, dialect="configparser")
    text, values = document.text, ini.option_lines(document)
    dependencies: list[Dependency] = []
    for value in values:
        dependencies += _entries(text, value)
    dependencies += tox_entries(text, values)
    return tuple(dependencies)


def _entries(text: Text, value: OptionLine) -> Iterator[Dependency]:
    option = value.option.replace("-", "_")
    place = text.place(value.start, value.start + len(value.words))
    if value.section == "metadata" and option == "name":
        yield own_name("pypi", value.words, place, "name")
        return
    is_list = value.section in {"options", "metadata"} and option in _LISTS
    if not is_list and value.section != "options.extras_require":
        return
    if value.words.startswith("file:"):
        for name in value.words[5:].split(","):
            source = Source("include", name.strip())
            yield unnamed_entry("pypi", source, place, option)
        return
    words = pep508.without_comment(value.words)
    if not words:
        return
    name, key, constraint, source = pep508.parse(words, place[0])
    if name:
        place = text.place(value.start, value.start + len(name))
    yield Dependency("pypi", name, key, constraint, source, *place, option)
