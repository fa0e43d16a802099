"""Loads the cases in ``cases/*.toml``, which only change files.

Many cases share one change, so that the engine of the code scanner starts only
once; each is evaluated by its own files.  Cases that write the same path are in
different changes.
"""

from __future__ import annotations

import os
import tomllib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.drill.case import Case
from zt_gate.drill.payloads import fill
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_FOLDER = Path(__file__).parent / "cases"
_HONEST = "honest"
#: The group whose cases are scanned separately: its scanner queries a registry, which
#: can answer too late while the code scanner's engine uses the whole CPU.
_SEPARATE_GROUP = "dependencies"
#: Files before the change: they declare the package that the cases' code imports.
_BEFORE = {b"requirements.txt": b"flask>=1\n", b"README.md": b"# A small service\n"}


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """The files of one case, before the change (``before``) and in it (the rest)."""

    name: str
    before: Mapping[bytes, bytes]
    after: Mapping[bytes, bytes]
    links: Mapping[bytes, bytes] = field(default_factory=dict)
    deleted: tuple[bytes, ...] = ()

    @property
    def paths(self) -> tuple[bytes, ...]:
        """The paths that the change touches."""
        return (*self.after, *self.links, *self.deleted)


@dataclass(slots=True)
class Batch:
    """A change that consists of several cases; the first one that is played scans it.

    ``scanners`` is empty for all scanners.
    """

    scanners: tuple[str, ...] = ()
    cases: list[CaseFiles] = field(default_factory=list)
    outcome: GateOutcome | None = None

    def accepts(self, files: CaseFiles) -> bool:
        """Whether no other case of the batch writes one of the case's files."""
        taken = {path for case in self.cases for path in (*case.before, *case.paths)}
        return not taken & {*files.before, *files.paths}

    def play(
        self, workspace: CaseWorkspace, selected: Iterable[str] = ()
    ) -> GateOutcome:
        """Scan the change once; with ``selected`` it contains these cases alone."""
        if self.outcome is None:
            names = frozenset(selected)
            cases = [case for case in self.cases if not names or case.name in names]
            repository = _staged_repository(workspace, cases)
            self.outcome = workspace.scan(repository, only=self.scanners)
        return self.outcome


def _staged_repository(
    workspace: CaseWorkspace, cases: Iterable[CaseFiles]
) -> DrillRepository:
    """Create a repository in which the change of the cases is staged."""
    before = dict(_BEFORE)
    for case in cases:
        before.update(case.before)
    repository = workspace.repository(before)
    for case in cases:
        for path, content in case.after.items():
            repository.write(path, content)
        for path, target in case.links.items():
            repository.link(path, target)
        for path in case.deleted:
            os.unlink(os.path.join(os.fsencode(repository.path), path))
    repository.stage()
    return repository


def load(selected: Iterable[str] = ()) -> list[Case]:
    """Return all cases; with ``selected`` a change contains only the named ones."""
    names = frozenset(selected)
    cases = []
    batches: dict[tuple[bool, str], list[Batch]] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        group = file.stem
        for entry in tomllib.loads(file.read_text("utf-8"))["case"]:
            expect = entry.get("expect", "pass" if group == _HONEST else "")
            files = _files(entry)
            scanner = group if group == _SEPARATE_GROUP else ""
            candidates = batches.setdefault((expect == "pass", scanner), [])
            batch = _batch_for(files, candidates, scanner)
            batch.cases.append(files)
            cases.append(
                Case(
                    name=entry["name"],
                    group=group,
                    what=entry["what"],
                    expect=expect,
                    play=partial(_play, batch, names),
                    paths=(entry["at"].encode(),) if "at" in entry else files.paths,
                )
            )
    return cases


def _batch_for(files: CaseFiles, batches: list[Batch], scanner: str) -> Batch:
    """Return the first batch that accepts the files, or add one."""
    for batch in batches:
        if batch.accepts(files):
            return batch
    new_batch = Batch((scanner,) if scanner else ())
    batches.append(new_batch)
    return new_batch


def _play(
    batch: Batch, selected: frozenset[str], workspace: CaseWorkspace
) -> GateOutcome:
    return batch.play(workspace, selected)


def _files(entry: Mapping[str, Any]) -> CaseFiles:
    encoding = entry.get("encoding", "utf-8")

    def contents(key: str) -> dict[bytes, bytes]:
        return {
            fill(path).encode(): fill(text).lstrip("\n").encode(encoding)
            for path, text in entry.get(key, {}).items()
        }

    return CaseFiles(
        name=entry["name"],
        before=contents("before"),
        after=contents("files"),
        links=contents("links"),
        deleted=tuple(path.encode() for path in entry.get("deleted", ())),
    )
