"""Weaknesses in changed code, found by semgrep with the rules of this project.

The new content of each changed file in which a rule can match is written to a private
folder under a generated name.  The engine gets those files and the rules that can match.
Findings on added lines are reported, and findings on unchanged lines that the old
content did not have.  docs/code.md lists what is not inspected, and why.
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
    """The ``code`` scanner."""

    info = ScannerInfo(
        "code",
        follows_dataflow=True,
        divides=True,
        # semgrep's engine reserves much more address space than it uses.
        memory=24 << 30,
        settings=(
            ScannerSetting("rules", "rule-files"),
            ScannerSetting("packs", "pinned-rule-files"),
        ),
        counterparts=frozenset(("bandit", "eslint", "flake8", "semgrep")),
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the net change; the commits of a range are not scanned separately."""
        from zt_gate.scanners.code.scan import scan

        started = time.monotonic()
        result = scan(change, context)
        return ScannerRun(
            self.info.name,
            "error" if result.reason else "ok",
            reason=result.reason,
            seconds=time.monotonic() - started,
            files=result.files,
            lines=result.lines,
            findings=tuple(result.findings),
            not_inspected=tuple(result.not_inspected),
        )


SCANNER = CodeScanner()
