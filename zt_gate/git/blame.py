"""Who put a line where it stands, and when."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git

_HEADER = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d{1,9}) (\d{1,9})")
_AUTHOR = re.compile(
    rb"^author ([^<\n]*)<([^>\n]*)> (-?\d{1,15}) [-+]\d{4}$", re.MULTILINE
)
_FIELD = 100


class Author(NamedTuple):
    """A commit's author as the commit has it; ``date`` is an ISO date in UTC."""

    name: str
    date: str


def blame(
    git: Git, commit: str, path: bytes, store: BlobStore, line: int | None = None
) -> dict[int, Author]:
    """Return the authors of the lines of ``path`` at ``commit`` (an object id).

    With ``line`` of that one alone.  Names come from the commits themselves: a
    ``.mailmap`` belongs to the change.  A line whose origin a shallow clone cut
    off has no author here.  Raises GitError.
    """
    span = [] if line is None else [f"-L{line},{line}"]
    # No conversion program, no list of commits to pass over: both are settings.
    args = [
        "-c",
        "blame.ignoreRevsFile=",
        "blame",
        "--no-textconv",
        "--incremental",
        *span,
    ]
    told = git.run([*args, commit, b"--", path])
    origins: dict[int, bytes] = {}
    boundaries: set[bytes] = set()
    latest = b""
    for row in told.split(b"\n"):
        header = _HEADER.fullmatch(row)
        if header:
            latest = header[1]
            first = int(header[2])
            origins.update(dict.fromkeys(range(first, first + int(header[3])), latest))
        elif row == b"boundary":
            boundaries.add(latest)
    cut = boundaries if git.shallow else set()
    authors = {oid: _author(oid, store) for oid in set(origins.values()) - cut}
    return {at: author for at, oid in origins.items() if (author := authors.get(oid))}


def _author(oid: bytes, store: BlobStore) -> Author | None:
    kind, data = store.fetch(oid.decode("ascii"))
    found = _AUTHOR.search(data.partition(b"\n\n")[0]) if kind == "commit" else None
    if found is None:
        return None
    try:
        date = time.strftime("%Y-%m-%d", time.gmtime(int(found[3])))
    except (ValueError, OverflowError, OSError):
        date = ""
    return Author(found[1].decode("utf-8", "replace").strip()[:_FIELD], date)
