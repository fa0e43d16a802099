"""Where a change may go, and how much of it there may be.

``paths`` holds every name of a change against ``[scope]`` and the tasks,
``limits`` counts.  The built-in tasks and the restricted groups stand under
``rules/scope/``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


@dataclass(frozen=True, slots=True)
class ScopeScanner:
    """The scanner ``scope``."""

    name: str = "scope"

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Hold the change against what it may touch; a tree is no change and has no findings."""
        from zt_gate.model.report import ScannerRun
        from zt_gate.scanners.scope import limits, paths

        if change.kind == "tree":
            return ScannerRun(self.name, "ok")
        missed = limits.Missed()
        findings = (
            *paths.findings(change, context),
            *limits.findings(change, context, missed),
        )
        return ScannerRun(
            self.name,
            "ok",
            files=len(change.files),
            lines=sum(hunk.added.lines for file in change.files for hunk in file.hunks),
            findings=findings,
            not_inspected=tuple(missed.items),
        )


SCANNER = ScopeScanner()
