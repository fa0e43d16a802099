"""tox.ini: ``deps``, ``requires`` and the commands of the environments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifests import commands, pep508
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    Source,
    parse_manifest,
    unnamed_entry,
)
from zt_gate.record import replace
from zt_gate.syntax import ini

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Place, Text
    from zt_gate.syntax.ini import OptionLine

# Factors before a requirement, as in ``py311,lint: name``.
_FACTORS = lazy_re.compile(r"[A-Za-z0-9_{},!.\-]{1,200}:\s+")
_COMMANDS = frozenset(("commands", "commands_pre", "commands_post", "install_command"))
_INDEXES = ("--index-url", "--extra-index-url", "--find-links", "-i ", "-f ")


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:  # noqa: ARG001 - part of the reader signature
    """Read every environment."""
    document = parse_manifest(ini.read, data, dialect="configparser")
    return tuple(tox_entries(document.text, ini.option_lines(document)))


def legacy_entries(table: object, place: Place) -> Iterator[Dependency]:
    """Yield what the text of a tox.ini in pyproject.toml installs, at one place."""
    written = table.get("legacy_tox_ini") if isinstance(table, dict) else None
    if not isinstance(written, str):
        return
    line, column, end_column = place
    for entry in read(b"tox.ini", written.encode("utf-8", "replace")):
        yield replace(entry, line=line, column=column, end_column=end_column)


def tox_entries(text: Text, values: Sequence[OptionLine]) -> Iterator[Dependency]:
    """Yield what tox installs; also from the ``[tox:tox]`` sections of setup.cfg."""
    for value in values:
        base_section = value.section.partition(":")[0]
        if base_section not in {"tox", "testenv"}:
            continue
        if value.option in {"deps", "requires", "constraints"}:
            yield from _requirement(text, value)
        elif value.option in _COMMANDS:
            end = value.start + len(value.words)
            yield from commands.in_text(text, value.start, end)


def _requirement(text: Text, value: OptionLine) -> Iterator[Dependency]:
    factors = _FACTORS.match(value.words)
    factors_length = factors.end() if factors else 0
    start = value.start + factors_length
    words = re.split(r"\s#", value.words[factors_length:], maxsplit=1)[0].strip()
    if not words or words.startswith(("{", "#")):
        return
    place = text.place(start, start + len(words))
    if words.startswith("-"):
        yield from _option(words, place)
        return
    if "{" in words:
        return  # a substitution that only tox expands
    name, key, constraint, source = pep508.parse(words, place[0])
    place = text.place(start, start + len(name or words))
    yield Dependency("pypi", name, key, constraint, source, *place, value.option)


def _option(words: str, place: Place) -> Iterator[Dependency]:
    option, _, argument = words.replace("=", " ", 1).partition(" ")
    target = argument.strip() or words[2:].strip()
    if "{" in target or not target:
        return
    if words.startswith(_INDEXES):
        yield unnamed_entry("pypi", Source("index", target), place, option)
    elif words.startswith(("-r", "-c", "--requirement", "--constraint")):
        source = Source("url" if "://" in target else "include", target)
        yield unnamed_entry("pypi", source, place, "--requirement")
    elif words.startswith("-e") and ":" in target:
        try:
            name, key, constraint, source = pep508.parse(target, place[0])
        except ManifestError:
            return
        yield Dependency("pypi", name, key, constraint, source, *place, "deps")
