"""The changed manifests of a change, and how their two sides differ."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.syntax.text import bom_codec

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency, Reader
    from zt_gate.model.change import FileChange
    from zt_gate.model.report import NotInspected

Identity = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A changed manifest: what it names now, and what it named before."""

    file: FileChange
    reader: Reader
    data: bytes = b""
    new: tuple[Dependency, ...] = ()
    old: tuple[Dependency, ...] = ()

    def is_added_line(self, number: int) -> bool:
        """Say whether a line is one that the change adds (in UTF-16 nobody can say)."""
        return bom_codec(self.data) is None and any(
            hunk.new_start <= number < hunk.new_start + hunk.added.lines
            for hunk in self.file.hunks
        )


@dataclass(frozen=True, slots=True)
class Addition:
    """One entry that is new, and the manifest that brings it.

    ``locked`` is the constraint that a changed lock file has for it, "" for none.
    """

    dependency: Dependency
    manifest: Manifest
    locked: str = ""

    @property
    def constraint(self) -> str:
        """What decides the version that is installed: the lock's word before the manifest's."""
        return self.locked or self.dependency.constraint


@dataclass(frozen=True, slots=True)
class ManifestFinding:
    """Something to say about an entry that no registry needs to be asked for."""

    addition: Addition
    rule: str
    message: str


@dataclass(slots=True)
class Difference:
    """The result: new entries, entries with a new constraint, and what could not be read."""

    added: list[Addition] = field(default_factory=list)
    #: Known names whose version part changed: no new dependency, but a new version.
    constrained: list[Addition] = field(default_factory=list)
    remarks: list[ManifestFinding] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    manifests: tuple[Manifest, ...] = ()

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return sum(manifest.data.count(b"\n") for manifest in self.manifests)
