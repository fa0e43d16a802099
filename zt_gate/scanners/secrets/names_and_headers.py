"""Keys in names: of files, and of the people in a commit's head.

Nobody reads these, and they are published with every clone.  Only formats of
their own and passwords in URLs count here: a name that speaks of a password
is no secret.
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

#: Names in one pass.
_PASS = 10_000


def in_file_names(
    engine: BlockScanner, units: Iterable[tuple[FileChange, Commit | None]]
) -> Iterator[Finding]:
    """Yield findings for names that the change, or a commit in it, gives to files."""
    seen: dict[bytes, str | None] = {}
    for file, commit in units:
        if not file.is_deletion and file.status != "M":
            seen.setdefault(file.path, commit.oid if commit else None)
    # A path has no empty part, so a URL in it has lost a slash.
    rows = [(path.replace(b":/", b"://"), path, oid) for path, oid in seen.items()]
    yield from _in_rows(engine, rows, "in the name of a file")


def in_commit_heads(
    engine: BlockScanner, commits: Iterable[Commit]
) -> Iterator[Finding]:
    """Yield findings for authors' and committers' names and addresses, each told once."""
    seen: dict[bytes, str] = {}
    for one in commits:
        for text in (
            one.author_name,
            one.author_email,
            one.committer_name,
            one.committer_email,
        ):
            seen.setdefault(text, one.oid)
    rows = [(text, None, oid) for text, oid in seen.items()]
    yield from _in_rows(
        engine, rows, "in the name or address of an author or committer"
    )


def _in_rows(
    engine: BlockScanner,
    rows: Sequence[tuple[bytes, bytes | None, str | None]],
    where: str,
) -> Iterator[Finding]:
    for first in range(0, len(rows), _PASS):
        part = rows[first : first + _PASS]
        lines = [text.replace(b"\n", b"\r") for text, _, _ in part]
        starts = list(accumulate((len(line) + 1 for line in lines[:-1]), initial=0))
        block = TextBlock(b"", b"\n".join(lines), starts, list(range(len(lines))))
        for hit in engine.formats(block):
            _, path, oid = part[block.index(hit.start)]
            yield engine.naming(block, hit, path, oid, where)
