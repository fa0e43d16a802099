r"""One change, as a source returns it: its files, hunks and commits.

Paths and lines stay bytes until a report encodes them for its sink.  Only ``\n``
ends a line; CR, VT, FF, NEL and U+2028 do not, because neither git nor the line
numbers of hunks count them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MODE_ABSENT = 0
MODE_FILE = 0o100644
MODE_EXECUTABLE = 0o100755
MODE_SYMLINK = 0o120000
MODE_SUBMODULE = 0o160000

SourceKind = Literal[
    "staged", "range", "base", "worktree", "patch", "tree", "buffer", "text"
]
Status = Literal["A", "M", "D", "R", "C", "T"]

_CHUNK = 1 << 20


class ContentUnavailableError(Exception):
    """The content of a blob could not be read; the text says which and why.

    A scanner must not treat the file as empty: it reports the file as not inspected
    (kind ``failed``).
    """


class ByteStore(Protocol):
    """Storage of the text of hunks: memory, or a temporary file if it is large."""

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes from ``offset``."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file: its 1-based number and its bytes without the newline."""

    number: int
    data: bytes


@dataclass(frozen=True, slots=True)
class HunkLines:
    """The removed or the added lines of a hunk, as a span of a store.

    ``length`` counts bytes, ``lines`` counts lines.  Iteration reads the store in
    chunks, so it needs no more memory than a chunk and the longest line.
    """

    store: ByteStore = field(repr=False)
    offset: int
    length: int
    lines: int

    def __iter__(self) -> Iterator[bytes]:
        unfinished: list[bytes] = []  # parts of a line that continues in the next chunk
        emitted = 0
        position = self.offset
        end = self.offset + self.length
        while position < end:
            chunk = self.store.read(position, min(_CHUNK, end - position))
            position += len(chunk)
            lines = chunk.split(b"\n")
            if len(lines) > 1:
                lines[0] = b"".join((*unfinished, lines[0]))
                unfinished = []
            unfinished.append(lines.pop())
            emitted += len(lines)
            yield from lines
        if emitted < self.lines:
            yield b"".join(unfinished)

    def head(self, size: int) -> bytes:
        """Return at most the first ``size`` bytes."""
        return self.store.read(self.offset, min(size, self.length))


@dataclass(frozen=True, slots=True)
class Hunk:
    """One changed part of a file, without context lines.

    ``old_start`` and ``new_start`` are the 1-based numbers of the first removed and
    the first added line, as in the ``@@`` header of the unified diff format.
    """

    old_start: int
    new_start: int
    removed: HunkLines
    added: HunkLines

    def added_lines(self) -> Iterator[Line]:
        """Yield the added lines with their numbers in the new file."""
        for number, data in enumerate(self.added, self.new_start):
            yield Line(number, data)

    def removed_lines(self) -> Iterator[Line]:
        """Yield the removed lines with their numbers in the old file."""
        for number, data in enumerate(self.removed, self.old_start):
            yield Line(number, data)


