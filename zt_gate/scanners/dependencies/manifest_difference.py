"""The changed manifests of a change, and the differences between their two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.record import dataclass, field
from zt_gate.syntax.text import bom_codec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.manifests.lock_content import LockContent
    from zt_gate.ecosystems.manifests.reader import Reader
    from zt_gate.ecosystems.project_tree import ProjectTree
    from zt_gate.model.change import FileChange
    from zt_gate.model.report import NotInspected

Identity = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A changed manifest with the entries of its new and its old side.

    ``lock`` and ``old_lock`` are the whole content of both sides of a lock file.
    """

    file: FileChange
    reader: Reader
    data: bytes = b""
    new: tuple[Dependency, ...] = ()
    old: tuple[Dependency, ...] = ()
    lock: LockContent | None = None
    old_lock: LockContent | None = None

    def is_added_line(self, number: int) -> bool:
        """Return whether the change adds the line; False for UTF-16, whose lines are unknown."""
        if bom_codec(self.data) is not None:
            return False
        return any(
            hunk.new_start <= number < hunk.new_start + hunk.added.lines
            for hunk in self.file.hunks
        )


@dataclass(frozen=True, slots=True)
class Addition:
    """A new entry and the manifest that adds it.

    ``locked`` is the constraint that a changed lock file has for it, "" for none.
    """

    dependency: Dependency
    manifest: Manifest
    locked: str = ""

    @property
    def constraint(self) -> str:
        """The constraint that decides the installed version: the lock file's, if it has one."""
        return self.locked or self.dependency.constraint


@dataclass(frozen=True, slots=True)
class ManifestFinding:
    """A finding about an entry that needs no registry lookup.

    ``case`` is a key of the table ``cases`` in the rule's data, "" for the rule's own level.
    """

    addition: Addition
    rule: str
    message: str
    case: str = ""


@dataclass(slots=True)
class Difference:
    """The new entries, the entries with a new constraint, and what could not be read."""

    added: list[Addition] = field(default_factory=list)
    #: Existing dependencies whose version constraint changed.
    constrained: list[Addition] = field(default_factory=list)
    manifest_findings: list[ManifestFinding] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    manifests: tuple[Manifest, ...] = ()
    #: Modules that the change imports, by the key of the Python package of that name.
    imported: Mapping[str, str] = field(default_factory=dict)
    #: The files of the repository after the change, listed when it is called.
    tree: Callable[[], ProjectTree] | None = None

    @property
    def lines(self) -> int:
        """The number of lines read."""
        return sum(manifest.data.count(b"\n") for manifest in self.manifests)
