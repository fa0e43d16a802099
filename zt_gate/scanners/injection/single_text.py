"""One text that is no part of a change, looked at as if a change had added it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from zt_gate.model.change import MODE_FILE, Blob, ChangeSet, FileChange, Hunk, HunkLines
from zt_gate.model.finding import Confidence, Severity
from zt_gate.scanners.base import Context
from zt_gate.scanners.injection.scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.rule import Rule

_PATH = b"README.md"


@dataclass(frozen=True, slots=True)
class _Memory:
    data: bytes

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def findings_in(text: str, rules: Mapping[str, Rule]) -> list[tuple[str, str, str]]:
    """Return rule, severity and message of everything in ``text`` that talks to a model.

    What the scanner is less than sure of counts as low: it was found in
    somebody's description, where talk about prompts is not rare.
    """
    data = "\n".join(text.splitlines()).encode("utf-8", "replace") + b"\n"
    empty = HunkLines(_Memory(b""), 0, 0, 0)
    added = HunkLines(_Memory(data), 0, len(data), data.count(b"\n"))
    file = FileChange(
        path=_PATH,
        status="A",
        old_mode=0,
        new_mode=MODE_FILE,
        new=Blob("", lambda _limit: data),
        hunks=(Hunk(0, 1, empty, added),),
    )
    context = Context(rules, time.monotonic() + 60.0, Path("/"), _no_process)
    run = scan(ChangeSet("patch", "", "", "", (file,)), context)
    found = []
    for finding in run.findings:
        sure = finding.confidence is Confidence.HIGH
        severity = (
            finding.severity if sure else min(finding.severity, Severity.LOW, key=_rank)
        )
        found.append((finding.rule, severity.value, finding.message))
    return sorted(found, key=lambda one: -_rank(Severity(one[1])))


def _rank(severity: Severity) -> int:
    return severity.rank


def _no_process(*_words: object, **_options: object) -> NoReturn:
    raise OSError("a text needs no process")
