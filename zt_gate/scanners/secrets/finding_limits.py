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
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.scanners.secrets.block_scan import BlockScanner
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock

RULE = "secrets/many-secrets"
#: Findings that are told one by one, of one file and of one run.
PER_FILE = 100
PER_RUN = 1000
#: Files that get a sum of their own, in one run; the rest share one.
SUMS = 500
#: Characters of values that are given for masking besides those of the findings told.
_VALUES = 4 << 20
#: Characters of what is told one by one: a long private key is given in several forms.
_TEXT = 16 << 20


@dataclass(slots=True)
class _Rest:
    """What is not told one by one, of one file or of many."""

    count: int = 0
    level: Level = Level.INFO
    values: dict[str, None] = field(default_factory=dict)


class FindingLimits:
    """What one run has told so far, and what it keeps to itself."""

    def __init__(self, engine: BlockScanner) -> None:
        self._engine = engine
        self._told = 0
        self._names = 0
        self._size = 0
        self._sums = 0
        self._kept = 0
        self._last = _Rest()

    def tell(
        self,
        found: Sequence[tuple[TextBlock, SecretHit]],
        path: bytes | None,
        oid: str | None,
    ) -> Iterator[Finding]:
        """Yield the findings of one file, or of a commit's text: the worst, then the sum."""
        room = max(0, min(PER_FILE, PER_RUN - self._told)) if self._size < _TEXT else 0
        told = set(range(len(found)))
        if len(found) > room:
            worst = sorted(told, key=lambda n: (*self._badness(found[n][1]), n))
            told = set(worst[:room])
        self._told += len(told)
        for number in sorted(told):
            block, hit = found[number]
            finding = self._engine.finding(block, hit, oid)
            self._size += _size(finding)
            yield finding
        if len(told) < len(found):
            rest = [one for number, one in enumerate(found) if number not in told]
            yield from self._sum(rest, path, oid)

    def names(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Yield findings about names, up to a number; the rest goes into the last sum."""
        for finding in found:
            self._names += 1
            if self._names <= PER_RUN:
                yield finding
                continue
            self._last.count += 1
            self._last.level = max(
                self._last.level, finding.level or Level.WARN, key=_rank
            )
            self._keep(self._last, finding.secrets)

    def close(self) -> Iterator[Finding]:
        """Yield the sum of all files that got none of their own."""
        if self._last.count:
            where = Location("change")
            yield self._summing(self._last, where, "elsewhere in the change", "")

    def _sum(
        self,
        rest: Sequence[tuple[TextBlock, SecretHit]],
        path: bytes | None,
        oid: str | None,
    ) -> Iterator[Finding]:
        own = self._sums < SUMS
        sums = _Rest() if own else self._last
        sums.count += len(rest)
        sums.level = max(sums.level, *(self._level(hit) for _, hit in rest), key=_rank)
        for block, hit in rest:
            self._keep(sums, self._engine.values(block, hit))
        if own:
            self._sums += 1
            where = Location("file" if oid is None else "commit", path, commit=oid)
            name = (path or b"").decode("utf-8", "surrogateescape")
            yield self._summing(
                sums, where, "in this file" if path else "in this commit", name
            )

    def _keep(self, sums: _Rest, values: Iterable[str]) -> None:
        """Keep values for masking while there is room."""
        for value in values:
            if self._kept < _VALUES and value not in sums.values:
                self._kept += len(value)
                sums.values[value] = None

    def _summing(self, rest: _Rest, where: Location, place: str, name: str) -> Finding:
        rule = self._engine.rules[RULE]
        # Whoever ignores or approves this has seen these values and no others.
        seen = hashlib.sha256()
        for value in sorted(rest.values):
            seen.update(value.encode("utf-8", "surrogatepass") + b"\n")
        noun = "secret" if rest.count == 1 else "secrets"
        return rule.finding(
            where,
            f"{rest.count:,} more {noun} {place}, not listed one by one.",
            subject=f"{name} {rest.count} {seen.hexdigest()}",
            secrets=tuple(rest.values),
            level=rest.level,
        )

    def _level(self, hit: SecretHit) -> Level:
        return hit.level or self._engine.rules[hit.rule].level or Level.WARN

    def _badness(self, hit: SecretHit) -> tuple[int, int, int]:
        rule = self._engine.rules[hit.rule]
        confidence = hit.confidence or rule.confidence
        return -self._level(hit).rank, -rule.severity.rank, -confidence.rank


def _rank(level: Level) -> int:
    return level.rank


def _size(finding: Finding) -> int:
    evidence = len(finding.evidence.text) if finding.evidence else 0
    return evidence + len(finding.subject) + sum(map(len, finding.secrets))
