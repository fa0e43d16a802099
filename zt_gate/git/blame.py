"""The author and the date of each line of a file, from ``git blame``."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re

if TYPE_CHECKING:
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git

_HEADER = lazy_re.compile(rb"([0-9a-f]{40,64}) \d+ (\d{1,9}) (\d{1,9})")
_AUTHOR = lazy_re.compile(
    rb"^author ([^<\n]*)<([^>\n]*)> (-?\d{1,15}) [-+]\d{4}$", re.MULTILINE
)
_MAX_NAME = 100


class Author(NamedTuple):
    """A commit's author as recorded in the commit; ``date`` is an ISO date in UTC."""

    name: str
    date: str


def blame(
    git: Git, commit: str, path: bytes, store: BlobStore, line: int | None = None
) -> dict[int, Author]:
    """Return the authors of the lines of ``path`` at ``commit`` (an object id).

    The keys are 1-based line numbers.  With ``line`` the result covers that line
    only.  Names come from the commits, not from ``.mailmap``, which the change
    can edit.  A line has no entry where a shallow clone lacks its origin.
    Raises GitError.
    """
    args = [
        # Settings may name commits to skip and programs that convert the text.
        "-c",
        "blame.ignoreRevsFile=",
        "blame",
        "--no-textconv",
        "--incremental",
    ]
    if line is not None:
        args.append(f"-L{line},{line}")
    output = git.run([*args, commit, b"--", path])
    line_commits, boundaries = _parse(output)
    missing = boundaries if git.shallow else set()
    authors = {}
    for oid in set(line_commits.values()) - missing:
        author = _author(oid, store)
        if author is not None:
            authors[oid] = author
    return {
        number: authors[oid] for number, oid in line_commits.items() if oid in authors
    }


def _parse(output: bytes) -> tuple[dict[int, bytes], set[bytes]]:
    """Return the commit of each line, and the commits whose parents git does not have."""
    line_commits: dict[int, bytes] = {}
    boundaries: set[bytes] = set()
    commit = b""
    for row in output.split(b"\n"):
        header = _HEADER.fullmatch(row)
        if header:
            commit = header[1]
            first, count = int(header[2]), int(header[3])
            line_commits.update(dict.fromkeys(range(first, first + count), commit))
        elif row == b"boundary":
            boundaries.add(commit)
    return line_commits, boundaries


def _author(oid: bytes, store: BlobStore) -> Author | None:
    kind, data = store.fetch(oid.decode("ascii"))
    if kind != "commit":
        return None
    headers = data.partition(b"\n\n")[0]
    match = _AUTHOR.search(headers)
    if match is None:
        return None
    try:
        date = time.strftime("%Y-%m-%d", time.gmtime(int(match[3])))
    except (ValueError, OverflowError, OSError):
        date = ""
    name = match[1].decode("utf-8", "replace").strip()
    return Author(name[:_MAX_NAME], date)
