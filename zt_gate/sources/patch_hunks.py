"""Reads the hunks of a patch without their context lines, and the cursor for reading."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import Hunk, HunkLines
from zt_gate.record import dataclass
from zt_gate.sources.errors import PatchError

if TYPE_CHECKING:
    import mmap

    from zt_gate.git.spooled_text import Spool

HUNK = lazy_re.compile(
    rb"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@"
)
_BATCH = 4096
# Any encoding but plain text, also with its value on the next line.
_ENCODED = lazy_re.compile(
    rb"content-transfer-encoding:(?![ \t]{0,20}\"?(?:7bit|8bit|binary)\"?\s*\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A hunk in the patch with its context lines; ``begin`` and ``end`` are byte offsets."""

    old_start: int
    old_count: int
    begin: int
    end: int


class Cursor:
    """A position in a patch that moves line by line."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data = data
        self.at = 0
        self.number = 1

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.data)

    def peek(self) -> bytes:
        """Return the line at the cursor, without its newline."""
        end = self.data.find(b"\n", self.at)
        return self.data[self.at : end if end >= 0 else len(self.data)]

    def take(self) -> bytes:
        """Return the line at the cursor and move to the next one."""
        line = self.peek()
        self.at += len(line) + 1
        self.number += 1
        return line

    def ahead(self, count: int) -> list[bytes]:
        """Return the next lines without moving."""
        at, number = self.at, self.number
        lines = [self.take() for _ in range(count)]
        self.at, self.number = at, number
        return lines

    def error(self, text: str) -> PatchError:
        """Return an error with the number of the line at the cursor."""
        return PatchError(f"patch line {self.number}: {text}")


def refuse_encoded(cursor: Cursor) -> None:
    """Raise PatchError if the header at the cursor announces encoded text."""
    if _ENCODED.match(cursor.peek()):
        raise cursor.error("the mail is encoded; decode it first with: git mailinfo")


def at_section(cursor: Cursor) -> bool:
    """Whether the section of a file begins at the cursor."""
    start = cursor.data[cursor.at : cursor.at + 11]
    return start == b"diff --git " or (start[:4] == b"--- " and plain_header(cursor))


def plain_header(cursor: Cursor) -> bool:
    """Whether the next lines are ``---``, ``+++`` and a hunk header."""
    old, new, hunk = cursor.ahead(3)
    return (
        old.startswith(b"--- ") and new.startswith(b"+++ ") and hunk.startswith(b"@@ -")
    )


def read_hunks(
    cursor: Cursor, spool: Spool, *, crlf: bool
) -> tuple[tuple[Hunk, ...], tuple[Span, ...]]:
    """Read the hunks at the cursor; raises PatchError."""
    hunks: list[Hunk] = []
    spans: list[Span] = []
    while not cursor.ended and cursor.data[cursor.at : cursor.at + 4] == b"@@ -":
        match = HUNK.match(cursor.peek())
        if match is None:
            raise cursor.error("invalid hunk header")
        cursor.take()
        old_start, old_count, new_start, new_count = map(int, match.groups(b"1"))
        begin = cursor.at
        # A side without lines names the line before it.
        old_line = old_start if old_count else old_start + 1
        new_line = new_start if new_count else new_start + 1
        lines = _HunkLines(cursor, spool, old_line, new_line)
        hunks += lines.read(old_count, new_count, crlf=crlf)
        spans.append(Span(old_start, old_count, begin, cursor.at))
    _check_end(cursor, after_hunk=bool(spans))
    return tuple(hunks), tuple(spans)


def _check_end(cursor: Cursor, *, after_hunk: bool) -> None:
    """Raise PatchError if more changed lines follow than the hunk's header announces."""
    if not after_hunk or cursor.ended or at_section(cursor):
        return
    line = cursor.peek()
    is_mail_signature = line.rstrip() == b"--"
    if line[:1] in {b"+", b"-"} and not is_mail_signature:
        raise cursor.error("the hunk has more lines than its header says")


