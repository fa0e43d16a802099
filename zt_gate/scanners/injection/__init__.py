"""Prompt injection: instructions to a model, and text hidden in characters.

``scan`` walks the change.  ``invisible_characters`` and ``confusables`` check
lines that are not ASCII.  ``page_scan`` matches the signal families
(``signal_families``) against each page of added lines (``added_pages``) and its
decoded readings (``decoding``, ``markup``, ``obfuscated_words``, ``pieces``), and reads
what sentences ask for (``acts``), also where nobody sees them (``hidden_text``); ``scoring``
turns the hits into findings.  Rules and signals are in ``rules/injection/``.
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

    info = ScannerInfo(
        "injection", quotes_instructions=True, reads_messages=True, divides=True
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the change; raises FamilyError for an invalid family file."""
        from zt_gate.scanners.injection.scan import scan

        return scan(change, context)


SCANNER = InjectionScanner()
