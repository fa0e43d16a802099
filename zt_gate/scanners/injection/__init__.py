"""Instructions to a model, and what is hidden in characters.

``scan`` walks the change; ``hidden`` and ``letters`` look at lines that are not
ASCII; ``reading`` holds the signal families (``families``, ``words``) against
every block of added lines and its decoded readings (``decode``); ``scoring``
makes signals a tier.  What counts stands under ``rules/injection/``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.scanners.base import Context


class InjectionScanner:
    """The scanner ``injection``."""

    info = ScannerInfo("injection", reads_messages=True)

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look at the change; raises FamilyError where a family file is wrong."""
        from zt_gate.scanners.injection.scan import scan

        return scan(change, context)


SCANNER = InjectionScanner()
