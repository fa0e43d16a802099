"""Changes that weaken what judges them: the gate, other checks, reviews, tests.

``gate_files`` looks at where this gate runs and what it knows, ``checks`` at
hooks and checks of others, ``marks`` at exceptions, ``review`` at attributes and
owners, ``assertions`` at tests, ``files`` at modes, links and names.  What they
look for stands under ``rules/tampering/``.  The policy's own file is the judge's
(``gate/policy-changed``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


class TamperingScanner:
    """The scanner ``tampering``."""

    info = ScannerInfo("tampering", keeps_baseline=False)

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look at the net change."""
        from zt_gate.scanners.tampering.scan import scan

        return scan(change, context)


SCANNER = TamperingScanner()
