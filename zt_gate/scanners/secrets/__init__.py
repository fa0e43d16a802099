"""Secrets: keys, tokens, passwords and private keys in what a change adds.

Everything here is imported when it is first needed: naming this package must
cost nothing.  Nothing is ever sent anywhere to find out whether a secret is
live, and no setting is read from the scanned project.
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
        """Look at every added line, and at the messages of a range's commits."""
        from zt_gate.scanners.secrets.scan import scan_change

        return scan_change(change, context)


SCANNER = SecretsScanner()


def masking_patterns(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of formats that are secrets wherever they stand.

    For masking text of other origin; looser than the scanner itself (documented
    samples match too), never the other way round.
    """
    from zt_gate.scanners.secrets.rule_index import masking

    return masking(rules)
