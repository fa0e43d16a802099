"""Scans one text for secret formats alone: the cheap part of the scanner.

Meant for the guard, which will scan a command line, a prompt or a tool's output
from a cold process; until it is built, only tests call this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.finding_limits import FindingLimits
from zt_gate.scanners.secrets.text_block import block_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule


def scan_formats(data: bytes, path: bytes, rules: Mapping[str, Rule]) -> list[Finding]:
    """Return the formats with a fixed prefix, private keys and URL passwords in a text.

    No keyword assignments, no entropy, no detect-secrets plug-ins.
    """
    scanner = BlockScanner(rules, formats_only=True)
    limits = FindingLimits(scanner)
    hits = [
        (block, hit) for block in block_of(path, data) for hit in scanner.hits(block)
    ]
    return [*limits.limit_hits(hits, path, None), *limits.close()]
