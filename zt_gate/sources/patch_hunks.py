"""Hunks of a patch with context, as hunks without it; and the cursor that reads them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.change import Body, Hunk
from zt_gate.sources.errors import PatchError

if TYPE_CHECKING:
    import mmap

    from zt_gate.git.spooled_text import Spool

HUNK = re.compile(rb"@@ -(\d{1,18})(?:,(\d{1,18}))? \+(\d{1,18})(?:,(\d{1,18}))? @@")
_BATCH = 4096
# Anything but plain text, also where the value stands on the next line.
_ENCODED = re.compile(
    rb"content-transfer-encoding:(?![ \t]{0,20}\"?(?:7bit|8bit|binary)\"?\s*\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """A hunk as it stands in the patch, context lines and all."""

    old_start: int
    old_count: int
    begin: int
    end: int


class Cursor:
    """A place in the patch that moves line by line."""

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
        """Return the line at the cursor and move behind it."""
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
        """Return an error that names the line at the cursor."""
        return PatchError(f"patch line {self.number}: {text}")


def refuse_encoded(cursor: Cursor) -> None:
    """Raise PatchError where the text that follows is written in another alphabet."""
    if _ENCODED.match(cursor.peek()):
        raise cursor.error("an encoded mail: decode it first (git mailinfo)")


def at_section(cursor: Cursor) -> bool:
    """Whether a file's section begins at the cursor."""
    start = cursor.data[cursor.at : cursor.at + 11]
    return start == b"diff --git " or (start[:4] == b"--- " and plain_header(cursor))


def plain_header(cursor: Cursor) -> bool:
    """Whether ``---``, ``+++`` and a hunk stand at the cursor."""
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
            raise cursor.error("a hunk header that cannot be read")
        cursor.take()
        old_start, old_count, new_start, new_count = map(int, match.groups(b"1"))
        begin = cursor.at
        lines = _Lines(
            cursor, spool, old_start + (not old_count), new_start + (not new_count)
        )
        hunks += lines.read(old_count, new_count, crlf=crlf)
        spans.append(Span(old_start, old_count, begin, cursor.at))
    _check_end(cursor, after_hunk=bool(spans))
    return tuple(hunks), tuple(spans)


def _check_end(cursor: Cursor, *, after_hunk: bool) -> None:
    """Raise PatchError where lines of a change follow that no header announces."""
    if not after_hunk or cursor.ended or at_section(cursor):
        return
    line = cursor.peek()
    # "-- " begins the signature of a mail.
    if line[:1] in {b"+", b"-"} and line.rstrip() != b"--":
        raise cursor.error("the hunk has more lines than its header says")


class _Lines:
    """The lines of one hunk, moved into a spool without their signs and context."""

    def __init__(self, cursor: Cursor, spool: Spool, old: int, new: int) -> None:
        self._cursor, self._spool = cursor, spool
        self._old, self._new = old, new
        self._found: list[Hunk] = []
        self._pending: list[bytes] = []
        self._begin = spool.size
        self._removed: Body | None = None
        self._count = 0
        self._sign = b" "
        self._old_ended = self._new_ended = False

    def read(self, old: int, new: int, *, crlf: bool) -> list[Hunk]:
        """Take ``old`` and ``new`` lines; raises PatchError."""
        cursor, data = self._cursor, self._cursor.data
        size = len(data)
        while old or new:
            at = cursor.at
            if at >= size:
                raise cursor.error("the patch ends in the middle of a hunk")
            end = data.find(b"\n", at)
            end = size if end < 0 else end
            sign = data[at : at + 1]
            if sign in {b"\n", b"\r", b""}:
                sign = b" "  # an empty line of context that lost its space
            self._check(sign, old, new)
            old -= sign != b"+"
            new -= sign != b"-"
            cut = end - 1 if crlf and data[at:end][-1:] == b"\r" else end
            self._add(sign, data[at + 1 : cut])
            cursor.at = end + 1
            cursor.number += 1
            if data[cursor.at : cursor.at + 2] == b"\\ ":
                cursor.take()
                self._without_newline(sign)
        self._close()
        return self._found

    def _check(self, sign: bytes, old: int, new: int) -> None:
        if sign not in {b" ", b"+", b"-"}:
            raise self._cursor.error(
                "a line of a hunk begins with none of ' ', '+', '-'"
            )
        if (sign != b"+" and not old) or (sign != b"-" and not new):
            raise self._cursor.error("the hunk does not have the lines its header says")
        if (sign != b"+" and self._old_ended) or (sign != b"-" and self._new_ended):
            raise self._cursor.error("a line after the end of the file")

    def _add(self, sign: bytes, text: bytes) -> None:
        if sign != self._sign:
            self._turn(sign)
        if sign != b"+":
            self._old += 1
        if sign != b"-":
            self._new += 1
        if sign != b" ":
            self._pending.append(text)
            self._count += 1
            if len(self._pending) >= _BATCH:
                self._flush()

    def _turn(self, sign: bytes) -> None:
        """Go from removed to added lines, or close the run that ends here."""
        if self._sign == b"-" and sign == b"+":
            self._removed = self._body()
        else:
            self._close()
        self._sign = sign

    def _flush(self) -> None:
        if self._pending:
            self._spool.append(b"\n".join(self._pending) + b"\n")
            self._pending.clear()

    def _body(self) -> Body:
        self._flush()
        body = Body(
            self._spool, self._begin, self._spool.size - self._begin, self._count
        )
        self._begin, self._count = self._spool.size, 0
        return body

    def _without_newline(self, sign: bytes) -> None:
        self._flush()
        self._old_ended |= sign != b"+"
        self._new_ended |= sign != b"-"
        if sign != b" ":
            self._spool.truncate(self._spool.size - 1)

    def _close(self) -> None:
        if self._sign != b" ":
            last = self._body()
            nothing = Body(self._spool, last.offset, 0, 0)
            added = last if self._sign == b"+" else nothing
            removed = last if self._sign == b"-" else self._removed or nothing
            # As git writes it: a side without lines names the line before.
            old = self._old - removed.lines if removed.lines else self._old - 1
            new = self._new - added.lines if added.lines else self._new - 1
            self._found.append(Hunk(old, new, removed, added))
        self._removed = None
        self._sign = b" "
