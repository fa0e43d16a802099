"""Finds changes that weaken the gate, other checks, reviews or tests.

``gate_files`` compares where the gate runs and its baseline and rules,
``disabled_checks`` other hooks and checks, ``suppression_marks`` exceptions,
``review_settings`` attributes and code owners, ``disabled_tests`` tests, and
``deceptive_files`` modes, links and names, ``external_content`` what the change refers
to and does not contain.  The patterns are data in
``rules/tampering/``.  The judge reports changes of the policy file itself
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

    info = ScannerInfo("tampering", keeps_baseline=False, can_exclude=False)

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the net change."""
        from zt_gate.scanners.tampering.scan import scan

        return scan(change, context)


SCANNER = TamperingScanner()
