"""Finds keys, tokens, passwords and private keys in what a change adds.

Importing this package costs next to nothing: its modules are imported on first
use.  The scanner never contacts a service to find out whether a secret is live,
and reads no settings of the scanned project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.scanner import ScannerInfo

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context


class SecretsScanner:
    """The scanner ``secrets``."""

    info = ScannerInfo(
        "secrets",
        reads_messages=True,
        counterparts=frozenset(
            ("betterleaks", "detect-secrets", "gitleaks", "kingfisher", "trufflehog")
        ),
    )

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan every added line, and the messages of a range's commits."""
        from zt_gate.scanners.secrets.scan import scan_change

        return scan_change(change, context)


SCANNER = SecretsScanner()


def masking_patterns(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of formats that are secrets in any context, to mask a text with.

    They match everything that the scanner reports for these formats, and more
    (documented samples, for instance).
    """
    from zt_gate.scanners.secrets.rule_index import masking

    return masking(rules)
