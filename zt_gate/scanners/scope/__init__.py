"""Checks which paths a change touches and how large it is.

``paths`` compares the names in a change with ``[scope]`` and the tasks,
``limits`` checks its size.  The built-in tasks and the groups of restricted
paths are data in ``rules/scope/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import NotInspected, ScannerRun
    from zt_gate.scanners.base import Context


class ScopeScanner:
    """The scanner ``scope``."""

    info = ScannerInfo(
        "scope", keeps_baseline=False, can_exclude=False, reads_messages=True
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Check a change against its allowed scope; a tree is not a change and passes."""
        from zt_gate.model.report import ScannerRun
        from zt_gate.scanners.scope import limits, paths

        if change.kind == "tree":
            return ScannerRun(self.info.name, "ok")
        not_inspected: list[NotInspected] = []
        findings = (
            *paths.findings(change, context),
            *limits.findings(change, context, not_inspected),
        )
        return ScannerRun(
            self.info.name,
            "ok",
            files=len(change.files),
            lines=sum(hunk.added.lines for file in change.files for hunk in file.hunks),
            findings=findings,
            not_inspected=tuple(not_inspected),
        )


SCANNER = ScopeScanner()
