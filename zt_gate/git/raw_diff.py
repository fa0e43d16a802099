"""Reads git's raw diff listing and patch as a stream of bytes.

Names, modes and ids are taken from ``--raw -z``, never from the patch's own
headers, which are quoted and which file content can imitate.  The line counts
of a hunk's ``@@`` header say how many lines are read.  Each section of the
patch must carry the ids of its entry in the listing; a mismatch is an error.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.errors import GitError, visible
from zt_gate.git.isolated_view import with_empty_work_tree
from zt_gate.git.unsafe_names import is_unsafe_path
from zt_gate.model.change import (
    MODE_ABSENT,
    MODE_FILE,
    MODE_SUBMODULE,
    FileChange,
    Hunk,
    HunkLines,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import Blob, Status

#: Options with which git shows all content in one format and runs no program.  -l
#: limits the search for edited renames, which would compare every pair of files.
DIFF_FLAGS = (
    "-r", "-p", "-U0", "--raw", "-z", "-M", "-l200", "--text", "--no-ext-diff", "--no-textconv",
    "--no-color", "--full-index", "--no-relative", "--inter-hunk-context=0",
    "--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=none", "--submodule=short",
)  # fmt: skip

#: Limit for hostile commits: ten small trees that nest each other can list any number.
MOST_FILES = 1_000_000
_CHUNK = 1 << 16
#: Bytes of a name or a header line, more than any operating system allows for a path.
_LONGEST_FIELD = 1 << 20
_HUNK = lazy_re.compile(
    rb"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@"
)
_HEADERS = (
    b"old mode ", b"new mode ", b"deleted file ", b"new file mode ", b"copy from ", b"copy to ",
    b"rename from ", b"rename to ", b"similarity index ", b"dissimilarity index ", b"--- ", b"+++ ",
)  # fmt: skip
_PEEK = 24
_SECTION = b"diff --git "
_UNMERGED = b"* Unmerged path "
_FORMAT_BITS = 0o170000
_STATUSES: dict[str, Status] = {
    letter: letter for letter in ("A", "M", "D", "R", "C", "T")
}
_MISMATCH = "git's patch does not match its listing"
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
    """A buffered stream of bytes that can be peeked at."""

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
        """Advance past bytes that were peeked at."""
        self._at += size

    def until(self, end: bytes) -> bytes:
        """Read up to ``end`` and return the bytes before it; raises GitError."""
        position = self._buffer.find(end, self._at)
        while position < 0:
            if len(self._buffer) - self._at > _LONGEST_FIELD or not self._fill():
                raise GitError("git's output ends early or has a line over the limit")
            position = self._buffer.find(end, self._at)
        data = self._buffer[self._at : position]
        self._at = position + len(end)
        return data

    def lines(self, count: int) -> bytes:
        """Read at most ``count`` lines, or part of one; b"" at the end of the stream.

        A line longer than the buffer is returned in parts.
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
    """Run a diff command between objects and read its changes.

    ``args`` are the command and its operands; DIFF_FLAGS are added.  Raises GitError, also
    if a blob has other content than its id says: git does not look.
    """
    command, *operands = args
    with (
        with_empty_work_tree(git) as isolated,
        isolated.stream([command, *DIFF_FLAGS, *operands]) as pipe,
    ):
        files = read_changes(DiffReader(pipe.read), spool, blobs)
    blobs.verify(compared(files))
    return files


def read_changes(
    reader: DiffReader, spool: Spool, blobs: BlobStore
) -> tuple[FileChange, ...]:
    """Read one listing and its patch, and leave the reader after them.

    Raises GitError if the output does not have git's format.
    """
    entries = list(islice(_entries(reader), MOST_FILES + 1))
    if not entries:
        return ()
    if len(entries) > MOST_FILES:
        raise GitError(f"the change has more than {MOST_FILES:,} files, the limit")
    _check_paths(entries)
    if reader.peek(1) != b"\0":
        raise GitError(_MISMATCH)
    reader.skip(1)
    return tuple(_change(entry, reader, spool, blobs) for entry in entries)


def compared(files: Iterable[FileChange]) -> Iterator[str]:
    """Yield the ids of the blobs that git read to compare the files."""
    for file in files:
        old = "" if file.old is None else file.old.oid
        new = "" if file.new is None else file.new.oid
        if old != new:
            yield from filter(None, (old, new))


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
            raise GitError("git's listing has an invalid file mode") from error
        old_oid, new_oid = (oid.decode("ascii", "replace") for oid in fields[2:4])
        yield DiffEntry(old_mode, new_mode, old_oid, new_oid, status, path, old_path)


def _check_paths(entries: Sequence[DiffEntry]) -> None:
    """Raise GitError for paths that git would not check out as listed.

    Of two entries with the same name git and another program may use different ones.
    """
    seen: set[bytes] = set()
    for entry in entries:
        if entry.path in seen:
            raise GitError(f"a tree lists {visible(entry.path)} twice")
        seen.add(entry.path)
        if entry.new_mode != MODE_ABSENT and is_unsafe_path(entry.path):
            raise GitError(f"git refuses to check out the path {visible(entry.path)}")


