"""Git's raw listing and patch, read as bytes while they come.

Names, modes and ids are taken from ``--raw -z``, never from the patch's own
headers, which are quoted and which file content can imitate.  The bodies of
hunks are consumed by the counts of their ``@@`` header.  Each section of the
patch must carry the ids of its entry in the listing: if the two part ways,
that is an error, never a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.git.isolated_view import apart
from zt_gate.git.unsafe_names import leads_astray
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    FileChange,
    Hunk,
    HunkLines,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Blob, Status

#: What makes git show everything, in one format, and run nothing.  Above -l files
#: renamed with an edit count as new: comparing each with each takes minutes.
DIFF_FLAGS = (
    "-r", "-p", "-U0", "--raw", "-z", "-M", "-l200", "--text", "--no-ext-diff", "--no-textconv",
    "--no-color", "--full-index", "--no-relative", "--inter-hunk-context=0",
    "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none", "--submodule=short",
)  # fmt: skip

#: Ten trees that name each other ten times over make a tiny commit of any number.
MOST_FILES = 1_000_000
_CHUNK = 1 << 16
#: A name, a header line: longer than any path that an operating system takes.
_LONGEST_FIELD = 1 << 20
_HUNK = re.compile(rb"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@")
_HEADERS = (
    b"old mode ", b"new mode ", b"deleted file ", b"new file mode ", b"copy from ", b"copy to ",
    b"rename from ", b"rename to ", b"similarity index ", b"dissimilarity index ", b"--- ", b"+++ ",
)  # fmt: skip
_PEEK = 24
_SECTION = b"diff --git "
_UNMERGED = b"* Unmerged path "
_FORMAT_BITS = 0o170000
_CONTENT = frozenset(("blob", "tree"))


@dataclass(frozen=True, slots=True)
class DiffEntry:
    """One record of the raw listing."""

    old_mode: int
    new_mode: int
    old_oid: str
    new_oid: str
    status: str
    path: bytes
    old_path: bytes


class DiffReader:
    """A stream of bytes with a look ahead."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read = read
        self._buffer = b""
        self._at = 0

    def peek(self, size: int) -> bytes:
        """Return the next ``size`` bytes without taking them, fewer at the end."""
        while len(self._buffer) - self._at < size and self._fill():
            pass
        return self._buffer[self._at : self._at + size]

    def skip(self, size: int) -> None:
        """Take bytes that were peeked at."""
        self._at += size

    def until(self, end: bytes) -> bytes:
        """Take bytes up to ``end`` and return them without it; raises GitError."""
        found = self._buffer.find(end, self._at)
        while found < 0:
            if len(self._buffer) - self._at > _LONGEST_FIELD or not self._fill():
                raise GitError("git's output ends too early or has an endless line")
            found = self._buffer.find(end, self._at)
        data = self._buffer[self._at : found]
        self._at = found + len(end)
        return data

    def lines(self, count: int) -> bytes:
        """Take at most ``count`` lines, at least a part of one; b"" at the end.

        A line longer than the buffer comes in parts.
        """
        if count < 64:
            at = self._at
            for _ in range(count):
                at = self._buffer.find(b"\n", at) + 1
                if not at:
                    break
            else:
                data = self._buffer[self._at : at]
                self._at = at
                return data
        if self._at == len(self._buffer):
            self._fill()
        data = self._buffer[self._at :]
        if data.count(b"\n") >= count:
            data = data[: len(data) - len(data.split(b"\n", count)[-1])]
        self._at += len(data)
        return data

    def _fill(self) -> bool:
        chunk = self._read(_CHUNK)
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return bool(chunk)


def diff(
    git: Git, args: Sequence[str | bytes], spool: Spool, blobs: BlobStore
) -> tuple[FileChange, ...]:
    """Run a diff between objects, given without its flags, and read it.  Raises GitError."""
    with apart(git) as beside, beside.stream([args[0], *DIFF_FLAGS, *args[1:]]) as pipe:
        return read_changes(DiffReader(pipe.read), spool, blobs)


def read_changes(
    reader: DiffReader, spool: Spool, blobs: BlobStore
) -> tuple[FileChange, ...]:
    """Read one listing and its patch; the reader stands behind them afterwards.

    Raises GitError where the output is not what git writes.
    """
    entries = list(islice(_entries(reader), MOST_FILES + 1))
    if not entries:
        return ()
    if len(entries) > MOST_FILES:
        raise GitError(
            f"the change has more than {MOST_FILES:,} files: too many to look at"
        )
    _check_paths(entries)
    if reader.peek(1) != b"\0":
        raise GitError("git's patch does not follow its listing")
    reader.skip(1)
    return tuple(_change(entry, reader, spool, blobs) for entry in entries)


def _entries(reader: DiffReader) -> Iterator[DiffEntry]:
    while reader.peek(1) == b":":
        fields = reader.until(b"\0").split(b" ")
        if len(fields) != 5 or not fields[4]:
            raise GitError(f"git's listing holds {visible(b' '.join(fields))}")
        old_path = path = reader.until(b"\0")
        status = fields[4][:1].decode("ascii", "replace")
        if status in "RC":
            path = reader.until(b"\0")
        try:
            old_mode, new_mode = int(fields[0][1:], 8), int(fields[1], 8)
        except ValueError as error:
            raise GitError("git's listing holds a mode that is no number") from error
        old_oid, new_oid = (oid.decode("ascii", "replace") for oid in fields[2:4])
        yield DiffEntry(old_mode, new_mode, old_oid, new_oid, status, path, old_path)


