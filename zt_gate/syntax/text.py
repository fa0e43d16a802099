"""Reading the added part of a file as text, its lines as UTF-8.

All scanners that read lines use this module, so that they agree on what a line is,
which files do not apply, and which are unreadable although they should be text.  Text
in UTF-16 or UTF-32 is decoded, as editors and interpreters do; anything else is read as
bytes.

The first bytes alone must not decide: shells, PHP and models ignore a leading ``PK``,
and a Markdown file may begin with ``ID3``.  A file is not applicable only if its name
is not that of a text file, it does not begin like a script, and most of the added bytes
are not text.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import (
    ContentUnavailableError,
    FileChange,
    Hunk,
    HunkLines,
    Line,
)
from zt_gate.model.report import NotInspected, SkipKind
from zt_gate.record import dataclass
from zt_gate.syntax.file_types import binary_format
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A larger file or line is not scanned, which is a blocking finding.
MAX_BYTES = 10 * 1024 * 1024
#: Longer lines are scanned in overlapping windows of this size.
WINDOW = 16 * 1024
OVERLAP = 2 * 1024

_HEAD_BYTES = 8000
_BLOCK_BYTES = 4096

# UTF-32 before UTF-16, because their little-endian marks begin with the same bytes.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WITH_NULS = lazy_re.compile(rb"(?:[ -~]\x00){4}")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1b"))


# Letters, digits, the blank, line ends and the usual signs in EBCDIC.
_EBCDIC = bytes(
    (
        0x0D, 0x15, 0x25, 0x40, 0x4B, 0x4D, 0x5C, 0x5D, 0x5E, 0x60, 0x61, 0x6B, 0x6D, 0x6F,
        0x7A, 0x7D, 0x7E, 0x7F, *range(0x81, 0x8A), *range(0x91, 0x9A), *range(0xA2, 0xAA),
        *range(0xC1, 0xCA), *range(0xD1, 0xDA), *range(0xE2, 0xEA), *range(0xF0, 0xFA),
    )
)  # fmt: skip
_SHORTEST_EBCDIC = 12


@dataclass(frozen=True, slots=True)
class TextLines:
    """The added lines of one file as text, or why they cannot be read.

    ``skipped`` is set for a file that cannot be scanned as text.  The bytes of
    ``lines()`` are UTF-8; invalid bytes are kept.
    """

    file: FileChange
    encoding: str = "utf-8"
    skipped: NotInspected | None = None

    def lines(self) -> Iterator[Line]:
        """Yield the added lines."""
        if self.encoding == "utf-8":
            yield from _added_lines(self.file)
        else:
            yield from _decoded_additions(self.file, self.encoding)
            yield from _utf8_additions(self.file)


def added_text(file: FileChange) -> TextLines:
    """Determine how the added lines of ``file`` are read.

    A deleted file or one without added lines has no lines and is not skipped.  A
    submodule is skipped with a reason, as its content is in another repository.
    The blob is read only if the added bytes are not plain UTF-8.
    """
    if file.is_deletion:
        return TextLines(file)
    if file.incomplete:
        return _skip(file, "failed", file.incomplete)
    if file.is_submodule:
        reason = "a submodule: its content is in another repository"
        return _skip(file, "not_applicable", reason)
    total = sum(hunk.added.length for hunk in file.hunks)
    is_small = total <= MAX_BYTES
    if not total or (is_small and not _may_be_other_encoding(file)):
        return TextLines(file)
    try:
        text = _inspect_content(file)
    except ContentUnavailableError as error:
        text = _skip(file, "failed", str(error))
    has_other_reason = text.skipped is not None and text.skipped.kind != "failed"
    if is_small or has_other_reason:
        return text
    reason = f"too large to inspect: {total:,} added bytes, the limit is 10 MB"
    return _skip(file, "unreadable", reason)


def windows(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield ``(offset, window)`` for a line; a single window unless the line is long.

    Windows overlap by OVERLAP bytes, so a shorter text is whole in at least one.
    """
    if len(data) <= WINDOW:
        yield 0, data
        return
    step = WINDOW - OVERLAP
    for offset in range(0, len(data), step):
        yield offset, data[offset : offset + WINDOW]
        if offset + WINDOW >= len(data):
            return


def decode_lossy(data: bytes) -> str:
    """Decode UTF-8, with invalid bytes as lone surrogates, so that offsets stay correct."""
    return data.decode("utf-8", "surrogateescape")


def bom_codec(data: bytes) -> str | None:
    """Return the codec of a UTF-16 or UTF-32 byte-order mark, None without one."""
    for mark, codec in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return codec
    return None


