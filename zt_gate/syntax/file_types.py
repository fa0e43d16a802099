"""Detection of binary file formats by their first bytes."""

from __future__ import annotations

# First bytes of the formats that no scanner reads.  The name of a file does not matter:
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


def binary_format(head: bytes) -> str | None:
    """Return the kind of file that begins with these bytes, None for an unknown format."""
    if head[:4] == b"RIFF" and head[8:12] in {b"WEBP", b"WAVE", b"AVI "}:
        return "image" if head[8:12] == b"WEBP" else "audio or video"
    if head[4:8] == b"ftyp":
        return "audio or video"
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)
