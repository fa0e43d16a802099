"""Secrets: keys, tokens, passwords and private keys in what a change adds.

Everything here is imported when it is first needed: naming this package must
cost nothing.  Nothing is ever sent anywhere to find out whether a secret is
live, and no setting is read from the scanned project.
"""

from __future__ import annotations

TYPE_CHECKING = False  # as type checkers know it; importing typing costs 2 ms
if TYPE_CHECKING:
    import re
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context


class SecretsScanner:
    """The scanner as the pipeline sees it; no dataclass, whose import costs 6 ms."""

    name: str = "secrets"

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Look at every added line, and at the messages of a range's commits."""
        from zt_gate.scanners.secrets.scan import scan_change

        return scan_change(change, context)


SCANNER = SecretsScanner()


def scan_text(data: bytes, path: bytes, rules: Mapping[str, Rule]) -> list[Finding]:
    """Look at one piece of text as if the whole of it were added to ``path``."""
    from zt_gate.scanners.secrets.block_scan import scan_bytes

    return scan_bytes(data, path, rules)


def scan_formats(data: bytes, path: bytes, rules: Mapping[str, Rule]) -> list[Finding]:
    """Look at one piece of text for formats with their own prefix alone: the cheap part.

    Meant for places that ask often and from a cold process (a command line,
    a tool's output): no keyword assignments, no entropy, no plug-ins.
    """
    from zt_gate.scanners.secrets.block_scan import scan_bytes

    return scan_bytes(data, path, rules, formats_only=True)


def scan_formats_cold(data: bytes, path: bytes, cache: Path) -> list[Finding]:
    """Do what ``scan_formats`` does, from a process that has imported nothing yet.

    ``cache`` is a folder from ``zt_gate.system.cache.cache_folder``.  A text without
    a find costs next to nothing; the rules are only read for one that may hold
    a secret.  Raises RulebookError where they cannot be read.
    """
    from zt_gate.scanners.secrets.quick import suspicious

    if not suspicious(data, str(cache)):
        return []
    from zt_gate import rulebook

    return scan_formats(data, path, rulebook.load("secrets", cache=cache))


def masking_patterns(rules: Mapping[str, Rule]) -> Sequence[re.Pattern[str]]:
    """Return the patterns of formats that are secrets wherever they stand.

    For masking text of other origin; looser than the scanner itself (documented
    samples match too), never the other way round.
    """
    from zt_gate.scanners.secrets.rule_index import masking

    return masking(rules)
