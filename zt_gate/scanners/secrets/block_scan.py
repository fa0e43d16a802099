"""Everything that looks at one block, made once per scan.

A short look at a text starts with this module, so that it imports next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
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


class BlockScanner:
    """Everything that is made once per scan."""

    def __init__(
        self, rules: Mapping[str, Rule], *, formats_only: bool = False
    ) -> None:
        self.rules = rules
        self.catalogue: FormatIndex = build(rules)
        self.judge = ValueClassifier.of(self.catalogue.data(KEYWORDS))
        self._deep: DeepScan | None = None
        if not formats_only:
            from zt_gate.scanners.secrets.deep_scan import DeepScan

            self._deep = DeepScan(self.catalogue, self.judge)

    def hits(self, block: TextBlock) -> list[SecretHit]:
        """Return what is in one block, one hit per span."""
        found = self._plain(block)
        if self._deep is not None:
            found += self._deep.find(block, found, self._look)
        hits = [hit for hit in merge(found) if not self._documented(block, hit)]
        return _once(block, hits) if block.columns else hits

    def _documented(self, block: TextBlock, hit: SecretHit) -> bool:
        """Whether this is a sample from somebody's documentation, known by its digest."""
        from zt_gate.scanners.secrets.checksums import digest

        value = _text(
            block.data[hit.start : hit.end] if hit.value is None else hit.value
        )
        return digest(value) in self.catalogue.known

    def formats(self, block: TextBlock) -> list[SecretHit]:
        """Return the formats, private keys and URLs alone, one hit per span."""
        return [
            hit for hit in merge(self._plain(block)) if not self._documented(block, hit)
        ]

    def values(self, block: TextBlock, hit: SecretHit) -> tuple[str, ...]:
        """Return what of a hit must be shown nowhere."""
        span = block.data[hit.start : hit.end]
        parts = (span if hit.value is None else hit.value, span, *hit.extra)
        return tuple(text for text in dict.fromkeys(map(_text, parts)) if text)

    def naming(
        self,
        block: TextBlock,
        hit: SecretHit,
        path: bytes | None,
        commit: str | None,
        where: str,
    ) -> Finding:
        """Return the finding for a secret that stands in a name, of a file or of a person."""
        rule = self.rules[hit.rule]
        return rule.finding(
            Location("file" if commit is None else "commit", path, commit=commit),
            f"{rule.title}, {where}.",
            subject=_text(block.data[hit.start : hit.end]),
            secrets=self.values(block, hit),
            level=hit.level,
            confidence=hit.confidence,
        )

    def named(self, path: bytes, commit: str | None) -> list[Finding]:
        """Return the finding for a file that is a secret as a whole, by its name."""
        rule = self._deep.files.whole(path) if self._deep is not None else None
        if rule is None:
            return []
        kind: LocationKind = "file" if commit is None else "commit"
        subject = path.decode("utf-8", "surrogateescape")
        return [rule.finding(Location(kind, path, commit=commit), subject=subject)]

    def _plain(self, block: TextBlock) -> list[SecretHit]:
        found = list(find_formats(block, self.catalogue, self.judge))
        if b"PRIVATE KEY" in block.data or b"Private-Lines:" in block.data:
            from zt_gate.scanners.secrets.pem import find_keys

            found += find_keys(block, self.judge)
        if b"://" in block.data or b"jdbc:oracle:" in block.data:
            from zt_gate.scanners.secrets.url_credentials import find_urls

            found += find_urls(block, self.judge)
        return found

    def _look(self, data: bytes) -> list[SecretHit]:
        """Look at bytes that stand in no file like this: decoded, or put together."""
        return merge(hit for block in block_of(b"", data) for hit in self._plain(block))

    def finding(
        self, block: TextBlock, hit: SecretHit, commit: str | None = None
    ) -> Finding:
        """Turn a hit into a finding: clear values in ``secrets``, never in the message."""
        place = block.place(hit.start, hit.end)
        value = block.data[hit.start : hit.end] if hit.value is None else hit.value
        rule = self.rules[hit.rule]
        return rule.finding(
            Location(
                "line" if commit is None else "commit",
                block.path or None,
                place.line,
                place.column,
                place.end_line,
                place.end_column,
                commit,
            ),
            f"{rule.title}. {hit.note}" if hit.note else "",
            evidence=block.evidence(hit.start, hit.end),
            subject=_text(value),
            secrets=self.values(block, hit),
            level=hit.level,
            confidence=hit.confidence,
        )


def _once(block: TextBlock, hits: list[SecretHit]) -> list[SecretHit]:
    """Drop what two overlapping pieces of a long line both hold."""
    known: dict[tuple[str, int, int], SecretHit] = {}
    for hit in hits:
        place = block.place(hit.start, hit.end)
        known.setdefault((hit.rule, place.line, place.column), hit)
    return list(known.values())


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