def _check_paths(entries: Sequence[DiffEntry]) -> None:
    """Raise GitError where trees hold what git itself would not check out as it stands.

    Of two entries of one name another program may take the one that git does not.
    """
    seen: set[bytes] = set()
    for entry in entries:
        if entry.path in seen:
            raise GitError(f"a folder holds {visible(entry.path)} twice")
        seen.add(entry.path)
        if entry.new_mode != MODE_ABSENT and leads_astray(entry.path):
            raise GitError(f"git would not check out the path {visible(entry.path)}")


def _change(
    entry: DiffEntry, reader: DiffReader, spool: Spool, blobs: BlobStore
) -> FileChange:
    if entry.status == "U":
        return _unmerged(entry, reader, blobs)
    old, new = entry.old_oid, entry.new_oid
    nothing = "0" * len(old)
    if entry.status == "T" or _type_changes(entry):
        # A file that becomes a link is a deletion and an addition in the patch.
        sections = [(old, nothing), (nothing, new)]
    else:
        sections = [(old, new)]
    hunks = [hunk for pair in sections for hunk in _section(pair, reader, spool)]
    return FileChange(
        path=entry.path,
        status=_status(entry.status),
        old_mode=entry.old_mode,
        new_mode=entry.new_mode,
        old_path=None if entry.old_mode == MODE_ABSENT else entry.old_path,
        old=_blob(entry.old_mode, old, blobs),
        new=_blob(entry.new_mode, new, blobs),
        hunks=tuple(hunks),
        incomplete=_disguised(entry, blobs),
    )


def _disguised(entry: DiffEntry, blobs: BlobStore) -> str:
    """Say why an entry is no submodule although git takes it for one, "" where all is well.

    Git takes every mode that it does not know for a submodule's; libgit2 takes
    the same entry for a file, and checks its content out.
    """
    if entry.new_mode != MODE_SUBMODULE or entry.old_oid == entry.new_oid:
        return ""
    kind = blobs.kind(entry.new_oid)
    return (
        f"a submodule that names a {kind} of this repository"
        if kind in _CONTENT
        else ""
    )


def _type_changes(entry: DiffEntry) -> bool:
    formats = {mode & _FORMAT_BITS for mode in (entry.old_mode, entry.new_mode) if mode}
    return len(formats) == 2


def _status(letter: str) -> Status:
    statuses: dict[str, Status] = {
        "A": "A",
        "M": "M",
        "D": "D",
        "R": "R",
        "C": "C",
        "T": "T",
    }
    if letter not in statuses:
        raise GitError(f"git's listing holds the unknown status {visible(letter)}")
    return statuses[letter]


def _blob(mode: int, oid: str, blobs: BlobStore) -> Blob | None:
    return None if mode in {MODE_ABSENT, MODE_SUBMODULE} else blobs.blob(oid)


def _unmerged(entry: DiffEntry, reader: DiffReader, blobs: BlobStore) -> FileChange:
    # The only place where git writes a name as it is, newlines and all.
    line = _UNMERGED + entry.path + b"\n"
    if reader.peek(len(line)) != line:
        raise GitError("git's patch does not follow its listing")
    reader.skip(len(line))
    return FileChange(
        path=entry.path,
        status="M",
        old_mode=entry.old_mode,
        # A file that only the other sides have has no mode in the listing: it is no deletion.
        new_mode=entry.new_mode or entry.old_mode or MODE_FILE,
        old_path=entry.path,
        old=_blob(entry.old_mode, entry.old_oid, blobs)
        if int(entry.old_oid, 16)
        else None,
        incomplete="a merge conflict that is not resolved",
    )


def _section(ids: tuple[str, str], reader: DiffReader, spool: Spool) -> Iterator[Hunk]:
    if reader.peek(len(_SECTION)) != _SECTION:
        raise GitError("git's patch does not follow its listing")
    reader.until(b"\n")
    while True:
        start = reader.peek(_PEEK)
        if start.startswith(b"@@ -"):
            yield _hunk(reader, spool)
        elif start.startswith(b"index "):
            old, dots, new = reader.until(b"\n")[6:].partition(b" ")[0].partition(b"..")
            if not dots or (old, new) != tuple(oid.encode() for oid in ids):
                raise GitError("git's patch does not follow its listing")
        elif start.startswith(_HEADERS):
            reader.until(b"\n")
        elif start.startswith((b"Binary files ", b"GIT binary patch")):
            raise GitError("git hides content as binary although it was told not to")
        else:
            return


def _hunk(reader: DiffReader, spool: Spool) -> Hunk:
    match = _HUNK.match(reader.until(b"\n"))
    if match is None:
        raise GitError("git's patch holds a hunk header that cannot be read")
    old_start, old_count, new_start, new_count = match.groups(b"1")
    removed = _body(reader, spool, int(old_count), b"-")
    added = _body(reader, spool, int(new_count), b"+")
    return Hunk(int(old_start), int(new_start), removed, added)


def _body(reader: DiffReader, spool: Spool, count: int, sign: bytes) -> HunkLines:
    """Move ``count`` lines into the spool, without the sign each begins with.

    Whole buffers are counted and replaced at once: a loop over lines would
    cost more than git itself.
    """
    begin = spool.size
    mark = b"\n" + sign
    left = count
    fresh = True
    while left:
        data = reader.lines(left)
        piece = b"\n" + data if fresh else data
        starts = piece.count(b"\n") - piece.endswith(b"\n")
        if not data or piece.count(mark) != starts:
            raise GitError(
                "git's patch holds a hunk that does not have the lines it announces"
            )
        left -= data.count(b"\n")
        fresh = data.endswith(b"\n")
        stripped = piece.replace(mark, b"\n")
        spool.append(stripped[1:] if piece is not data else stripped)
    if count and reader.peek(2) == b"\\ ":
        reader.until(b"\n")
        spool.cut(spool.size - 1)
    return HunkLines(spool, begin, spool.size - begin, count)
