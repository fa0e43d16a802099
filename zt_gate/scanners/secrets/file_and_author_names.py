"""Finds keys in file names, and in the authors and committers of commits.

Reviewers overlook these, and every clone publishes them.  Only formats and
passwords in URLs count here: a name that contains the word "password" is not a
secret.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from zt_gate.scanners.secrets.text_block import TextBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.change import Commit, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.secrets.block_scan import BlockScanner

    #: A name to scan, the path that it belongs to, and the commit that gives it.
    NameEntry = tuple[bytes, bytes | None, str | None]

#: Names that are scanned at a time.
_BATCH = 10_000


def in_file_names(
    scanner: BlockScanner, units: Iterable[tuple[FileChange, Commit | None]]
) -> Iterator[Finding]:
    """Yield findings for file names that the change, or a commit in it, introduces."""
    oid_by_path: dict[bytes, str | None] = {}
    for file, commit in units:
        if not file.is_deletion and file.status != "M":
            oid_by_path.setdefault(file.path, commit.oid if commit else None)
    # A path has no empty part, so a URL in it has lost a slash.
    entries: list[NameEntry] = [
        (path.replace(b":/", b"://"), path, oid) for path, oid in oid_by_path.items()
    ]
    yield from _findings(scanner, entries, "in the name of a file")


def in_commit_headers(
    scanner: BlockScanner, commits: Iterable[Commit]
) -> Iterator[Finding]:
    """Yield findings for authors' and committers' names and addresses, each once."""
    oid_by_text: dict[bytes, str] = {}
    for commit in commits:
        header = (
            commit.author_name,
            commit.author_email,
            commit.committer_name,
            commit.committer_email,
        )
        for text in header:
            oid_by_text.setdefault(text, commit.oid)
    entries: list[NameEntry] = [(text, None, oid) for text, oid in oid_by_text.items()]
    where = "in the name or address of an author or committer"
    yield from _findings(scanner, entries, where)


def _findings(
    scanner: BlockScanner, entries: Sequence[NameEntry], where: str
) -> Iterator[Finding]:
    """Scan the names in batches, each name as a line of a block."""
    for first in range(0, len(entries), _BATCH):
        batch = entries[first : first + _BATCH]
        lines = [text.replace(b"\n", b"\r") for text, _, _ in batch]
        lengths = (len(line) + 1 for line in lines[:-1])
        starts = list(accumulate(lengths, initial=0))
        block = TextBlock(b"", b"\n".join(lines), starts, list(range(len(lines))))
        for hit in scanner.format_hits(block):
            _, path, oid = batch[block.index(hit.start)]
            yield scanner.name_finding(block, hit, path, oid, where)