class _HunkLines:
    """Moves the lines of one hunk into a spool, without their signs and context.

    ``old_line`` and ``new_line`` are the line numbers at the start of the hunk.
    """

    def __init__(
        self, cursor: Cursor, spool: Spool, old_line: int, new_line: int
    ) -> None:
        self._cursor = cursor
        self._spool = spool
        self._old_line = old_line
        self._new_line = new_line
        self._hunks: list[Hunk] = []
        self._pending: list[bytes] = []
        self._begin = spool.size
        self._removed: HunkLines | None = None
        self._count = 0
        self._sign = b" "
        self._old_ended = False
        self._new_ended = False

    def read(self, old: int, new: int, *, crlf: bool) -> list[Hunk]:
        """Read a hunk with ``old`` and ``new`` lines; raises PatchError."""
        cursor, data = self._cursor, self._cursor.data
        size = len(data)
        while old or new:
            start = cursor.at
            if start >= size:
                raise cursor.error("the patch ends in the middle of a hunk")
            end = data.find(b"\n", start)
            end = size if end < 0 else end
            sign = data[start : start + 1]
            if sign in {b"\n", b"\r", b""}:
                sign = b" "  # an empty context line that lost its space
            self._check(sign, old, new)
            old -= sign != b"+"
            new -= sign != b"-"
            text_end = end - 1 if crlf and data[start:end][-1:] == b"\r" else end
            self._add(sign, data[start + 1 : text_end])
            cursor.at = end + 1
            cursor.number += 1
            if data[cursor.at : cursor.at + 2] == b"\\ ":
                cursor.take()
                self._end_without_newline(sign)
        self._close()
        return self._hunks

    def _check(self, sign: bytes, old: int, new: int) -> None:
        """Raise PatchError if a line with this sign cannot follow here."""
        if sign not in {b" ", b"+", b"-"}:
            raise self._cursor.error(
                "a line of a hunk does not begin with ' ', '+' or '-'"
            )
        in_old = sign != b"+"
        in_new = sign != b"-"
        if (in_old and not old) or (in_new and not new):
            raise self._cursor.error("the hunk does not have the lines its header says")
        if (in_old and self._old_ended) or (in_new and self._new_ended):
            raise self._cursor.error("a line follows the end of the file")

    def _add(self, sign: bytes, text: bytes) -> None:
        if sign != self._sign:
            self._turn(sign)
        if sign != b"+":
            self._old_line += 1
        if sign != b"-":
            self._new_line += 1
        if sign != b" ":
            self._pending.append(text)
            self._count += 1
            if len(self._pending) >= _BATCH:
                self._flush()

    def _turn(self, sign: bytes) -> None:
        """Switch from removed to added lines, or close the hunk that ends here."""
        if self._sign == b"-" and sign == b"+":
            self._removed = self._body()
        else:
            self._close()
        self._sign = sign

    def _flush(self) -> None:
        if self._pending:
            self._spool.append(b"\n".join(self._pending) + b"\n")
            self._pending.clear()

    def _body(self) -> HunkLines:
        """Return the lines since the last call as a body."""
        self._flush()
        length = self._spool.size - self._begin
        body = HunkLines(self._spool, self._begin, length, self._count)
        self._begin, self._count = self._spool.size, 0
        return body

    def _end_without_newline(self, sign: bytes) -> None:
        self._flush()
        self._old_ended |= sign != b"+"
        self._new_ended |= sign != b"-"
        if sign != b" ":
            self._spool.truncate(self._spool.size - 1)

    def _close(self) -> None:
        """Add the hunk of the lines so far, if there are any."""
        if self._sign != b" ":
            last = self._body()
            empty = HunkLines(self._spool, last.offset, 0, 0)
            if self._sign == b"+":
                removed, added = self._removed or empty, last
            else:
                removed, added = last, empty
            # As in git's diffs: a side without lines names the line before it.
            old_start = self._old_line - (removed.lines or 1)
            new_start = self._new_line - (added.lines or 1)
            self._hunks.append(Hunk(old_start, new_start, removed, added))
        self._removed = None
        self._sign = b" "
