"""From a change to findings: which lines are read, by which parts, and what is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.finding import Location
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.model.text import added_text
from zt_gate.scanners.secrets.anchored import find_formats
from zt_gate.scanners.secrets.block import Block, block_of, blocks
from zt_gate.scanners.secrets.catalogue import Catalogue, build
from zt_gate.scanners.secrets.checksums import digest
from zt_gate.scanners.secrets.hits import Hit, merge
from zt_gate.scanners.secrets.values import Judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding, LocationKind
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.secrets.deep import Deep

KEYWORDS = "secrets/keyword-assignment"


class Engine:
    """Everything that is made once per scan."""

    def __init__(self, rules: Mapping[str, Rule], *, formats_only: bool = False) -> None:
        self.rules = rules
        self.catalogue: Catalogue = build(rules)
        self.judge = Judge.of(self.catalogue.data(KEYWORDS))
        self._deep: Deep | None = None
        if not formats_only:
            from zt_gate.scanners.secrets.deep import Deep

            self._deep = Deep(self.catalogue, self.judge)

    def hits(self, block: Block) -> list[Hit]:
        """Return what is in one block, one hit per span."""
        found = self._plain(block)
        if self._deep is not None:
            found += self._deep.find(block, found, self._look)
        hits = [hit for hit in merge(found) if not self._documented(block, hit)]
        return _once(block, hits) if block.columns else hits

    def _documented(self, block: Block, hit: Hit) -> bool:
        """Whether this is a sample from somebody's documentation, known by its digest."""
        value = _text(block.data[hit.start : hit.end] if hit.value is None else hit.value)
        return digest(value) in self.catalogue.known

    def named(self, path: bytes, commit: str | None) -> list[Finding]:
        """Return the finding for a file that is a secret as a whole, by its name."""
        rule = self._deep.files.whole(path) if self._deep is not None else None
        if rule is None:
            return []
        kind: LocationKind = "file" if commit is None else "commit"
        subject = path.decode("utf-8", "surrogateescape")
        return [rule.finding(Location(kind, path, commit=commit), subject=subject)]

    def _plain(self, block: Block) -> list[Hit]:
        found = list(find_formats(block, self.catalogue, self.judge))
        if b"PRIVATE KEY" in block.data or b"Private-Lines:" in block.data:
            from zt_gate.scanners.secrets.pem import find_keys

            found += find_keys(block, self.judge)
        if b"://" in block.data:
            from zt_gate.scanners.secrets.urls import find_urls

            found += find_urls(block, self.judge)
        return found

    def _look(self, data: bytes) -> list[Hit]:
        """Look at bytes that stand in no file like this: decoded, or put together."""
        return merge(hit for block in block_of(b"", data) for hit in self._plain(block))

    def findings(self, block: Block, commit: str | None = None) -> Iterator[Finding]:
        """Return the findings of one block."""
        for hit in self.hits(block):
            yield self.finding(block, hit, commit)

    def finding(self, block: Block, hit: Hit, commit: str | None = None) -> Finding:
        """Turn a hit into a finding: clear values in ``secrets``, never in the message."""
        place = block.place(hit.start, hit.end)
        span = block.data[hit.start : hit.end]
        value = _text(span if hit.value is None else hit.value)
        secrets = dict.fromkeys((value, _text(span), *(_text(part) for part in hit.extra)))
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
            subject=value,
            secrets=tuple(secret for secret in secrets if secret),
            level=hit.level,
            confidence=hit.confidence,
        )


def scan_change(change: ChangeSet, context: Context) -> ScannerRun:
    """Look at every added line of the net change and of each commit, and at messages."""
    began = time.monotonic()
    engine = Engine(context.rules)
    findings: list[Finding] = []
    skipped: dict[tuple[bytes | None, str], NotInspected] = {}
    judged: set[tuple[str, bytes | None, str]] = set()
    files = lines = 0
    for file, commit in change.units():
        oid = commit.oid if commit else None
        seen, found, missing = _file(engine, file, oid)
        for skip in missing:
            skipped.setdefault((skip.path, skip.reason), skip)
        for finding in found:
            key = (finding.rule, file.path, finding.subject)
            if oid is None or key not in judged:
                findings.append(finding)
            judged.add(key)
        if oid is None:
            files += 1
            lines += seen
    findings += _messages(engine, change.commits)
    return ScannerRun(
        "secrets",
        "ok",
        seconds=time.monotonic() - began,
        files=files,
        lines=lines,
        findings=tuple(findings),
        not_inspected=tuple(skipped.values()),
    )


def _file(
    engine: Engine, file: FileChange, oid: str | None
) -> tuple[int, list[Finding], list[NotInspected]]:
    """Return the number of lines read, the findings, and what could not be looked at."""
    missing: list[NotInspected] = []
    findings: list[Finding] = []
    if not file.is_deletion and not file.is_submodule and file.status != "M":
        findings += engine.named(file.path, oid)
    text = added_text(file)
    if text.skipped is not None:
        return 0, findings, [text.skipped]
    seen = 0
    from zt_gate.scanners.secrets.pem import find_bodies, has_body_lines

    for block in blocks(file.path, text.lines()):
        seen += len(set(block.numbers))
        hits = engine.hits(block)
        if file.old is not None and has_body_lines(block):
            try:
                whole = file.new.read() if file.new else b""
            except ContentUnavailableError as error:
                missing.append(NotInspected(file.path, "failed", str(error)))
            else:
                hits = merge([*hits, *find_bodies(block, whole)])
        findings += (engine.finding(block, hit, oid) for hit in hits)
    return seen, findings, missing


def _once(block: Block, hits: list[Hit]) -> list[Hit]:
    """Drop what two overlapping pieces of a long line both hold."""
    known: dict[tuple[str, int, int], Hit] = {}
    for hit in hits:
        place = block.place(hit.start, hit.end)
        known.setdefault((hit.rule, place.line, place.column), hit)
    return list(known.values())


def scan_bytes(
    data: bytes, path: bytes, rules: Mapping[str, Rule], *, formats_only: bool = False
) -> list[Finding]:
    """Look at one text as if all of it were added."""
    engine = Engine(rules, formats_only=formats_only)
    return [finding for block in block_of(path, data) for finding in engine.findings(block)]


def _messages(engine: Engine, commits: Iterable[Commit]) -> Iterator[Finding]:
    for commit in commits:
        for block in block_of(b"", commit.message):
            yield from engine.findings(block, commit.oid)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
