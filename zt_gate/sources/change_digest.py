"""The one number that says which content was judged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.change import Commit, FileChange, HunkLines


def change_digest(
    files: Iterable[FileChange],
    commits: Iterable[Commit] = (),
    *,
    contents: bool = False,
) -> str:
    """Return SHA-256, in hexadecimal, over statuses, modes, paths, object and commit ids.

    With ``contents`` the lines of the hunks count too: for a source whose
    object ids were written by somebody else, as in a patch.
    """
    total = hashlib.sha256()
    for commit in commits:
        _add(total, b"commit", commit.oid.encode(), commit.author_name, commit.author_email,
             commit.message)  # fmt: skip
    for file in files:
        _add(
            total, b"file", file.status.encode(), b"%o %o" % (file.old_mode, file.new_mode),
            file.path, file.old_path or b"", (file.old.oid if file.old else "").encode(),
            (file.new.oid if file.new else "").encode(), file.incomplete.encode(),
        )  # fmt: skip
        if contents:
            for hunk in file.hunks:
                _add(total, b"hunk", b"%d %d" % (hunk.old_start, hunk.new_start))
                for body in (hunk.removed, hunk.added):
                    _add_body(total, body)
    return total.hexdigest()


def _add(total: hashlib._Hash, *fields: bytes) -> None:
    for field in fields:
        total.update(b"%d:" % len(field))
        total.update(field)


def _add_body(total: hashlib._Hash, body: HunkLines) -> None:
    total.update(b"%d %d:" % (body.lines, body.length))
    at = 0
    while at < body.length:
        size = min(1 << 20, body.length - at)
        total.update(body.store.read(body.offset + at, size))
        at += size
