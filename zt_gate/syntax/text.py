"""Whether the added part of a file can be read as text, and its lines as UTF-8.

Every scanner that reads lines reads them through here, so that they agree on
what a line is, what is not meant for them, and what should be readable and is
not.  Text in UTF-16 or UTF-32 is decoded (an editor and an interpreter would
read it); anything else is taken as bytes.

A first-bytes test alone would be a way past the gate: shells, PHP and models
read on after ``PK``, and a Markdown file may begin with ``ID3``.  So a file is
"not meant for us" only if it is not named like text, does not begin like a
script, and most of what was added is no text.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.change import Body, ContentUnavailableError, FileChange, Line
from zt_gate.model.report import NotInspected, SkipKind
from zt_gate.syntax.file_types import binary_format
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A file or a line above this is not scanned, and says so (a blocking finding).
MAX_BYTES = 10 * 1024 * 1024
#: Longer lines are scanned in windows of this size that overlap.
WINDOW = 16 * 1024
OVERLAP = 2 * 1024

_SAMPLE = 8000
_PASSAGE = 4096

# UTF-32 before UTF-16: their little-endian marks begin alike.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_SPACED = re.compile(rb"(?:[ -~]\x00){4}")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1b"))


@dataclass(frozen=True, slots=True)
class TextLines:
    """The added lines of one file as text, or why there are none.

    ``skipped`` is set where the file cannot be scanned as text.  Iterate
    ``lines()`` otherwise; their bytes are UTF-8 where the file is text at all
    (bytes that are no UTF-8 stay as they are).
    """

    file: FileChange
    encoding: str = "utf-8"
    skipped: NotInspected | None = None

    def lines(self) -> Iterator[Line]:
        """Yield the added lines; see ``added_text`` for what they are."""
        if self.encoding == "utf-8":
            yield from _with_bare(self.file)
        else:
            yield from _decoded_additions(self.file, self.encoding)
            yield from _plain_additions(self.file)


def added_text(file: FileChange) -> TextLines:
    """Say how the added lines of ``file`` are to be read.

    Deleted files and files without added lines give no lines and no reason; a
    submodule is listed, since what it brings in lies elsewhere.  Reads the blob
    only where the added bytes look odd.
    """
    if file.is_deletion:
        return TextLines(file)
    if file.incomplete:
        return _skip(file, "failed", file.incomplete)
    if file.is_submodule:
        return _skip(
            file, "not_applicable", "a submodule: its content is another repository's"
        )
    total = sum(hunk.added.length for hunk in file.hunks)
    if not total or (total <= MAX_BYTES and not _looks_odd(file)):
        return TextLines(file)
    try:
        text = _look_closer(file)
    except ContentUnavailableError as error:
        text = _skip(file, "failed", str(error))
    if total > MAX_BYTES and (text.skipped is None or text.skipped.kind == "failed"):
        reason = f"too large to inspect: {total:,} added bytes, over 10 MB"
        return _skip(file, "unreadable", reason)
    return text


def windows(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield ``(offset, piece)`` of a line; one piece unless the line is long.

    Pieces overlap by OVERLAP bytes, so nothing shorter than that is cut in
    all pieces that hold it.
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
    """Decode UTF-8, keeping other bytes as lone surrogates, so that offsets stay true."""
    return data.decode("utf-8", "surrogateescape")


def bom_codec(data: bytes) -> str | None:
    """Return the codec that a UTF-16 or UTF-32 byte-order mark names, or None."""
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def binary_kind(head: bytes) -> str | None:
    """Return what format the first bytes belong to, if no scanner is meant for it.

    None where they hold no NUL and no control byte: every real file of these
    formats does, and a text may begin with the letters of a magic.
    """
    if not _controls(head):
        return None
    return binary_format(head)


def _skip(file: FileChange, kind: SkipKind, reason: str) -> TextLines:
    return TextLines(file, skipped=NotInspected(file.path, kind, reason))


def _controls(data: bytes) -> int:
    return len(data) - len(data.translate(None, _CONTROL))


def _looks_odd(file: FileChange) -> bool:
    """Whether the added bytes, all of them, could be anything but plain UTF-8.

    A sample would not do: text in UTF-16 that begins with Chinese has no NUL
    in its first pages.  Whoever edits UTF-16 without a NUL and without invalid
    UTF-8 has written no ASCII letter, and not even a line end.
    """
    first = next(iter(file.hunks), None)
    if (
        first is not None
        and first.new_start <= 1
        and bom_codec(first.added.head(4)) is not None
    ):
        return True
    for hunk in file.hunks:
        decoder = codecs.getincrementaldecoder("utf-8")()
        for chunk in _chunks(hunk.added):
            if b"\x00" in chunk:
                return True
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return True
        if decoder.getstate()[0]:
            return True
    return False


def _chunks(body: Body, size: int = 1 << 16) -> Iterator[bytes]:
    for offset in range(0, body.length, size):
        yield body.store.read(body.offset + offset, min(size, body.length - offset))


def _head(file: FileChange) -> bytes:
    """Return the first bytes of the new file, from a hunk where one starts there."""
    first = next(iter(file.hunks), None)
    if first is not None and first.new_start <= 1 and first.added.lines:
        return first.added.head(_SAMPLE)
    if file.new is None:
        raise ContentUnavailableError("the start of the file is not known")
    return file.new.read(1 << 31)[:_SAMPLE]


def _look_closer(file: FileChange) -> TextLines:
    """Decide by the start of the file; raises ContentUnavailableError."""
    if file.is_symlink:
        return TextLines(file)  # a target is a path: bytes, whatever they are
    try:
        head = _head(file)
    except ContentUnavailableError:
        if any(
            b"\x00" in chunk for hunk in file.hunks for chunk in _chunks(hunk.added)
        ):
            raise
        return TextLines(
            file
        )  # some 8-bit encoding; a patch may come without its blobs
    codec = bom_codec(head) or _unmarked(head)
    if codec is not None:
        try:
            _whole_text(file, codec)
        except UnicodeError:
            reason = f"begins like text in {codec.upper()} but does not decode as that"
            return _skip(file, "unreadable", reason)
        return TextLines(file, encoding=codec)
    kind = binary_kind(head)
    if kind is None and _is_noise(head):
        kind = "binary data"
    if kind is None:
        return TextLines(file)
    if is_any(file.path, "text"):
        reason = f"named like text, but its bytes are none ({kind})"
        return _skip(file, "unreadable", reason)
    if head.startswith(b"#!"):
        return _skip(
            file, "unreadable", f"begins like a script, but its bytes are {kind}"
        )
    if _mostly_text(file):
        return TextLines(file)
    return _skip(file, "not_applicable", kind)


def _unmarked(head: bytes) -> str | None:
    """Return the codec of what must be UTF-16 without a mark: most second bytes are NUL."""
    for zeros, letters, codec in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
        high, low = head[zeros::2], head[letters::2]
        if (
            len(high) > 1
            and high.count(0) * 10 >= len(high) * 7
            and _controls(low) * 20 < len(low)
        ):
            return codec
    return None


def _strange(data: bytes) -> int:
    """Count control bytes and bytes that are no UTF-8."""
    return _controls(data) + len(data) - len(data.decode("utf-8", "ignore").encode())


def _is_noise(head: bytes) -> bool:
    """Whether no encoding makes text of this; compressed data is a tenth control bytes."""
    controls = _controls(head)
    return controls * 10 > len(head) or (
        controls * 50 > len(head) and _strange(head) * 10 > len(head) * 3
    )


def _mostly_text(file: FileChange) -> bool:
    """Whether half of the added bytes or more stand in passages that read as text."""
    total = text = 0
    for hunk in file.hunks:
        for piece in _chunks(hunk.added, _PASSAGE):
            total += len(piece)
            text += len(piece) if _strange(piece) * 10 < len(piece) * 3 else 0
    return text * 2 >= total


def _whole_text(file: FileChange, codec: str) -> str:
    if file.new is not None:
        return file.new.read(MAX_BYTES).decode(codec)
    if len(file.hunks) == 1 and file.hunks[0].new_start <= 1 and file.status == "A":
        return file.hunks[0].added.head(MAX_BYTES).decode(codec)
    raise ContentUnavailableError(
        "the whole file is needed to decode it and is not known"
    )


def _decoded_additions(file: FileChange, codec: str) -> Iterator[Line]:
    """Yield the lines of the decoded new file that the decoded old file lacks.

    Hunks of bytes do not match lines of characters here.  A line that the old
    file had anywhere does not count as added.
    """
    known: set[str] = set()
    if file.old is not None:
        try:
            old = file.old.read(MAX_BYTES)
            was = bom_codec(old) or _unmarked(old[:_SAMPLE]) or "utf-8"
            known = set(old.decode(was, "replace").split("\n"))
        except ContentUnavailableError:
            known = (
                set()
            )  # then every line counts as added: more is scanned, never less
    lines = _whole_text(file, codec).split("\n")
    if not lines[-1]:
        lines.pop()
    for number, text in enumerate(lines, 1):
        if text not in known:
            yield Line(number, text.encode("utf-8", "surrogatepass"))


def _with_bare(file: FileChange) -> Iterator[Line]:
    """Yield the added lines, then those with NULs between letters once more without these.

    UTF-16 in the middle of a file, say: a terminal and a model pass over the NULs.
    """
    found = False
    for line in file.added_lines():
        found = found or (
            b"\x00" in line.data and _SPACED.search(line.data) is not None
        )
        yield line
    if found:
        for line in file.added_lines():
            if _SPACED.search(line.data):
                yield Line(line.number, line.data.replace(b"\x00", b""))


def _plain_additions(file: FileChange) -> Iterator[Line]:
    """Yield the added lines of an encoded file that are UTF-8 all the same.

    A shell or PHP does not know of the mark: behind it, it runs ASCII that
    decodes as Chinese.  A real line of UTF-16 or UTF-32 has a NUL at its end.
    """
    for line in file.added_lines():
        data = line.data[2:] if line.number == 1 and bom_codec(line.data) else line.data
        try:
            if data and b"\x00" not in data and data.decode():
                yield Line(line.number, data)
        except UnicodeDecodeError:
            continue
