"""Weaknesses in changed code, found by semgrep with the project's own rules.

The new side of every changed file that a rule could match in is written into a
private folder under a name made here, and the engine is given those files and
the rules that could match; findings on added lines are kept, and those on old
lines that the old content did not have.  What it does not look at, and why, is
docs/code.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.model.report import ScannerRun
from zt_gate.model.scanner import ScannerInfo, ScannerSetting

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context


class CodeScanner:
    """The ``code`` scanner; see the module's text."""

    info = ScannerInfo(
        "code",
        follows_dataflow=True,
        # semgrep's engine reserves much more than it uses.
        memory=24 << 30,
        settings=(
            ScannerSetting("rules", "rule-files"),
            ScannerSetting("packs", "pinned-rule-files"),
        ),
        counterparts=frozenset(("bandit", "eslint", "flake8", "semgrep")),
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the net change; commits of a range are not scanned one by one."""
        from zt_gate.scanners.code.scan import scan

        began = time.monotonic()
        result = scan(change, context)
        return ScannerRun(
            self.info.name,
            "error" if result.reason else "ok",
            reason=result.reason,
            seconds=time.monotonic() - began,
            files=result.files,
            lines=result.lines,
            findings=tuple(result.findings),
            not_inspected=tuple(result.not_inspected),
        )


SCANNER = CodeScanner()