def _change(
    entry: DiffEntry, reader: DiffReader, spool: Spool, blobs: BlobStore
) -> FileChange:
    if entry.status == "U":
        return _unmerged(entry, reader, blobs)
    old, new = entry.old_oid, entry.new_oid
    null_oid = "0" * len(old)
    if entry.status == "T" or _type_changes(entry):
        # The patch shows a file that becomes a link as a deletion and an addition.
        sections = [(old, null_oid), (null_oid, new)]
    else:
        sections = [(old, new)]
    hunks: list[Hunk] = []
    for oids in sections:
        hunks += _section(oids, reader, spool)
    return FileChange(
        path=entry.path,
        status=_status(entry.status),
        old_mode=entry.old_mode,
        new_mode=entry.new_mode,
        old_path=None if entry.old_mode == MODE_ABSENT else entry.old_path,
        old=_blob(entry.old_mode, old, blobs),
        new=_blob(entry.new_mode, new, blobs),
        hunks=tuple(hunks),
        incomplete=_false_submodule(entry, blobs),
    )


def _false_submodule(entry: DiffEntry, blobs: BlobStore) -> str:
    """Return the reason why a submodule entry is not a submodule, "" if it is one.

    Git treats every unknown mode as a submodule; libgit2 treats the same entry
    as a file and checks out its content.
    """
    if entry.new_mode != MODE_SUBMODULE or entry.old_oid == entry.new_oid:
        return ""
    kind = blobs.kind(entry.new_oid)
    if kind not in _CONTENT:
        return ""
    return f"the submodule points to a {kind} of this repository, not to a commit"


def _type_changes(entry: DiffEntry) -> bool:
    formats = {mode & _FORMAT_BITS for mode in (entry.old_mode, entry.new_mode) if mode}
    return len(formats) == 2


def _status(letter: str) -> Status:
    if letter not in _STATUSES:
        raise GitError(f"git's listing has the unknown status {visible(letter)}")
    return _STATUSES[letter]


def _blob(mode: int, oid: str, blobs: BlobStore) -> Blob | None:
    return None if mode in {MODE_ABSENT, MODE_SUBMODULE} else blobs.blob(oid)


def _unmerged(entry: DiffEntry, reader: DiffReader, blobs: BlobStore) -> FileChange:
    # Only here git writes a name unquoted, including any newlines.
    line = _UNMERGED + entry.path + b"\n"
    if reader.peek(len(line)) != line:
        raise GitError(_MISMATCH)
    reader.skip(len(line))
    has_old = int(entry.old_oid, 16) != 0
    old = _blob(entry.old_mode, entry.old_oid, blobs) if has_old else None
    return FileChange(
        path=entry.path,
        status="M",
        old_mode=entry.old_mode,
        # A file that only the other sides have is listed without a mode, but not deleted.
        new_mode=entry.new_mode or entry.old_mode or MODE_FILE,
        old_path=entry.path,
        old=old,
        incomplete="it has an unresolved merge conflict",
    )


def _section(oids: tuple[str, str], reader: DiffReader, spool: Spool) -> Iterator[Hunk]:
    if reader.peek(len(_SECTION)) != _SECTION:
        raise GitError(_MISMATCH)
    reader.until(b"\n")
    while True:
        start = reader.peek(_PEEK)
        if start.startswith(b"@@ -"):
            yield _hunk(reader, spool)
        elif start.startswith(b"index "):
            line = reader.until(b"\n").removeprefix(b"index ")
            old, dots, new = line.partition(b" ")[0].partition(b"..")
            if not dots or (old, new) != tuple(oid.encode() for oid in oids):
                raise GitError(_MISMATCH)
        elif start.startswith(_HEADERS):
            reader.until(b"\n")
        elif start.startswith((b"Binary files ", b"GIT binary patch")):
            raise GitError("git treats a file as binary in spite of --text")
        else:
            return


def _hunk(reader: DiffReader, spool: Spool) -> Hunk:
    match = _HUNK.match(reader.until(b"\n"))
    if match is None:
        raise GitError("git's patch has an invalid hunk header")
    old_start, old_count, new_start, new_count = match.groups(b"1")
    removed = _body(reader, spool, int(old_count), b"-")
    added = _body(reader, spool, int(new_count), b"+")
    return Hunk(int(old_start), int(new_start), removed, added)


def _body(reader: DiffReader, spool: Spool, count: int, sign: bytes) -> HunkLines:
    """Move ``count`` lines into the spool, without the sign that each begins with.

    Whole buffers are counted and replaced at once: a loop over lines would be
    slower than git itself.
    """
    begin = spool.size
    line_start = b"\n" + sign
    remaining = count
    at_line_start = True
    while remaining:
        data = reader.lines(remaining)
        # A newline in front lets every line start look the same.
        text = b"\n" + data if at_line_start else data
        expected = text.count(b"\n") - text.endswith(b"\n")
        if not data or text.count(line_start) != expected:
            raise GitError(
                "a hunk of git's patch does not have the lines that its header announces"
            )
        stripped = text.replace(line_start, b"\n")
        spool.append(stripped[1:] if at_line_start else stripped)
        remaining -= data.count(b"\n")
        at_line_start = data.endswith(b"\n")
    if count and reader.peek(2) == b"\\ ":
        reader.until(b"\n")
        spool.truncate(spool.size - 1)
    return HunkLines(spool, begin, spool.size - begin, count)
