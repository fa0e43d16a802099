"""Scans one text outside a change, such as the description of a package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from zt_gate.model.change import MODE_FILE, Blob, ChangeSet, FileChange, Hunk, HunkLines
from zt_gate.model.finding import Confidence, Severity
from zt_gate.record import dataclass
from zt_gate.scanners.base import Context
from zt_gate.scanners.injection.scan import scan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule

#: The text is scanned as a file of this name.
_PATH = b"README.md"


@dataclass(frozen=True, slots=True)
class _MemoryStore:
    """A store of blobs that reads from memory."""

    data: bytes

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def findings_in(text: str, rules: Mapping[str, Rule]) -> list[tuple[str, str, str]]:
    """Return rule, severity and message of each finding in ``text``, most severe first.

    Findings below high confidence get low severity: descriptions of packages often
    discuss prompts.
    """
    data = "\n".join(text.splitlines()).encode("utf-8", "replace") + b"\n"
    empty = HunkLines(_MemoryStore(b""), 0, 0, 0)
    added = HunkLines(_MemoryStore(data), 0, len(data), data.count(b"\n"))
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
    graded = [(_severity(finding), finding) for finding in run.findings]
    graded.sort(key=lambda pair: -pair[0].rank)
    return [
        (finding.rule, severity.value, finding.message) for severity, finding in graded
    ]


def _severity(finding: Finding) -> Severity:
    if finding.confidence is Confidence.HIGH:
        return finding.severity
    return min(finding.severity, Severity.LOW, key=_rank)


def _rank(severity: Severity) -> int:
    return severity.rank


def _no_process(*_words: object, **_options: object) -> NoReturn:
    raise OSError("the scan of a text must not start a process")