def utf16_or_utf32(text: bytes) -> str | None:
    """Return the codec of a text in UTF-16 or UTF-32, with or without a byte-order mark."""
    return bom_codec(text) or (_utf16_without_bom(text) if b"\0" in text else None)


def looks_like_ebcdic(text: bytes) -> bool:
    """Whether nearly all bytes are letters, digits, blanks and line ends of EBCDIC."""
    if len(text) < _SHORTEST_EBCDIC or b"\x40" not in text:
        return False
    others = len(text.translate(None, _EBCDIC))
    return others * 8 <= len(text) and text.count(b"\x20") * 20 < len(text)


def script_head(head: bytes) -> bytes:
    """Return the first bytes of a file in UTF-8, from ``#!`` on, b"" for no script.

    A byte-order mark before ``#!`` makes no other file of it: shells start it all the
    same, and a person who saves it without the mark has the script.
    """
    while head.startswith(codecs.BOM_UTF8):
        head = head.removeprefix(codecs.BOM_UTF8)
    codec = utf16_or_utf32(head) if head[:2] != b"#!" or head[2:3] == b"\0" else None
    if codec is not None:
        head = head.decode(codec, "replace").lstrip("\ufeff").encode("utf-8", "replace")
    return head if head.startswith(b"#!") else b""


def binary_kind(head: bytes) -> str | None:
    """Return the kind of binary file with these first bytes, None for any other file.

    Without a control byte it is None: every real file of these formats has one, and
    a text may begin with the letters of a format's magic number.
    """
    if not _count_controls(head):
        return None
    return binary_format(head)


def _skip(file: FileChange, kind: SkipKind, reason: str) -> TextLines:
    return TextLines(file, skipped=NotInspected(file.path, kind, reason))


def _count_controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, _CONTROL))


def _may_be_other_encoding(file: FileChange) -> bool:
    """Return whether the added bytes may be anything but plain UTF-8.

    All of them are checked: UTF-16 text that begins with Chinese has no NUL on its
    first pages.  UTF-16 without any NUL or invalid UTF-8 has no ASCII letter and no
    line end.
    """
    first = _hunk_at_start(file)
    if first is not None and bom_codec(first.added.head(4)) is not None:
        return True
    return not all(_is_plain_utf8(hunk.added) for hunk in file.hunks)


def _hunk_at_start(file: FileChange) -> Hunk | None:
    """Return the hunk that begins at the first line of the new file, if there is one."""
    first = next(iter(file.hunks), None)
    if first is None or first.new_start > 1:
        return None
    return first


def _is_plain_utf8(body: HunkLines) -> bool:
    """Return whether lines are valid UTF-8 without a NUL."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(body):
        if b"\x00" in chunk:
            return False
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            return False
    incomplete_bytes, _ = decoder.getstate()
    return not incomplete_bytes


def _chunks(body: HunkLines, size: int = 1 << 16) -> Iterator[bytes]:
    for offset in range(0, body.length, size):
        yield body.store.read(body.offset + offset, min(size, body.length - offset))


def _head(file: FileChange) -> bytes:
    """Return the first bytes of the new file; raises ContentUnavailableError."""
    first = _hunk_at_start(file)
    if first is not None and first.added.lines:
        return first.added.head(_HEAD_BYTES)
    if file.new is None:
        raise ContentUnavailableError("the start of the file is not available")
    return file.new.read(1 << 31)[:_HEAD_BYTES]


def _inspect_content(file: FileChange) -> TextLines:
    """Decide from the content of the file; raises ContentUnavailableError."""
    if file.is_symlink:
        return TextLines(file)  # the target is a path, which may be any bytes
    try:
        head = _head(file)
    except ContentUnavailableError:
        if _has_nul(file):
            raise
        # An 8-bit encoding, in a patch without blobs.
        return TextLines(file)
    codec = bom_codec(head) or _utf16_without_bom(head)
    if codec is not None:
        return _decodable(file, codec)
    if looks_like_ebcdic(head):
        reason = "looks like text in EBCDIC, which zt-gate does not read"
        return _skip(file, "unreadable", reason)
    kind = binary_kind(head)
    if kind is None and _is_binary(head):
        kind = "binary data"
    if kind is None:
        return TextLines(file)
    if is_any(file.path, "text"):
        reason = f"has the name of a text file, but its content is not text ({kind})"
        return _skip(file, "unreadable", reason)
    if script_head(head):
        reason = f"begins like a script, but its content is not text ({kind})"
        return _skip(file, "unreadable", reason)
    if _is_mostly_text(file):
        return TextLines(file)
    return _skip(file, "not_applicable", kind)


def _has_nul(file: FileChange) -> bool:
    return any(b"\x00" in chunk for hunk in file.hunks for chunk in _chunks(hunk.added))


def _decodable(file: FileChange, codec: str) -> TextLines:
    """Return the lines in an encoding if the whole file decodes, else why it is skipped."""
    try:
        _whole_text(file, codec)
    except UnicodeError:
        reason = f"begins like {codec.upper()} text, but is not valid {codec.upper()}"
        return _skip(file, "unreadable", reason)
    return TextLines(file, encoding=codec)


def _utf16_without_bom(head: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte-order mark: most high bytes are NUL."""
    for high_at, low_at, codec in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        high, low = head[high_at::2], head[low_at::2]
        is_mostly_nul = high.count(0) * 10 >= len(high) * 7
        if len(high) > 1 and is_mostly_nul and _count_controls(low) * 20 < len(low):
            return codec
    return None


