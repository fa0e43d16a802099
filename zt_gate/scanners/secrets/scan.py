"""From a change to findings: which lines are read, by which parts, and what is said."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.finding_limits import FindingLimits
from zt_gate.scanners.secrets.hits import merge
from zt_gate.scanners.secrets.names_and_headers import in_commit_heads, in_file_names
from zt_gate.scanners.secrets.text_block import block_of, blocks
from zt_gate.syntax.text import added_text

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock


def scan_change(change: ChangeSet, context: Context) -> ScannerRun:
    """Look at every added line of the net change and of each commit, and at messages."""
    began = time.monotonic()
    engine = BlockScanner(context.rules)
    ledger = FindingLimits(engine)
    findings: list[Finding] = []
    skipped: dict[tuple[bytes | None, str], NotInspected] = {}
    judged: set[tuple[str, bytes, bytes]] = set()
    files = lines = 0
    for file, commit in change.units():
        oid = commit.oid if commit else None
        if not file.is_deletion and not file.is_submodule and file.status != "M":
            findings += ledger.names(engine.named(file.path, oid))
        seen, found, missing = _file(engine, file)
        for skip in missing:
            skipped.setdefault((skip.path, skip.reason), skip)
        findings += ledger.tell(
            _new(file.path, found, judged, every=oid is None), file.path, oid
        )
        if oid is None:
            files += 1
            lines += seen
    findings += ledger.names(in_file_names(engine, change.units()))
    for one in change.commits:
        texts = [(b, hit) for b in block_of(b"", one.message) for hit in engine.hits(b)]
        findings += ledger.tell(texts, None, one.oid)
    findings += ledger.names(in_commit_heads(engine, change.commits))
    findings += ledger.close()
    return ScannerRun(
        "secrets",
        "ok",
        seconds=time.monotonic() - began,
        files=files,
        lines=lines,
        findings=tuple(findings),
        not_inspected=tuple(skipped.values()),
    )


def _new(
    path: bytes,
    found: list[tuple[TextBlock, SecretHit]],
    judged: set[tuple[str, bytes, bytes]],
    *,
    every: bool,
) -> list[tuple[TextBlock, SecretHit]]:
    """Return what a commit shows that the net change has not shown; ``every`` one of the latter."""
    fresh = []
    for block, hit in found:
        key = (
            hit.rule,
            path,
            block.data[hit.start : hit.end] if hit.value is None else hit.value,
        )
        if every or key not in judged:
            fresh.append((block, hit))
        judged.add(key)
    return fresh


def _file(
    engine: BlockScanner, file: FileChange
) -> tuple[int, list[tuple[TextBlock, SecretHit]], list[NotInspected]]:
    """Return the number of lines read, what is in them, and what could not be looked at."""
    missing: list[NotInspected] = []
    found: list[tuple[TextBlock, SecretHit]] = []
    text = added_text(file)
    if text.skipped is not None:
        return 0, found, [text.skipped]
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
        found += ((block, hit) for hit in hits)
    return seen, found, missing
