"""What the repository already has: names that it declares, calls its own, or holds as modules.

From the files of the trusted side and the new side of what changes; listed and
read only when something was added that needs it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import declaring_formats, format_of
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import ManifestError, Source
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.scanners.dependencies.manifest_difference import Manifest

_MOST_FILES = 200
_WORKSPACES = Source("self", "workspaces")


@dataclass(frozen=True)
class RepositoryNames:
    """The repository around a change; ``paths`` may return None: then nobody knows its files."""

    manifests: Sequence[Manifest]
    changed: frozenset[bytes]
    trusted: Callable[[bytes], bytes | None]
    listing: Callable[[], Sequence[bytes] | None] = field(default=lambda: None)
    _workspaces: dict[str, bool] = field(default_factory=dict, init=False)
    _families: dict[str, frozenset[str]] = field(default_factory=dict, init=False)
    _modules: dict[str, frozenset[str]] = field(default_factory=dict, init=False)

    @cached_property
    def paths(self) -> frozenset[bytes] | None:
        """All paths of the trusted side and of the change, None where they are not known."""
        listed = self.listing()
        return None if listed is None else frozenset(listed) | self.changed

    @cached_property
    def entries(self) -> tuple[Dependency, ...]:
        """Everything that a manifest of the repository names, as it is after the change."""
        return (*self._changed_entries(), *self._trusted_entries())

    def declared(self, ecosystem: str) -> frozenset[str]:
        """Return the keys that the manifests of an ecosystem name."""
        return self._declared.get(ecosystem, frozenset())

    def own(self, ecosystem: str) -> frozenset[str]:
        """Return the names that the repository's projects have themselves."""
        return self._own.get(ecosystem, frozenset())

    def families(self, ecosystem: str) -> frozenset[str]:
        """Return what declared packages have before a hyphen: names that several may share."""
        if ecosystem not in self._families:
            self._families[ecosystem] = self._find_families(ecosystem)
        return self._families[ecosystem]

    def _find_families(self, ecosystem: str) -> frozenset[str]:
        keys = self.declared(ecosystem)
        return frozenset(
            key[:at] for key in keys for at, sign in enumerate(key) if sign == "-"
        )

    @cached_property
    def own_by_file(self) -> frozenset[tuple[bytes, str, str]]:
        """What the changed manifests call themselves: path, ecosystem and key."""
        return frozenset(
            (manifest.file.path, one.ecosystem, one.key)
            for manifest in self.manifests
            for one in manifest.new
            if one.key and one.source.kind == "self"
        )

    def has_workspaces(self, ecosystem: str) -> bool:
        """Say whether packages of an ecosystem here may be each other's dependencies."""
        if ecosystem not in self._workspaces:
            self._workspaces[ecosystem] = self._finds_workspaces(ecosystem)
        return self._workspaces[ecosystem]

    def _finds_workspaces(self, ecosystem: str) -> bool:
        entries = self._changed_entries()
        if any(
            (one.ecosystem, one.source) == (ecosystem, _WORKSPACES) for one in entries
        ):
            return True
        files = ecosystem_named(ecosystem).workspace_files
        enough = tuple(name for name, mark in files.items() if not mark)
        if enough and any(path.endswith(enough) for path in self.changed):
            return True
        for path, mark in files.items():
            data = None if path in self.changed else self.trusted(path)
            if data is not None and mark in data:
                return True
        return False

    def modules(self, ecosystem: str) -> frozenset[str]:
        """Return the names of all modules of an ecosystem's language, and of all folders."""
        if ecosystem not in self._modules:
            suffixes = ecosystem_named(ecosystem).module_suffixes
            self._modules[ecosystem] = frozenset(_stems(self.paths or (), suffixes))
        return self._modules[ecosystem]

    @cached_property
    def _declared(self) -> dict[str, frozenset[str]]:
        return _keys(
            one
            for one in self.entries
            if one.source.kind != "self" and not one.section.startswith("command")
        )

    @cached_property
    def _own(self) -> dict[str, frozenset[str]]:
        return _keys(one for one in self.entries if one.source.kind == "self")

    def _changed_entries(self) -> Iterator[Dependency]:
        for manifest in self.manifests:
            if manifest.reader.name in declaring_formats():
                yield from manifest.new

    def _trusted_entries(self) -> Iterator[Dependency]:
        wanted = sorted(
            (
                path
                for path in (self.paths or frozenset()) - self.changed
                if format_of(path) in declaring_formats()
            ),
            key=lambda path: (path.count(b"/"), path),
        )
        for path in wanted[:_MOST_FILES]:
            name = format_of(path)
            try:
                data = self.trusted(path)
                if data is not None and name is not None:
                    yield from reader_named(name).read(path, data)
            except (ManifestError, GateError):
                continue  # what cannot be read declares nothing: more is asked about


def _keys(entries: Iterable[Dependency]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for one in entries:
        if one.key:
            found.setdefault(one.ecosystem, set()).add(one.key)
    return {ecosystem: frozenset(keys) for ecosystem, keys in found.items()}


def _stems(
    paths: frozenset[bytes] | tuple[bytes, ...], suffixes: tuple[bytes, ...]
) -> Iterator[str]:
    folders: set[bytes] = set()
    for path in paths:
        folder, _, name = path.rpartition(b"/")
        folders.add(folder)
        if name.endswith(suffixes):
            yield name.partition(b".")[0].decode("utf-8", "replace")
    for folder in folders:
        for part in folder.split(b"/"):
            yield part.decode("utf-8", "replace")
