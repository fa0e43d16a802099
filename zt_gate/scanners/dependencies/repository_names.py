"""The names that a repository has already: declared packages, its own packages, its modules.

They come from the trusted side and from the new side of changed files, which are
listed and read only if an addition depends on them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifest_formats import declaring_formats, format_of
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import ManifestError
from zt_gate.errors import GateError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.scanners.dependencies.manifest_difference import Manifest

_MOST_FILES = 200


@dataclass(frozen=True)
class RepositoryNames:
    """The names in the repository around a change.

    ``trusted`` reads a file of the trusted side, ``listing`` returns that side's
    paths, None if they are not known.
    """

    manifests: Sequence[Manifest]
    changed: frozenset[bytes]
    trusted: Callable[[bytes], bytes | None]
    listing: Callable[[], Sequence[bytes] | None] = field(default=lambda: None)
    _families: dict[str, frozenset[str]] = field(default_factory=dict, init=False)
    _modules: dict[str, frozenset[str]] = field(default_factory=dict, init=False)
    _with_manifest: dict[str, bool] = field(default_factory=dict, init=False)

    @cached_property
    def paths(self) -> frozenset[bytes] | None:
        """All paths of the trusted side and of the change, None if they are not known."""
        trusted_paths = self.listing()
        if trusted_paths is None:
            return None
        return frozenset(trusted_paths) | self.changed

    @cached_property
    def entries(self) -> tuple[Dependency, ...]:
        """All entries of the repository's manifests after the change."""
        return (*self._changed_entries(), *self._unchanged_entries)

    def declared(self, ecosystem: str) -> frozenset[str]:
        """Return the keys of the packages that manifests of an ecosystem declare."""
        return self._declared.get(ecosystem, frozenset())

    def has_manifest(self, ecosystem: str) -> bool:
        """Return whether a file of the repository declares packages of an ecosystem.

        The packages may be computed, so that the file declares none that can be read.
        """
        if ecosystem not in self._with_manifest:
            names = {
                item.name
                for item in ecosystem_named(ecosystem).formats
                if item.role not in {"text", "settings"}
            }
            self._with_manifest[ecosystem] = any(
                format_of(path) in names for path in self.paths or ()
            )
        return self._with_manifest[ecosystem]

    def own(self, ecosystem: str) -> frozenset[str]:
        """Return the keys of the repository's own packages."""
        return self._own.get(ecosystem, frozenset())

    def own_before(self, ecosystem: str) -> frozenset[str]:
        """Return the keys of the repository's own packages before the change."""
        return self._own_before.get(ecosystem, frozenset())

    def families(self, ecosystem: str) -> frozenset[str]:
        """Return the parts before each hyphen of declared names, which packages may share."""
        if ecosystem not in self._families:
            self._families[ecosystem] = frozenset(
                key[:at]
                for key in self.declared(ecosystem)
                for at, character in enumerate(key)
                if character == "-"
            )
        return self._families[ecosystem]

    @cached_property
    def own_by_file(self) -> frozenset[tuple[bytes, str, str]]:
        """The packages that the changed manifests define: path, ecosystem and key."""
        return frozenset(
            (manifest.file.path, entry.ecosystem, entry.key)
            for manifest in self.manifests
            for entry in manifest.new
            if entry.key and entry.source.kind == "self"
        )

    def modules(self, ecosystem: str) -> frozenset[str]:
        """Return the names of all modules in an ecosystem's language, and of all folders."""
        if ecosystem not in self._modules:
            suffixes = ecosystem_named(ecosystem).module_suffixes
            names = _module_names(self.paths or (), suffixes)
            self._modules[ecosystem] = frozenset(names)
        return self._modules[ecosystem]

    @cached_property
    def _declared(self) -> dict[str, frozenset[str]]:
        return _keys_by_ecosystem(
            entry
            for entry in self.entries
            if entry.source.kind != "self" and not entry.section.startswith("command")
        )

    @cached_property
    def _own(self) -> dict[str, frozenset[str]]:
        return _keys_by_ecosystem(
            entry for entry in self.entries if entry.source.kind == "self"
        )

    @cached_property
    def _own_before(self) -> dict[str, frozenset[str]]:
        old_entries = (entry for manifest in self.manifests for entry in manifest.old)
        return _keys_by_ecosystem(
            entry
            for entry in (*old_entries, *self._unchanged_entries)
            if entry.source.kind == "self"
        )

    def _changed_entries(self) -> Iterator[Dependency]:
        for manifest in self.manifests:
            if manifest.reader.name in declaring_formats():
                yield from manifest.new

    @cached_property
    def _unchanged_entries(self) -> tuple[Dependency, ...]:
        return tuple(self._trusted_entries())

    def _trusted_entries(self) -> Iterator[Dependency]:
        unchanged = (self.paths or frozenset()) - self.changed
        manifest_paths = [
            path for path in unchanged if format_of(path) in declaring_formats()
        ]
        manifest_paths.sort(key=lambda path: (path.count(b"/"), path))
        for path in manifest_paths[:_MOST_FILES]:
            format_name = format_of(path)
            try:
                data = self.trusted(path)
                if data is not None and format_name is not None:
                    yield from reader_named(format_name).read(path, data)
            except (ManifestError, GateError):
                # An unreadable manifest declares nothing, so that more is looked up.
                continue


def _keys_by_ecosystem(entries: Iterable[Dependency]) -> dict[str, frozenset[str]]:
    keys_by_ecosystem: dict[str, set[str]] = {}
    for entry in entries:
        if entry.key:
            keys_by_ecosystem.setdefault(entry.ecosystem, set()).add(entry.key)
    return {name: frozenset(keys) for name, keys in keys_by_ecosystem.items()}


def _module_names(paths: Iterable[bytes], suffixes: tuple[bytes, ...]) -> Iterator[str]:
    folders: set[bytes] = set()
    for path in paths:
        folder, _, name = path.rpartition(b"/")
        folders.add(folder)
        if name.endswith(suffixes):
            yield name.partition(b".")[0].decode("utf-8", "replace")
    for folder in folders:
        for part in folder.split(b"/"):
            yield part.decode("utf-8", "replace")
