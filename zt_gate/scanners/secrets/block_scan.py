"""Scans one block of text with all detectors.

The guard will start a short scan with this module, so it imports little at the top.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
from zt_gate.record import replace
from zt_gate.scanners.secrets import sample_paths
from zt_gate.scanners.secrets.checksums import digest
from zt_gate.scanners.secrets.escaped_secrets import find_escaped
from zt_gate.scanners.secrets.hits import SecretHit, merge
from zt_gate.scanners.secrets.prefix_formats import find_formats
from zt_gate.scanners.secrets.rule_index import FormatIndex, build
from zt_gate.scanners.secrets.text_block import TextBlock, block_of
from zt_gate.scanners.secrets.value_classifier import ValueClassifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.finding import Finding, LocationKind
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.secrets.deep_scan import DeepScan

KEYWORDS = "secrets/keyword-assignment"
_PRIVATE_KEYS = frozenset(("secrets/private-key", "secrets/putty-private-key"))


class BlockScanner:
    """The detectors, built once per scan.

    ``formats_only`` leaves out what needs more than formats, private keys and URLs.
    """

    def __init__(
        self, rules: Mapping[str, Rule], *, formats_only: bool = False
    ) -> None:
        self.rules = rules
        self.formats: FormatIndex = build(rules)
        self.classifier = ValueClassifier.of(self.formats.data(KEYWORDS))
        self._deep_scan: DeepScan | None = None
        if not formats_only:
            from zt_gate.scanners.secrets.deep_scan import DeepScan

            self._deep_scan = DeepScan(self.formats, self.classifier)

    def hits(self, block: TextBlock, *, plugins: bool = True) -> list[SecretHit]:
        """Return the secrets in one block, one hit per span.

        ``plugins`` off leaves out the detectors that look at one line at a time.
        """
        hits = self._find_formats(block)
        if self._deep_scan is not None:
            hits += self._deep_scan.find(
                block, hits, self._find_in_bytes, plugins=plugins
            )
        hits += find_escaped(block, hits, self._find_in_rewritten)
        hits = self._without_samples(block, hits)
        hits = _with_fixture_level(block, hits)
        return _without_duplicates(block, hits) if block.columns else hits

    def format_hits(self, block: TextBlock) -> list[SecretHit]:
        """Return the formats, private keys and URLs alone, one hit per span."""
        hits = self._find_formats(block)
        hits += find_escaped(block, hits, self._find_formats)
        return _with_fixture_level(block, self._without_samples(block, hits))

    def values(self, block: TextBlock, hit: SecretHit) -> tuple[str, ...]:
        """Return the texts of a hit that must be masked everywhere."""
        span = block.data[hit.start : hit.end]
        texts = [_text(value) for value in (hit.secret(block), span, *hit.extra)]
        return tuple(text for text in dict.fromkeys(texts) if text)

    def name_finding(
        self,
        block: TextBlock,
        hit: SecretHit,
        path: bytes | None,
        commit: str | None,
        where: str,
    ) -> Finding:
        """Return the finding for a secret in the name of a file or of a person.

        ``where`` says so for the message; ``commit`` is the commit that gives the name.
        """
        rule = self.rules[hit.rule]
        kind: LocationKind = "file" if commit is None else "commit"
        return rule.finding(
            Location(kind, path, commit=commit),
            f"{rule.title}, {where}.",
            subject=_text(block.data[hit.start : hit.end]),
            secrets=self.values(block, hit),
            level=hit.level,
            confidence=hit.confidence,
        )

    def key_store_findings(self, path: bytes, commit: str | None) -> list[Finding]:
        """Return the finding for a file whose name says that it is a secret as a whole."""
        if self._deep_scan is None:
            return []
        rule = self._deep_scan.files.key_store_rule(path)
        if rule is None:
            return []
        kind: LocationKind = "file" if commit is None else "commit"
        subject = path.decode("utf-8", "surrogateescape")
        return [rule.finding(Location(kind, path, commit=commit), subject=subject)]

    def finding(
        self, block: TextBlock, hit: SecretHit, commit: str | None = None
    ) -> Finding:
        """Turn a hit into a finding: clear values in ``secrets``, never in the message."""
        rule = self.rules[hit.rule]
        first_added = block.first_added(hit.start, hit.end)
        start = hit.start if first_added is None else first_added
        span = block.place(start, hit.end)
        # On old lines alone it is a finding of the file, which the change made possible.
        in_file: LocationKind = "file" if first_added is None else "line"
        location = Location(
            in_file if commit is None else "commit",
            block.path or None,
            span.line,
            span.column,
            span.end_line,
            span.end_column,
            commit,
        )
        return rule.finding(
            location,
            _message(rule.title, hit.note, is_added=first_added is not None),
            evidence=block.evidence(start, hit.end),
            subject=_text(hit.secret(block)),
            secrets=self.values(block, hit),
            level=hit.level,
            confidence=hit.confidence,
        )

    def _find_formats(self, block: TextBlock) -> list[SecretHit]:
        hits = list(find_formats(block, self.formats, self.classifier))
        if b"PRIVATE KEY" in block.data or b"Private-Lines:" in block.data:
            from zt_gate.scanners.secrets.pem import find_keys

            hits += find_keys(block, self.classifier)
        if b"://" in block.data or b"jdbc:oracle:" in block.data:
            from zt_gate.scanners.secrets.url_credentials import find_urls

            hits += find_urls(block, self.classifier)
        return hits

    def _find_in_rewritten(self, block: TextBlock) -> list[SecretHit]:
        """Find secrets in a block that is in no file; the plug-ins read lines of files."""
        hits = self._find_formats(block)
        if self._deep_scan is not None:
            hits += self._deep_scan.find(
                block, hits, self._find_in_bytes, plugins=False
            )
        return merge(hits)

    def _find_in_bytes(self, data: bytes) -> list[SecretHit]:
        """Find formats in bytes that are in no file: decoded, or joined from pieces."""
        return merge(
            hit for block in block_of(b"", data) for hit in self._find_formats(block)
        )

    def _without_samples(
        self, block: TextBlock, hits: list[SecretHit]
    ) -> list[SecretHit]:
        """Merge the hits and drop documented samples, which are known by their digest."""
        return [
            hit
            for hit in merge(hits)
            if digest(_text(hit.secret(block))) not in self.formats.sample_digests
        ]


def _message(title: str, note: str, *, is_added: bool) -> str:
    """Return the title with what the location does not show, "" for the title alone."""
    notes = [note] if note else []
    if not is_added:
        notes.append(
            "The line is unchanged, but this change made the finding possible."
        )
    return f"{title}. {' '.join(notes)}" if notes else ""


def _with_fixture_level(block: TextBlock, hits: list[SecretHit]) -> list[SecretHit]:
    """Lower private keys that are plainly those of tests and examples to a warning."""
    if not any(hit.rule in _PRIVATE_KEYS for hit in hits):
        return hits
    from zt_gate.model.finding import Level

    if not sample_paths.is_fixture(block.path):
        return hits
    return [
        replace(hit, level=Level.WARN) if hit.rule in _PRIVATE_KEYS else hit
        for hit in hits
    ]


def _without_duplicates(block: TextBlock, hits: list[SecretHit]) -> list[SecretHit]:
    """Drop the second hit of a secret that two overlapping pieces of a long line hold."""
    hits_by_place: dict[tuple[str, int, int], SecretHit] = {}
    for hit in hits:
        span = block.place(hit.start, hit.end)
        hits_by_place.setdefault((hit.rule, span.line, span.column), hit)
    return list(hits_by_place.values())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
