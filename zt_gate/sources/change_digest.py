"""The digest that identifies the content that was judged."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.change import Blob, Commit, FileChange, Hunk, HunkLines

_CHUNK = 1 << 20


def change_digest(
    files: Iterable[FileChange],
    commits: Iterable[Commit] = (),
    *,
    contents: bool = False,
) -> str:
    """Return the hexadecimal SHA-256 of statuses, modes, paths, object and commit ids.

    With ``contents`` it also covers the lines of the hunks, for sources such as
    patches whose object ids are not verified.
    """
    digest = hashlib.sha256()
    for commit in commits:
        _add(
            digest,
            b"commit",
            commit.oid.encode(),
            commit.author_name,
            commit.author_email,
            commit.message,
        )
    for file in files:
        _add(
            digest,
            b"file",
            file.status.encode(),
            b"%o %o" % (file.old_mode, file.new_mode),
            file.path,
            file.old_path or b"",
            _oid(file.old),
            _oid(file.new),
            file.incomplete.encode(),
        )
        if contents:
            for hunk in file.hunks:
                _add_hunk(digest, hunk)
    return digest.hexdigest()


def _oid(blob: Blob | None) -> bytes:
    return blob.oid.encode() if blob else b""


def _add(digest: hashlib._Hash, *fields: bytes) -> None:
    for field in fields:
        digest.update(b"%d:" % len(field))
        digest.update(field)


def _add_hunk(digest: hashlib._Hash, hunk: Hunk) -> None:
    _add(digest, b"hunk", b"%d %d" % (hunk.old_start, hunk.new_start))
    _add_body(digest, hunk.removed)
    _add_body(digest, hunk.added)


def _add_body(digest: hashlib._Hash, body: HunkLines) -> None:
    digest.update(b"%d %d:" % (body.lines, body.length))
    position = 0
    while position < body.length:
        size = min(_CHUNK, body.length - position)
        digest.update(body.store.read(body.offset + position, size))
        position += size