@dataclass(frozen=True, slots=True)
class Blob:
    """The content of one side of a file; ``read`` fetches it.

    ``oid`` is git's hexadecimal object id, ``""`` if unknown.
    """

    oid: str
    reader: Callable[[int], bytes] = field(repr=False)

    def read(self, limit: int = 10 * 1024 * 1024) -> bytes:
        """Return the whole content.

        Raises ContentUnavailableError if it is missing, unreadable or longer than
        ``limit`` bytes.
        """
        return self.reader(limit)


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A file of a tree: its mode, and its content (None for a submodule)."""

    mode: int
    blob: Blob | None


class FileTree(Protocol):
    """All files of the new side, changed or not; its calls raise ContentUnavailableError."""

    @property
    def links(self) -> Mapping[bytes, bytes]:
        """The target of each symbolic link, by its path."""
        ...

    def find(self, path: bytes) -> TreeEntry | None:
        """Return the entry of a path, None if it has none or is a folder."""
        ...

    def below(self, folder: bytes) -> Sequence[bytes]:
        """Return the paths of the files below a folder."""
        ...


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of a change.

    ``path`` is the new path (the old one for a deletion); ``old_path`` differs
    from it for renames and copies and is None for an added file.  Modes are
    git's (0 if that side does not exist).  ``old`` and ``new`` are None if that
    side does not exist or is a submodule.
    """

    path: bytes
    status: Status
    old_mode: int
    new_mode: int
    old_path: bytes | None = None
    old: Blob | None = None
    new: Blob | None = None
    hunks: tuple[Hunk, ...] = ()
    #: Why the hunks are incomplete (a binary patch, for example); "" if they are complete.
    incomplete: str = ""
    #: Whether the hunks hold only what no parent of a merge has; ``old`` is the first parent's.
    of_merge: bool = False
    #: The former path of content that counts as added because the new path is held to more
    #: (``zt_gate.review.moved_files``); the status is then ``A``.
    moved_from: bytes | None = None
    #: The new path of such content, on the deletion of its former path.
    moved_to: bytes | None = None
    #: Whether the content is that of ``moved_from``, which a symbolic link shows at ``path``
    #: (``zt_gate.review.linked_files``); the link itself is another file.
    through_link: bool = False

    @property
    def is_deletion(self) -> bool:
        """Whether the change deletes the file."""
        return self.new_mode == MODE_ABSENT

    @property
    def is_symlink(self) -> bool:
        """Whether the new side is a symbolic link; its content is the target."""
        return self.new_mode == MODE_SYMLINK

    @property
    def is_submodule(self) -> bool:
        """Whether the new side (the old one for a deletion) is a submodule."""
        return (self.new_mode or self.old_mode) == MODE_SUBMODULE

    def added_lines(self) -> Iterator[Line]:
        """Yield every added line, as raw bytes (see ``zt_gate.syntax.text`` for text)."""
        for hunk in self.hunks:
            yield from hunk.added_lines()

    def removed_lines(self) -> Iterator[Line]:
        """Yield every removed line, as raw bytes."""
        for hunk in self.hunks:
            yield from hunk.removed_lines()


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a range, with what it changed against its first parent."""

    oid: str
    author_name: bytes
    author_email: bytes
    committer_name: bytes
    committer_email: bytes
    message: bytes
    trailers: tuple[tuple[str, str], ...] = ()
    files: tuple[FileChange, ...] = ()
    #: Why the message cannot be read in the encoding that it declares; "" if it can.
    unreadable: str = ""
    #: What the commit's links can show; scanners do not see it.
    tree: FileTree | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The whole change that one run judges.

    ``base`` and ``head`` are object ids or short words for people ("index",
    "work tree"); ``digest`` identifies the content that was judged.
    """

    kind: SourceKind
    base: str
    head: str
    digest: str
    files: tuple[FileChange, ...] = ()
    commits: tuple[Commit, ...] = ()
    #: Why a range has nothing to judge, for people; "" if it has something.
    nothing: str = ""
    #: Why the change may not be the one that was meant, which makes the verdict an error.
    doubt: str = ""
    #: For a work tree, what is staged and differs both from it and from HEAD; a commit
    #: would record it.  None if nothing is.
    staged: ChangeSet | None = None
    #: What the links of the new side can show; scanners do not see it.
    tree: FileTree | None = field(default=None, compare=False, repr=False)

    def count_files(self) -> int:
        """Return how many items ``files_with_commits`` yields."""
        return len(self.files) + sum(len(commit.files) for commit in self.commits)

    def files_with_commits(self) -> Iterator[tuple[FileChange, Commit | None]]:
        """Yield the files of the net change, then those of each commit.

        A line that one commit of a range adds and a later one removes appears only in
        its commit; it is part of the history that would be published.
        """
        for file in self.files:
            yield file, None
        for commit in self.commits:
            for file in commit.files:
                yield file, commit
