"""Whether the added part of a file can be read as text, and its lines as UTF-8.

Every scanner that reads lines reads them through here, so that they agree on
what a line is, what is not meant for them, and what should be readable and is
not.  Text in UTF-16 or UTF-32 with a byte-order mark is decoded (an editor and
an interpreter would read it); anything else is taken as bytes.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError, FileChange, Line
from zt_gate.model.report import NotInspected

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A file or a line above this is not scanned, and says so (a blocking finding).
MAX_BYTES = 10 * 1024 * 1024
#: Longer lines are scanned in windows of this size that overlap.
WINDOW = 16 * 1024
OVERLAP = 2 * 1024

_SAMPLE = 8000

# UTF-32 before UTF-16: their little-endian marks begin alike.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# First bytes of formats that no scanner is meant for.  By content, not by name:
# a script called logo.png is still a script.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"\x00\x00\x01\x00", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"wOFF", "font"),
    (b"wOF2", "font"),
    (b"\x00\x01\x00\x00\x00", "font"),
    (b"OTTO\x00", "font"),
    (b"PK\x03\x04", "archive"),
    (b"PK\x05\x06", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x28\xb5\x2f\xfd", "archive"),
    (b"Rar!\x1a\x07", "archive"),
    (b"%PDF-", "PDF document"),
    (b"\x7fELF", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xca\xfe\xba\xbe", "program"),
    (b"\x00asm", "program"),
    (b"MZ\x90\x00", "program"),
    (b"SQLite format 3\x00", "database"),
    (b"OggS", "audio or video"),
    (b"ID3", "audio or video"),
    (b"fLaC", "audio or video"),
    (b"\x1aE\xdf\xa3", "audio or video"),
)
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
            yield from self.file.added_lines()
        else:
            yield from _decoded_additions(self.file, self.encoding)


def added_text(file: FileChange) -> TextLines:
    """Say how the added lines of ``file`` are to be read.

    Deleted files, submodules and files without added lines give no lines and
    no reason.  Reads the blob only where the added bytes look odd.
    """
    if file.is_deletion or file.is_submodule:
        return TextLines(file)
    if file.incomplete:
        return TextLines(file, skipped=NotInspected(file.path, "failed", file.incomplete))
    if any(hunk.added.length > MAX_BYTES for hunk in file.hunks):
        total = sum(hunk.added.length for hunk in file.hunks)
        longest = max((len(line.data) for line in file.added_lines()), default=0)
        if total > MAX_BYTES and not _known_binary(file):
            what = "a line" if longest > MAX_BYTES else f"{total:,} added bytes"
            return TextLines(
                file,
                skipped=NotInspected(
                    file.path, "unreadable", f"too large to inspect: {what} over 10 MB"
                ),
            )
    sample = b"".join(hunk.added.head(_SAMPLE) for hunk in file.hunks[:16])
    if not _odd(sample) and not _starts_with_mark(file):
        return TextLines(file)
    return _look_closer(file)


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


def mark_of(data: bytes) -> str | None:
    """Return the codec that a UTF-16 or UTF-32 byte-order mark names, or None."""
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), None)


def binary_kind(head: bytes) -> str | None:
    """Return what format the first bytes belong to, if no scanner is meant for it."""
    if head[:4] == b"RIFF" and head[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        return "image" if head[8:12] == b"WEBP" else "audio or video"
    if head[4:8] == b"ftyp":
        return "audio or video"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def _odd(sample: bytes) -> bool:
    return b"\x00" in sample or len(sample) != len(sample.translate(None, _CONTROL))


def _starts_with_mark(file: FileChange) -> bool:
    first = next(iter(file.hunks), None)
    return first is not None and first.new_start <= 1 and mark_of(first.added.head(4)) is not None


def _head(file: FileChange) -> bytes:
    """Return the first bytes of the new file, from a hunk where one starts there."""
    first = next(iter(file.hunks), None)
    if first is not None and first.new_start <= 1 and first.added.lines:
        return first.added.head(_SAMPLE)
    if file.new is None:
        raise ContentUnavailableError("the start of the file is not known")
    return file.new.read(1 << 31)[:_SAMPLE]


def _known_binary(file: FileChange) -> bool:
    try:
        return binary_kind(_head(file)) is not None
    except ContentUnavailableError:
        return False


def _look_closer(file: FileChange) -> TextLines:
    try:
        head = _head(file)
    except ContentUnavailableError as error:
        return TextLines(file, skipped=NotInspected(file.path, "failed", str(error)))
    codec = mark_of(head)
    if codec is not None:
        try:
            _whole_text(file, codec)
        except ContentUnavailableError as error:
            return TextLines(file, skipped=NotInspected(file.path, "failed", str(error)))
        except UnicodeError:
            reason = f"starts with a {codec.upper()} byte-order mark but does not decode as that"
            return TextLines(file, skipped=NotInspected(file.path, "unreadable", reason))
        return TextLines(file, encoding=codec)
    kind = binary_kind(head)
    if kind is not None:
        return TextLines(file, skipped=NotInspected(file.path, "not_applicable", kind))
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls * 10 > len(head):
        if _is_text_name(file.path):
            return TextLines(
                file,
                skipped=NotInspected(
                    file.path, "unreadable", "named like text, but its bytes are none"
                ),
            )
        return TextLines(file, skipped=NotInspected(file.path, "not_applicable", "binary data"))
    return TextLines(file)


def _whole_text(file: FileChange, codec: str) -> str:
    if file.new is not None:
        return file.new.read(MAX_BYTES).decode(codec)
    if len(file.hunks) == 1 and file.hunks[0].new_start <= 1 and file.status == "A":
        return file.hunks[0].added.head(MAX_BYTES).decode(codec)
    raise ContentUnavailableError("the whole file is needed to decode it and is not known")


def _decoded_additions(file: FileChange, codec: str) -> Iterator[Line]:
    """Yield the lines of the decoded new file that the decoded old file lacks.

    Hunks of bytes do not match lines of characters here.  A line that the old
    file had anywhere does not count as added.
    """
    known: set[str] = set()
    if file.old is not None:
        try:
            old = file.old.read(MAX_BYTES)
            known = set(old.decode(mark_of(old) or "utf-8", "replace").split("\n"))
        except (ContentUnavailableError, UnicodeError):
            known = set()  # then every line counts as added: more is scanned, never less
    for number, text in enumerate(_whole_text(file, codec).split("\n"), 1):
        if text not in known:
            yield Line(number, text.encode("utf-8", "surrogatepass"))


_TEXT_NAMES = frozenset(
    b"py pyi js jsx mjs cjs ts tsx mts cts go rb rs java kt c h cc cpp hpp cs php pl sh bash zsh "
    b"ps1 bat md rst txt html htm xml svg css scss json jsonc json5 yaml yml toml ini cfg conf env "
    b"sql tf tfvars lock mod sum gradle properties ipynb csv tsv vue svelte lua r jl swift scala "
    b"ex exs".split()
)


def _is_text_name(path: bytes) -> bool:
    name = path.rsplit(b"/", 1)[-1].lower()
    return name.rsplit(b".", 1)[-1] in _TEXT_NAMES
