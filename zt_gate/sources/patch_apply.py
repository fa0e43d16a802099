"""Computes the old and new content of a file in a patch on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import Blob, ContentUnavailableError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    import mmap
    from collections.abc import Callable

    from zt_gate.sources.patch_hunks import Span


@dataclass(frozen=True, slots=True)
class PatchedFile:
    """The hunks of one file, applied to the first base that they fit exactly.

    ``data`` is the whole patch, ``spans`` are the hunks in it.  With ``crlf`` the
    patch's own lines end with CRLF.  Each of ``bases`` reads a possible old
    content up to a limit of bytes, or raises ContentUnavailableError.
    """

    data: bytes | mmap.mmap = field(repr=False)
    spans: tuple[Span, ...]
    crlf: bool
    bases: tuple[Callable[[int], bytes], ...] = field(repr=False)

    def old(self, limit: int) -> bytes:
        """Return the old content; raises ContentUnavailableError."""
        return self._both(limit)[0]

    def new(self, limit: int) -> bytes:
        """Return the new content; raises ContentUnavailableError."""
        content = self._both(limit)[1]
        if len(content) > limit:
            raise ContentUnavailableError(
                f"it has {len(content):,} bytes; the limit is {limit:,}"
            )
        return content

    def _both(self, limit: int) -> tuple[bytes, bytes]:
        reason = "there is no repository to read the rest of the file from"
        for base in self.bases:
            try:
                old = base(limit)
            except ContentUnavailableError as error:
                reason = str(error)
                continue
            new = self._patched(old)
            if new is not None:
                return old, new
            reason = "the patch does not fit the existing file"
        raise ContentUnavailableError(
            f"the content around the patch is not known: {reason}"
        )

    def _patched(self, old: bytes) -> bytes | None:
        """Return ``old`` with the hunks applied, None if they do not fit exactly."""
        new = self._apply(old, crlf=self.crlf)
        if new is None and self.crlf:
            new = self._apply(old, crlf=False)
        return new

    def _apply(self, old: bytes, *, crlf: bool) -> bytes | None:
        lines = _lines(old)
        result: list[bytes] = []
        position = 0
        for span in self.spans:
            start = span.old_start - 1 if span.old_count else span.old_start
            end = start + span.old_count
            before, after = _sides(self.data[span.begin : span.end], crlf=crlf)
            if start < position or lines[start:end] != before:
                return None
            result += lines[position:start]
            result += after
            position = end
        if position > len(lines):
            return None
        return b"".join([*result, *lines[position:]])


def _lines(content: bytes) -> list[bytes]:
    """Return the lines with their newlines."""
    *ended, last = content.split(b"\n")
    lines = [line + b"\n" for line in ended]
    if last:
        lines.append(last)
    return lines


def _sides(text: bytes, *, crlf: bool) -> tuple[list[bytes], list[bytes]]:
    """Return the old and the new lines of a hunk, with their newlines."""
    before: list[bytes] = []
    after: list[bytes] = []
    sign = b" "
    if not text.endswith(b"\n"):
        text += b"\n"
    for line in _lines(text):
        if line.startswith(b"\\ "):  # the line before has no newline
            if sign != b"+":
                _drop_newline(before)
            if sign != b"-":
                _drop_newline(after)
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


def _drop_newline(lines: list[bytes]) -> None:
    if lines:
        lines[-1] = lines[-1][:-1]


def deleted_content(patched: PatchedFile, _limit: int) -> bytes:
    """Return the old content of a deleted file, all of which is in the patch."""
    content: list[bytes] = []
    for span in patched.spans:
        text = patched.data[span.begin : span.end]
        content += _sides(text, crlf=patched.crlf)[0]
    return b"".join(content)


def empty_content(_limit: int) -> bytes:
    """Return the old content of an added file."""
    return b""


def blobs_of(patched: PatchedFile) -> tuple[Blob, Blob]:
    """Return both sides as blobs without ids: the ids in a patch are not verified."""
    return Blob("", patched.old), Blob("", patched.new)