def _count_non_text(data: bytes) -> int:
    """Count control bytes and invalid UTF-8."""
    invalid = len(data) - len(data.decode("utf-8", "ignore").encode())
    return _count_controls(data) + invalid


def _is_binary(head: bytes) -> bool:
    """Return whether the bytes are text in no encoding.

    About a tenth of compressed data are control bytes.
    """
    controls = _count_controls(head)
    if controls * 10 > len(head):
        return True
    is_mostly_invalid = _count_non_text(head) * 10 > len(head) * 3
    return controls * 50 > len(head) and is_mostly_invalid


def _is_mostly_text(file: FileChange) -> bool:
    """Return whether at least half of the added bytes are in blocks of text."""
    total = text = 0
    for hunk in file.hunks:
        for block in _chunks(hunk.added, _BLOCK_BYTES):
            total += len(block)
            if _count_non_text(block) * 10 < len(block) * 3:
                text += len(block)
    return text * 2 >= total


def _whole_text(file: FileChange, codec: str) -> str:
    if file.new is not None:
        return file.new.read(MAX_BYTES).decode(codec)
    if len(file.hunks) == 1 and file.hunks[0].new_start <= 1 and file.status == "A":
        return file.hunks[0].added.head(MAX_BYTES).decode(codec)
    raise ContentUnavailableError(
        "the whole file is needed to decode it and is not available"
    )


def _decoded_additions(file: FileChange, codec: str) -> Iterator[Line]:
    """Yield the lines of the decoded new file that the decoded old file lacks.

    The hunks are lines of bytes, which differ from the lines of the decoded text.  A
    line that the old file had anywhere does not count as added.
    """
    old_lines = _decoded_old_lines(file)
    lines = _whole_text(file, codec).split("\n")
    if not lines[-1]:
        lines.pop()
    for number, text in enumerate(lines, 1):
        if text not in old_lines:
            yield Line(number, text.encode("utf-8", "surrogatepass"))


def _decoded_old_lines(file: FileChange) -> set[str]:
    """Return the lines of the old file; none if it cannot be read, so that all are added."""
    if file.old is None:
        return set()
    try:
        data = file.old.read(MAX_BYTES)
    except ContentUnavailableError:
        return set()
    codec = bom_codec(data) or _utf16_without_bom(data[:_HEAD_BYTES]) or "utf-8"
    return set(data.decode(codec, "replace").split("\n"))


def _added_lines(file: FileChange) -> Iterator[Line]:
    """Yield the added lines, then those with a NUL after each letter without the NULs.

    Such a line is UTF-16 in the middle of a file: terminals and models ignore the NULs.
    """
    has_nuls = False
    for line in file.added_lines():
        if b"\x00" in line.data and _WITH_NULS.search(line.data) is not None:
            has_nuls = True
        yield line
    if not has_nuls:
        return
    for line in file.added_lines():
        if _WITH_NULS.search(line.data):
            yield Line(line.number, line.data.replace(b"\x00", b""))


def _utf8_additions(file: FileChange) -> Iterator[Line]:
    """Yield the added lines of an encoded file that are also valid UTF-8.

    A shell or PHP ignores the byte-order mark and runs the ASCII after it, which
    decodes as Chinese.  A genuine line of UTF-16 or UTF-32 ends in a NUL.
    """
    for line in file.added_lines():
        data = line.data
        if line.number == 1 and bom_codec(data):
            data = data[2:]
        try:
            if data and b"\x00" not in data and data.decode():
                yield Line(line.number, data)
        except UnicodeDecodeError:
            continue
