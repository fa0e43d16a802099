"""Where a change may go, and how much of it there may be.

``paths`` holds every name of a change against ``[scope]`` and the tasks,
``limits`` counts.  The built-in tasks and the restricted groups stand under
``rules/scope/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


class ScopeScanner:
    """The scanner ``scope``."""

    info = ScannerInfo("scope", keeps_baseline=False, reads_messages=True)

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Hold the change against what it may touch; a tree is no change and has no findings."""
        from zt_gate.model.report import ScannerRun
        from zt_gate.scanners.scope import limits, paths

        if change.kind == "tree":
            return ScannerRun(self.info.name, "ok")
        missed = limits.Missed()
        findings = (
            *paths.findings(change, context),
            *limits.findings(change, context, missed),
        )
        return ScannerRun(
            self.info.name,
            "ok",
            files=len(change.files),
            lines=sum(hunk.added.lines for file in change.files for hunk in file.hunks),
            findings=findings,
            not_inspected=tuple(missed.items),
        )


SCANNER = ScopeScanner()
