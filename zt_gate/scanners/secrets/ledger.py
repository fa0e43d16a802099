"""How much is told one by one: the worst of each file and of the run, and a sum of the rest.

A change with tens of thousands of keys must fail as one with a single key
does, not end in an answer that is too large to send.  What is not told one by
one still blocks, as one finding for its file, and its values are still given
for masking, so that nobody's evidence shows them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level, Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.block import Block
    from zt_gate.scanners.secrets.hits import Hit

RULE = "secrets/many-secrets"
#: Findings that are told one by one, of one file and of one run.
PER_FILE = 100
PER_RUN = 1000
#: Files that get a sum of their own, in one run; the rest share one.
SUMS = 500
#: Bytes of values that are given for masking besides those of the findings told.
_VALUES = 8 << 20


@dataclass(slots=True)
class _Rest:
    """What is not told one by one, of one file or of many."""

    count: int = 0
    level: Level = Level.INFO
    values: dict[str, None] = field(default_factory=dict)

    def add(self, level: Level, value: str, *, keep: bool) -> None:
        self.count += 1
        self.level = max(self.level, level, key=lambda one: one.rank)
        if keep:
            self.values[value] = None


class Ledger:
    """What one run has told so far."""

    def __init__(
        self, rule: Rule, rules: dict[str, Rule], finding: Callable[[Block, Hit, str | None], Finding]
    ) -> None:
        self._rule = rule
        self._rules = rules
        self._finding = finding
        self._told = 0
        self._sums = 0
        self._bytes = 0
        self._others = _Rest()
        self._files = 0
