"""What a manifest requests, in the words that its lock file repeats."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.ecosystems.manifests.npm_spec import parse_spec, selected_package
from zt_gate.ecosystems.manifests.package_json import declared
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PLAIN = lazy_re.compile(r"(?:[\^~<>=*\d]|latest\Z)")
#: Sections of pyproject.toml that uv repeats in its lock file.
_UV_SECTIONS = ("project.dependencies", "project.optional-dependencies", "dependency-groups",
                "tool.uv.dev-dependencies")  # fmt: skip
#: Words in the name of a section whose entries replace or limit other requirements.
_REPLACING = ("override", "resolution", "constraint", "extension", "patch", "replace")


@dataclass(frozen=True, slots=True)
class DirectRequest:
    """A direct dependency of a manifest.

    ``name`` and ``specifier`` are as the lock file may repeat them, ``key`` and
    ``constraint`` those of the package that is installed.  ``is_locked``: every installer
    locks the section.  ``is_repeated``: the lock file repeats the specifier.
    ``is_replacing``: the section replaces or limits other requirements.
    """

    ecosystem: str
    name: str
    specifier: str
    key: str
    constraint: str
    is_from_registry: bool = False
    is_locked: bool = True
    is_repeated: bool = False
    is_replacing: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the specifier is a range of the registry's versions."""
        return _PLAIN.match(self.specifier.strip()) is not None

    def is_same(self, locked: str) -> bool:
        """Return whether the lock file has the same specifier."""
        if self.ecosystem == "npm":
            return self.specifier.strip() == locked.strip()
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            return SpecifierSet(self.specifier) == SpecifierSet(locked)
        except InvalidSpecifier:
            return True

    def is_other_package(self, locked: Iterable[str]) -> bool:
        """Return whether every specifier in the lock file is that of another package."""
        return self.ecosystem == "npm" and all(
            specifier.startswith("npm:")
            and parse_spec(self.name, specifier)[0] != self.key
            for specifier in locked
        )


def requests_of(path: bytes, data: bytes) -> Iterator[DirectRequest]:
    """Yield the direct dependencies of a manifest, [] if it cannot be read."""
    name = path.rpartition(b"/")[2].lower()
    if name == b"package.json":
        yield from _of_package_json(data)
        return
    reader = reader_for(path)
    if reader is None:
        return
    try:
        entries = reader.read(path, data)
    except ManifestError:
        return  # reported where the change touches it
    for entry in entries:
        if not entry.key:
            continue
        ecosystem = ecosystem_named(entry.ecosystem)
        section = entry.section
        yield DirectRequest(
            entry.ecosystem,
            entry.key,
            entry.constraint,
            entry.key,
            entry.constraint,
            is_from_registry=entry.source.kind == "registry",
            is_locked=section.startswith(ecosystem.locked_sections),
            is_repeated=section.startswith(_UV_SECTIONS),
            is_replacing=any(word in section.lower() for word in _REPLACING),
        )


def _of_package_json(data: bytes) -> Iterator[DirectRequest]:
    """Yield the requirements of a package.json; a workspace may have hundreds of them."""
    try:
        project = json.loads(data)
    except (ValueError, RecursionError):
        return
    sections = ecosystem_named("npm").locked_sections
    for section, name, specifier in declared(project):
        key, constraint, source = parse_spec(name, specifier)
        is_locked = section in sections
        yield DirectRequest(
            "npm",
            name,
            specifier,
            key,
            constraint,
            is_from_registry=source.kind == "registry",
            is_locked=is_locked,
            is_repeated=is_locked,
        )
    for name in _replaced_names(project):
        yield DirectRequest(
            "npm", name, "", name, "", is_locked=False, is_replacing=True
        )


def _replaced_names(project: Any) -> Iterator[str]:
    """Yield the names in overrides and resolutions, and in the tables below them."""
    settings = project if isinstance(project, dict) else {}
    pnpm = settings.get("pnpm")
    waiting = [
        settings.get("overrides"),
        settings.get("resolutions"),
        pnpm.get("overrides") if isinstance(pnpm, dict) else None,
    ]
    while waiting:
        table = waiting.pop()
        for selector, value in table.items() if isinstance(table, dict) else ():
            yield selected_package(selector)
            waiting.append(value)
