"""Old and new content of a file in a patch, computed when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.model.change import Blob, ContentUnavailableError

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from zt_gate.sources.patch_hunks import Span


@dataclass(frozen=True, slots=True)
class Applied:
    """The hunks of one file over the first base that they fit exactly."""

    data: bytes | mmap.mmap = field(repr=False)
    spans: tuple[Span, ...]
    crlf: bool
    bases: tuple[Callable[[int], bytes], ...] = field(repr=False)

    def old(self, limit: int) -> bytes:
        """Return the content before; raises ContentUnavailableError."""
        return self._both(limit)[0]

    def new(self, limit: int) -> bytes:
        """Return the content after; raises ContentUnavailableError."""
        content = self._both(limit)[1]
        if len(content) > limit:
            raise ContentUnavailableError(
                f"it has {len(content):,} bytes, more than {limit:,}"
            )
        return content

    def _both(self, limit: int) -> tuple[bytes, bytes]:
        reasons = []
        for base in self.bases:
            try:
                content = base(limit)
            except ContentUnavailableError as error:
                reasons.append(str(error))
                continue
            for crlf in (True, False) if self.crlf else (False,):
                result = self._fit(content, crlf=crlf)
                if result is not None:
                    return content, result
            reasons.append("the patch does not fit the file that is there")
        why = reasons[-1] if reasons else "there is no repository to take it from"
        raise ContentUnavailableError(
            f"the content around the patch is not known: {why}"
        )

    def _fit(self, content: bytes, *, crlf: bool) -> bytes | None:
        """Return ``content`` with the hunks applied, None where they do not fit exactly."""
        lines = _lines(content)
        result: list[bytes] = []
        at = 0
        for span in self.spans:
            start = span.old_start - 1 if span.old_count else span.old_start
            before, after = _sides(self.data[span.begin : span.end], crlf=crlf)
            if start < at or lines[start : start + span.old_count] != before:
                return None
            result += lines[at:start]
            result += after
            at = start + span.old_count
        if at > len(lines):
            return None
        return b"".join([*result, *lines[at:]])


def _lines(content: bytes) -> list[bytes]:
    pieces = content.split(b"\n")
    last = pieces.pop()
    lines = [piece + b"\n" for piece in pieces]
    return [*lines, last] if last else lines


def _sides(text: bytes, *, crlf: bool) -> tuple[list[bytes], list[bytes]]:
    """Return the old and the new lines of a hunk, with their newlines."""
    before: list[bytes] = []
    after: list[bytes] = []
    sign = b" "
    for line in _lines(text if text.endswith(b"\n") else text + b"\n"):
        if line.startswith(b"\\ "):
            for side in (
                before if sign != b"+" else None,
                after if sign != b"-" else None,
            ):
                if side:
                    side[-1] = side[-1][:-1]
            continue
        sign = line[:1] if line[:1] in {b"+", b"-"} else b" "
        data = line[1:] if line[:1] in {b"+", b"-", b" "} else line
        if crlf and data.endswith(b"\r\n"):
            data = data[:-2] + b"\n"
        if sign != b"+":
            before.append(data)
        if sign != b"-":
            after.append(data)
    return before, after


def whole_old(applied: Applied, _limit: int) -> bytes:
    """Return the old content where the patch itself holds all of it (a deletion)."""
    sides = (
        _sides(applied.data[span.begin : span.end], crlf=applied.crlf)[0]
        for span in applied.spans
    )
    return b"".join(line for lines in sides for line in lines)


def nothing(_limit: int) -> bytes:
    """Return the content of a file that was not there before."""
    return b""


def blobs_of(applied: Applied) -> tuple[Blob, Blob]:
    """Return both sides as blobs without ids: ids in a patch are only claims."""
    return Blob("", partial(applied.old)), Blob("", partial(applied.new))
