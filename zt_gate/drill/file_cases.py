"""Cases that are changes of files: many of them make one change, each judged by its own files.

So the engine of the code scanner starts once.  Cases that write the same path
go into different changes.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.drill.case import Case
from zt_gate.drill.payloads import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box

_FOLDER = Path(__file__).parent / "cases"
_HONEST = "honest"
#: The scanner whose cases are not judged beside the others': it asks a registry, which
#: answers late while an engine takes all there is of a small machine.
_ALONE = "dependencies"
#: What the honest changes and the packages of their code refer to.
_DECLARED = {b"requirements.txt": b"flask>=1\n", b"README.md": b"# A small service\n"}


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """What one case writes: before the change, and in it."""

    name: str
    before: Mapping[bytes, bytes]
    after: Mapping[bytes, bytes]
    links: Mapping[bytes, bytes] = field(default_factory=dict)
    gone: tuple[bytes, ...] = ()

    @property
    def paths(self) -> tuple[bytes, ...]:
        """What the change touches."""
        return (*self.after, *self.links, *self.gone)


@dataclass(slots=True)
class Batch:
    """One change made of several cases; judged when the first of them is asked for."""

    scanners: tuple[str, ...] = ()
    parts: list[CaseFiles] = field(default_factory=list)
    said: GateOutcome | None = None

    def takes(self, files: CaseFiles) -> bool:
        """Whether no other part writes one of the case's files."""
        taken = {path for part in self.parts for path in (*part.before, *part.paths)}
        return not taken & {*files.before, *files.paths}

    def play(self, box: Box, wanted: Iterable[str] = ()) -> GateOutcome:
        """Make the change and judge it, once; with ``wanted`` only these cases are in it."""
        if self.said is None:
            only = frozenset(wanted)
            parts = [part for part in self.parts if not only or part.name in only]
            before = {
                path: data for part in parts for path, data in part.before.items()
            }
            repository = box.repository({**_DECLARED, **before})
            for part in parts:
                for path, data in part.after.items():
                    repository.write(path, data)
                for path, target in part.links.items():
                    repository.link(path, target)
                for path in part.gone:
                    os.unlink(os.path.join(os.fsencode(repository.path), path))
            repository.stage()
            self.said = box.judge(repository, only=self.scanners)
        return self.said


def load(wanted: Iterable[str] = ()) -> list[Case]:
    """Return the cases of the data files.  With ``wanted`` a change holds only those."""
    only = frozenset(wanted)
    cases = []
    batches: dict[tuple[bool, str], list[Batch]] = {}
    for file in sorted(_FOLDER.glob("*.toml")):
        for entry in tomllib.loads(file.read_text("utf-8"))["case"]:
            expect = entry.get("expect", "pass" if file.stem == _HONEST else "")
            files = _files(entry)
            alone = _ALONE if file.stem == _ALONE else ""
            own = batches.setdefault((expect == "pass", alone), [])
            batch = next((one for one in own if one.takes(files)), None)
            if batch is None:
                batch = Batch((alone,) if alone else ())
                own.append(batch)
            batch.parts.append(files)
            cases.append(
                Case(
                    name=entry["name"],
                    group=file.stem,
                    what=entry["what"],
                    expect=expect,
                    play=partial(_play, batch, only),
                    paths=(entry["at"].encode(),) if "at" in entry else files.paths,
                )
            )
    return cases


def _play(batch: Batch, only: frozenset[str], box: Box) -> GateOutcome:
    return batch.play(box, only)


def _files(entry: Mapping[str, Any]) -> CaseFiles:
    encoding = entry.get("encoding", "utf-8")
    before, after, links = (
        {
            fill(path).encode(): fill(text).lstrip("\n").encode(encoding)
            for path, text in entry.get(side, {}).items()
        }
        for side in ("before", "files", "links")
    )
    gone = tuple(path.encode() for path in entry.get("gone", ()))
    return CaseFiles(entry["name"], before, after, links, gone)
