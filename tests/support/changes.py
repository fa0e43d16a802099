"""Changes made in memory, for the tests of scanners, judge and reports."""

from __future__ import annotations

import difflib
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.support.caches import sealed
from zt_gate.model.change import (
    MODE_FILE,
    Blob,
    ChangeSet,
    Commit,
    ContentUnavailableError,
    FileChange,
    Hunk,
    HunkLines,
)
from zt_gate.scanners.base import Context
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule


@dataclass(frozen=True)
class Memory:
    """A byte store that is one bytes object."""

    data: bytes

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def body(lines: list[bytes]) -> HunkLines:
    data = b"".join(line + b"\n" for line in lines)
    return HunkLines(Memory(data), 0, len(data), len(lines))


def blob(content: bytes) -> Blob:
    def read(limit: int) -> bytes:
        if len(content) > limit:
            raise ContentUnavailableError(f"longer than {limit} bytes")
        return content

    return Blob(hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest(), read)


def _split(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def file_change(
    path: str | bytes,
    new: str | bytes | None,
    old: str | bytes | None = None,
    **fields: Any,
) -> FileChange:
    """A change of one file from ``old`` to ``new`` content (None: does not exist)."""
    before = old.encode() if isinstance(old, str) else old
    after = new.encode() if isinstance(new, str) else new
    a, b = _split(before or b""), _split(after or b"")
    if before is None or after is None:
        spans = [("replace", 0, len(a), 0, len(b))] if a or b else []
    else:
        matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
        spans = [span for span in matcher.get_opcodes() if span[0] != "equal"]
    # Git numbers a side without lines by the line above.
    is_whole = before is None or after is None
    hunks = tuple(
        Hunk(
            i1 + (is_whole or i1 < i2),
            j1 + (is_whole or j1 < j2),
            body(a[i1:i2]),
            body(b[j1:j2]),
        )
        for _, i1, i2, j1, j2 in spans
    )
    status = "A" if before is None else "D" if after is None else "M"
    name = path.encode() if isinstance(path, str) else path
    values: dict[str, Any] = {
        "path": name,
        "status": status,
        "old_mode": 0 if before is None else MODE_FILE,
        "new_mode": 0 if after is None else MODE_FILE,
        "old_path": None if before is None else name,
        "old": None if before is None else blob(before),
        "new": None if after is None else blob(after),
        "hunks": hunks,
        **fields,
    }
    return FileChange(**values)


def change_of(
    new: Mapping[str, str | bytes | None],
    old: Mapping[str, str | bytes] | None = None,
    commits: tuple[Commit, ...] = (),
) -> ChangeSet:
    """A staged change: ``new`` maps paths to contents (None: deleted), ``old`` what was there."""
    before = old or {}
    files = tuple(
        file_change(path, text, before.get(path)) for path, text in new.items()
    )
    return ChangeSet(
        "range" if commits else "staged", "0" * 40, "index", "0" * 64, files, commits
    )


def commit(message: str, *files: FileChange, oid: str = "c" * 40) -> Commit:
    return Commit(
        oid=oid,
        author_name=b"Ada",
        author_email=b"ada@example.org",
        committer_name=b"Ada",
        committer_email=b"ada@example.org",
        message=message.encode(),
        files=files,
    )


def context(rules: Mapping[str, Rule], workdir: Path, **fields: Any) -> Context:
    """Return a context with the real process runner and a deadline that no test reaches.

    ``cache_dir`` is a folder for a cache with a key of the tests' own.
    """
    folder = fields.pop("cache_dir", None)
    if folder is not None:
        fields["cache"] = sealed(folder)
    values: dict[str, Any] = {
        "rules": rules,
        "deadline": time.monotonic() + 600,
        "workdir": workdir,
        "run": process.run,
        **fields,
    }
    return Context(**values)
