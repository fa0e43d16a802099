"""Caps findings per file and per run; the rest become one summary finding per file.

A change with tens of thousands of keys must fail as one with a single key does,
not end in a result that is too large to send.  Secrets beyond the caps still
block, and their values are still given for masking, so that no evidence shows
them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from zt_gate.model.finding import Level, Location
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.finding import Finding
    from zt_gate.scanners.secrets.block_scan import BlockScanner
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock

RULE = "secrets/many-secrets"
#: Findings that are listed one by one, of one file and of one run.  In a run each level
#: has a limit of its own, which lesser ones in earlier files cannot use up.
PER_FILE = 100
PER_RUN = 1000
#: Files with a summary finding of their own, in one run; the other files share one.
SUMMARIES = 500
#: Characters of values that are given for masking besides those of the listed findings.
_MASKED_LENGTH = 4 << 20
#: Characters of all listed findings: a long private key is given in several forms.
_LISTED_LENGTH = 16 << 20


@dataclass(slots=True)
class _Summary:
    """The secrets of one file, or of several files, that are not listed one by one."""

    count: int = 0
    level: Level = Level.INFO
    values: dict[str, None] = field(default_factory=dict)

    def add(self, count: int, levels: Iterable[Level]) -> None:
        self.count += count
        self.level = max(self.level, *levels, key=lambda level: level.rank)


class FindingLimits:
    """The caps of one run, and how much of them is used."""

    def __init__(self, scanner: BlockScanner) -> None:
        self._scanner = scanner
        self._listed = dict.fromkeys(Level, 0)
        self._listed_names = 0
        self._listed_length = 0
        self._summaries = 0
        self._masked_length = 0
        self._shared_summary = _Summary()

    def limit_hits(
        self,
        hits: Sequence[tuple[TextBlock, SecretHit]],
        path: bytes | None,
        oid: str | None,
    ) -> Iterator[Finding]:
        """Yield the worst findings of one file or commit message, then the summary."""
        listed = self._choose_listed([hit for _, hit in hits])
        for index in sorted(listed):
            block, hit = hits[index]
            finding = self._scanner.finding(block, hit, oid)
            self._listed_length += _text_length(finding)
            yield finding
        if len(listed) < len(hits):
            unlisted = [
                block_and_hit
                for index, block_and_hit in enumerate(hits)
                if index not in listed
            ]
            yield from self._summarize(unlisted, path, oid)

    def limit_names(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """Yield findings in names up to the cap; the others go into the shared summary."""
        for finding in findings:
            self._listed_names += 1
            if self._listed_names <= PER_RUN:
                yield finding
                continue
            self._shared_summary.add(1, [finding.level or Level.WARN])
            self._keep_values(self._shared_summary, finding.secrets)

    def close(self) -> Iterator[Finding]:
        """Yield the shared summary of all files without one of their own."""
        if self._shared_summary.count:
            location = Location("change")
            place = "elsewhere in the change"
            yield self._summary_finding(self._shared_summary, location, place, "")

    def _choose_listed(self, hits: Sequence[SecretHit]) -> set[int]:
        """Return the indexes of the hits to list, the worst first, and count them."""
        if self._listed_length >= _LISTED_LENGTH:
            return set()
        worst_first = sorted(
            range(len(hits)), key=lambda index: (*self.badness(hits[index]), index)
        )
        listed: set[int] = set()
        for index in worst_first[:PER_FILE]:
            level = self._level(hits[index])
            if self._listed[level] < PER_RUN:
                self._listed[level] += 1
                listed.add(index)
        return listed

    def _summarize(
        self,
        hits: Sequence[tuple[TextBlock, SecretHit]],
        path: bytes | None,
        oid: str | None,
    ) -> Iterator[Finding]:
        """Add the hits to a summary, and yield it if it is the file's own."""
        has_own_summary = self._summaries < SUMMARIES
        summary = _Summary() if has_own_summary else self._shared_summary
        summary.add(len(hits), [self._level(hit) for _, hit in hits])
        for block, hit in hits:
            self._keep_values(summary, self._scanner.values(block, hit))
        if not has_own_summary:
            return
        self._summaries += 1
        location = Location("file" if oid is None else "commit", path, commit=oid)
        place = "in this file" if path else "in this commit"
        name = (path or b"").decode("utf-8", "surrogateescape")
        yield self._summary_finding(summary, location, place, name)

    def _keep_values(self, summary: _Summary, values: Iterable[str]) -> None:
        """Keep values for masking while there is room."""
        for value in values:
            if self._masked_length < _MASKED_LENGTH and value not in summary.values:
                self._masked_length += len(value)
                summary.values[value] = None

    def _summary_finding(
        self, summary: _Summary, location: Location, place: str, name: str
    ) -> Finding:
        # An exception for this finding covers these values and no others.
        values_digest = hashlib.sha256()
        for value in sorted(summary.values):
            values_digest.update(value.encode("utf-8", "surrogatepass") + b"\n")
        noun = "secret" if summary.count == 1 else "secrets"
        return self._scanner.rules[RULE].finding(
            location,
            f"{summary.count:,} more {noun} {place}, not listed one by one.",
            subject=f"{name} {summary.count} {values_digest.hexdigest()}",
            secrets=tuple(summary.values),
            level=summary.level,
        )

    def _level(self, hit: SecretHit) -> Level:
        return hit.level or self._scanner.rules[hit.rule].level or Level.WARN

    def badness(self, hit: SecretHit) -> tuple[int, int, int]:
        """Return the sort key of a hit: the worst one first."""
        rule = self._scanner.rules[hit.rule]
        confidence = hit.confidence or rule.confidence
        return -self._level(hit).rank, -rule.severity.rank, -confidence.rank


def _text_length(finding: Finding) -> int:
    evidence_length = len(finding.evidence.text) if finding.evidence else 0
    secrets_length = sum(map(len, finding.secrets))
    return evidence_length + len(finding.subject) + secrets_length
