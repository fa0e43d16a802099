"""Cases that are changes of files: many of them make one change, each judged by its own files.

So the engine of the code scanner starts once.  Cases that write the same path
go into different changes.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.drill.model import Case, Outcome
from zt_gate.drill.parts import fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.drill.box import Box

_FOLDER = Path(__file__).parent / "cases"
_HONEST = "honest"
#: What the honest changes and the packages of their code refer to.
_DECLARED = {b"requirements.txt": b"flask>=1\n", b"README.md": b"# A small service\n"}


@dataclass(frozen=True, slots=True)
class Files:
    """What one case writes: before the change, and in it."""

    name: str
    before: Mapping[bytes, bytes]
    after: Mapping[bytes, bytes]


@dataclass(slots=True)
class Batch:
    """One change made of several cases; judged when the first of them is asked for."""

    parts: list[Files] = field(default_factory=list)
    said: Outcome | None = None

    def takes(self, files: Files) -> bool:
        """Whether no other part writes one of the case's files."""
        taken = {path for part in self.parts for path in (*part.before, *part.after)}
        return not taken & {*files.before, *files.after}

    def play(self, box: Box, wanted: Iterable[str] = ()) -> Outcome:
        """Make the change and judge it, once; with ``wanted`` only these cases are in it."""
        if self.said is None:
            only = frozenset(wanted)
            parts = [part for part in self.parts if not only or part.name in only]
            before = {path: data for part in parts for path, data in part.before.items()}
            repository = box.repository({**_DECLARED, **before})
            for part in parts:
                for path, data in part.after.items():
                    repository.write(path, data)
            repository.stage()
            self.said = box.judge(repository, only=())
        return self.said


def load(wanted: Iterable[str] = ()) -> list[Case]:
    """Return the cases of the data files.  With ``wanted`` a change holds only those."""
    only = frozenset(wanted)
    cases = []
    batches: dict[bool, list[Batch]] = {True: [], False: []}
    for file in sorted(_FOLDER.glob("*.toml")):
        for entry in tomllib.loads(file.read_text("utf-8"))["case"]:
            expect = entry.get("expect", "pass" if file.stem == _HONEST else "")
            files = _files(entry)
            own = batches[expect == "pass"]
            batch = next((one for one in own if one.takes(files)), None)
            if batch is None:
                batch = Batch()
                own.append(batch)
            batch.parts.append(files)
            cases.append(
                Case(
                    name=entry["name"],
                    group=file.stem,
                    what=entry["what"],
                    expect=expect,
                    play=partial(_play, batch, only),
                    paths=(entry["at"].encode(),) if "at" in entry else tuple(files.after),
                )
            )
    return cases


def _play(batch: Batch, only: frozenset[str], box: Box) -> Outcome:
    return batch.play(box, only)


def _files(entry: Mapping[str, Any]) -> Files:
    encoding = entry.get("encoding", "utf-8")
    sides = [
        {
            fill(path).encode(): fill(text).lstrip("\n").encode(encoding)
            for path, text in entry.get(side, {}).items()
        }
        for side in ("before", "files")
    ]
    return Files(entry["name"], *sides)
