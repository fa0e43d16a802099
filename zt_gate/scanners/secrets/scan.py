"""Scans a change for secrets: added lines, commit messages, file names and commit headers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.scanners.secrets.block_scan import BlockScanner
from zt_gate.scanners.secrets.file_and_author_names import (
    in_commit_headers,
    in_file_names,
)
from zt_gate.scanners.secrets.finding_limits import FindingLimits
from zt_gate.scanners.secrets.hits import merge, one_per_line
from zt_gate.scanners.secrets.text_block import block_of, blocks
from zt_gate.syntax.text import added_text

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.secrets.hits import SecretHit
    from zt_gate.scanners.secrets.text_block import TextBlock
    from zt_gate.syntax.text import TextLines


def scan_change(change: ChangeSet, context: Context) -> ScannerRun:
    """Scan the added lines of the net change and of each commit, and commit messages."""
    started = time.monotonic()
    scan = _ChangeScan(BlockScanner(context.rules))
    files = change.files_with_commits()
    for file, commit in context.counted(files, change.count_files()):
        scan.scan_file(file, commit)
    scan.add_name_findings(change)
    return ScannerRun(
        "secrets",
        "ok",
        seconds=time.monotonic() - started,
        files=scan.files,
        lines=scan.lines,
        findings=tuple(scan.findings),
        not_inspected=tuple(scan.not_inspected.values()),
    )


class _ChangeScan:
    """One scan of a change, and its results so far."""

    def __init__(self, scanner: BlockScanner) -> None:
        self.findings: list[Finding] = []
        self.not_inspected: dict[tuple[bytes | None, str], NotInspected] = {}
        self.files = 0
        self.lines = 0
        self._scanner = scanner
        self._limits = FindingLimits(scanner)
        #: Rule, path and value of what was reported.
        self._reported: set[tuple[str, bytes, bytes]] = set()

    def scan_file(self, file: FileChange, commit: Commit | None) -> None:
        """Scan one file of the net change, or of a commit."""
        oid = commit.oid if commit else None
        if not file.is_deletion and not file.is_submodule and file.status != "M":
            key_store = self._scanner.key_store_findings(file.path, oid)
            self.findings += self._limits.limit_names(key_store)
        lines, hits = self._hits_in_file(file)
        if commit is None:
            self.files += 1
            self.lines += lines
        new_hits = self._not_reported(file.path, hits, keep_all=commit is None)
        distinct = one_per_line(new_hits, self._limits.badness)
        self.findings += self._limits.limit_hits(distinct, file.path, oid)

    def add_name_findings(self, change: ChangeSet) -> None:
        """Scan file names, commit messages and headers, and add the summary findings."""
        limits = self._limits
        file_names = in_file_names(self._scanner, change.files_with_commits())
        self.findings += limits.limit_names(file_names)
        for commit in change.commits:
            if commit.unreadable:
                reason = f"the message of commit {commit.oid[:12]} {commit.unreadable}"
                self._skip(NotInspected(None, "unreadable", reason))
            hits = [
                (block, hit)
                for block in block_of(b"", commit.message)
                for hit in self._scanner.hits(block)
            ]
            hits = list(one_per_line(hits, limits.badness))
            self.findings += limits.limit_hits(hits, None, commit.oid)
        headers = in_commit_headers(self._scanner, change.commits)
        self.findings += limits.limit_names(headers)
        self.findings += limits.close()

    def _hits_in_file(
        self, file: FileChange
    ) -> tuple[int, list[tuple[TextBlock, SecretHit]]]:
        """Return the number of added lines, and the hits in them."""
        text = added_text(file)
        if text.skipped is not None:
            self._skip(text.skipped)
            return 0, []
        from zt_gate.scanners.secrets.pem import find_bodies, has_body_lines

        line_count = 0
        file_hits: list[tuple[TextBlock, SecretHit]] = []
        for block in blocks(file.path, text.lines()):
            line_count += len(set(block.numbers))
            hits = self._scanner.hits(block)
            if file.old is not None and has_body_lines(block):
                new_content = self._new_content(file)
                if new_content is not None:
                    hits = merge([*hits, *find_bodies(block, new_content)])
            file_hits += ((block, hit) for hit in hits)
        return line_count, self._with_completed(text, file_hits)

    def _with_completed(
        self, text: TextLines, hits: list[tuple[TextBlock, SecretHit]]
    ) -> list[tuple[TextBlock, SecretHit]]:
        """Add the secrets of which the change only adds, or uncovers, a part."""
        from zt_gate.syntax.surroundings import surroundings

        try:
            near = surroundings(text)
            if near is None:
                return hits
            from zt_gate.scanners.secrets.completed_hits import (
                completed_hits,
                without_replaced,
            )

            completed = completed_hits(self._scanner, near, hits)
        except ContentUnavailableError as error:
            reason = f"only the added lines were scanned, without those around: {error}"
            if not any(path == text.file.path for path, _ in self.not_inspected):
                self._skip(NotInspected(text.file.path, "not_applicable", reason))
            return hits
        return [*without_replaced(hits, completed), *completed]

    def _new_content(self, file: FileChange) -> bytes | None:
        """Return the file's new content; None, with a not-inspected entry, if unavailable."""
        try:
            return file.new.read() if file.new else b""
        except ContentUnavailableError as error:
            self._skip(NotInspected(file.path, "failed", str(error)))
            return None

    def _skip(self, entry: NotInspected) -> None:
        self.not_inspected.setdefault((entry.path, entry.reason), entry)

    def _not_reported(
        self,
        path: bytes,
        hits: list[tuple[TextBlock, SecretHit]],
        *,
        keep_all: bool,
    ) -> list[tuple[TextBlock, SecretHit]]:
        """Return the hits that were not reported yet, or all; remember them as reported."""
        new_hits = []
        for block, hit in hits:
            key = (hit.rule, path, hit.secret(block))
            if keep_all or key not in self._reported:
                new_hits.append((block, hit))
            self._reported.add(key)
        return new_hits
