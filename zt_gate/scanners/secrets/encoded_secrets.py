"""Finds secrets in base64, hexadecimal, escapes or percent encoding, one or two levels deep."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from zt_gate import lazy_re
from zt_gate.scanners.secrets.hits import FORMAT, SecretHit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

# The first of every four letters is one of A to f where the decoded byte is ASCII:
# that alone rejects nearly every long name.
_BASE64 = lazy_re.compile(
    rb"(?<![A-Za-z0-9+/_-])(?://[45][A-Za-z0-9+/])?(?:[A-Za-f][A-Za-z0-9+/_-]{3}){6,}[A-Za-z0-9+/_-]{0,3}={0,2}"
)
_HEX = lazy_re.compile(rb"(?<![0-9A-Za-z])[0-9a-fA-F]{32,}+(?![0-9A-Za-z])")
# Further lines of base64, as encoders wrap it; the line break may be the two characters "\n".
_FURTHER_LINES = lazy_re.compile(
    rb"(?:[ \t\"']{0,4}(?:\\r)?(?:\\n|\r?\n)[ \t\"'#*]{0,60}[A-Za-z0-9+/]{2,76}+={0,2}){1,400}"
)
_WRAPPED_WIDTHS = range(60, 77, 4)
_ESCAPED = lazy_re.compile(rb"(?:\\(?:x|u00)[0-9a-fA-F]{2}){12,}")
_BYTE_LIST = lazy_re.compile(
    rb"(?:0x[0-9a-fA-F]{2}[ \t]{0,4},\s{0,40}){12,}(?:0x[0-9a-fA-F]{2})?"
)
_BITS = lazy_re.compile(rb"01[01]{6}(?:[ \t,]{0,2}[01]{8}){11,2048}+")
_BASE32 = lazy_re.compile(rb"(?<![A-Za-z0-9])[A-Z2-7]{32,}+={0,6}(?![A-Za-z0-9])")
_BASE85 = lazy_re.compile(rb"(?<=[\"'`\s])[!-~]{40,}+")
_ASCII85 = lazy_re.compile(rb"<~[!-u]{40,}+~>")
_QUOTED_PRINTABLE = lazy_re.compile(rb"(?:=[2-7][0-9A-F]){12,}+")
# Lines of a dump: an offset and groups of digits; a record of Intel; lines of uuencode.
_DUMP = lazy_re.compile(
    rb"(?m)(?:^[0-9a-fA-F]{6,8}:?[ \t]{1,3}(?:[0-9a-fA-F]{2,4}[ ]{1,2}){1,16}+"
    rb"[^\n]{0,40}(?:\n|\Z)){2,4096}+"
)
_DUMPED = lazy_re.compile(
    rb"(?m)^[0-9a-fA-F]{6,8}:?[ \t]{1,3}((?:[0-9a-fA-F]{2}){1,2}"
    rb"(?:[ ]{1,2}(?:[0-9a-fA-F]{2}){1,2}(?![^ \n])){0,15})"
)
_INTEL = lazy_re.compile(rb"(?m)(?:^:[0-9A-F]{12,522}\r?(?:\n|\Z)){2,4096}+")
_UUENCODED = lazy_re.compile(rb"(?m)(?:^[#-M][ -`]{20,84}\r?(?:\n|\Z)){1,400}+")
_PERCENT = lazy_re.compile(rb"(?:%[0-9A-Fa-f]{2}[\w.~-]{0,200}){2,}")
_UNRESERVED = lazy_re.compile(rb"[\w.~-]{1,64}\Z")
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
# Bounds of the work in one block: more is data, not configuration.
_LONGEST = 16 * 1024
_MATCHES = 20_000
_LEVELS = 2
_NOTE = "The value is encoded, which does not protect it."


def find_encoded(
    block: TextBlock, find_in_bytes: Callable[[bytes], list[SecretHit]]
) -> Iterator[SecretHit]:
    """Decode what looks encoded and find formats, keys and URLs inside."""
    for start, end, decoded in _decode_all(block.data):
        hits = _find_inside(decoded, find_in_bytes, level=1)
        if not hits:
            continue
        first = hits[0]
        yield SecretHit(
            first.rule,
            start,
            end,
            FORMAT,
            value=block.data[start:end],
            extra=(_secret(first, decoded), *first.extra),
            level=first.level,
            confidence=first.confidence,
            note=_NOTE,
            weight=1,
        )


def _find_inside(
    data: bytes, find_in_bytes: Callable[[bytes], list[SecretHit]], level: int
) -> list[SecretHit]:
    """Return the hits in decoded bytes, or the first one behind a further encoding."""
    hits = find_in_bytes(data)
    if hits or level >= _LEVELS:
        return hits
    for _, _, decoded in _decode_all(data):
        inner_hits = _find_inside(decoded, find_in_bytes, level + 1)
        if inner_hits:
            first = inner_hits[0]
            value = _secret(first, decoded)
            return [SecretHit(first.rule, 0, 0, FORMAT, value=value, level=first.level)]
    return []


def _secret(hit: SecretHit, data: bytes) -> bytes:
    return hit.value if hit.value is not None else data[hit.start : hit.end]


def _decode_all(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the span of each encoded text, and its bytes where all are printable."""
    match_count = 0
    for required, pattern, decode in _CODECS:
        if required not in data:
            continue
        done = 0
        for match in pattern.finditer(data):
            match_count += 1
            if match_count > _MATCHES:
                return
            start, end = match.span()
            if start < done:
                continue
            if pattern is _PERCENT:
                start = _start_of_word(data, start)
            if pattern is _BASE64 and end - start in _WRAPPED_WIDTHS:
                further_lines = _FURTHER_LINES.match(data, end)
                if further_lines:
                    end = further_lines.end()
                done = end
            if end - start > _LONGEST:
                continue
            decoded = _narrow(decode(data[start:end]))
            if decoded and not decoded.translate(None, _PRINTABLE):
                yield start, end, decoded


def _start_of_word(data: bytes, position: int) -> int:
    """Return where the unreserved characters of a URL before ``position`` begin."""
    word = _UNRESERVED.search(data, max(0, position - 64), position)
    return word.start() if word else position


def _from_base64(text: bytes) -> bytes:
    if len(text) > _WRAPPED_WIDTHS[-1]:
        text = re.sub(rb"\\[rn]|[\s\"'#*]", b"", text)
    digits = text.rstrip(b"=").translate(_URLSAFE_TO_STANDARD)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    try:
        return base64.b64decode(digits + b"==")
    except binascii.Error:
        return b""


def _from_hex(text: bytes) -> bytes:
    if len(text) % 2:
        return b""
    return bytes.fromhex(text.decode("ascii"))


def _from_escapes(text: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"\\(?:x|u00)", b"", text).decode("ascii"))


def _from_byte_list(text: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"0x|[,\s]", b"", text).decode("ascii"))


def _narrow(data: bytes) -> bytes:
    """Return UTF-16 of ASCII letters without its NULs, other bytes as they are."""
    if b"\0" not in data:
        return data
    data = data.removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    for high in (1, 0):
        if not data[high::2].strip(b"\0"):
            return data[1 - high :: 2]
    return data


def _from_bits(text: bytes) -> bytes:
    bits = re.sub(rb"[^01]", b"", text)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _from_base32(text: bytes) -> bytes:
    digits = text.rstrip(b"=")
    try:
        return base64.b32decode(digits + b"=" * (-len(digits) % 8))
    except binascii.Error:
        return b""


def _from_base85(text: bytes) -> bytes:
    # The string may be the argument of a call: ``b85decode('...')``.
    text = max(re.split(rb"\('|\(\"|'\)|\"\)", text), key=len)
    token = text.removeprefix(b"<~").removesuffix(b"~>").rstrip(b"\"'`;,)")
    for decode in (base64.b85decode, base64.a85decode):
        try:
            # The first letters reject nearly every other token.
            if not decode(token[:20]).translate(None, _PRINTABLE):
                return decode(token)
        except (ValueError, OverflowError):
            continue
    return b""


def _from_quoted_printable(text: bytes) -> bytes:
    return bytes.fromhex(text.replace(b"=", b"").decode("ascii"))


def _from_dump(text: bytes) -> bytes:
    digits = b"".join(match[1] for match in _DUMPED.finditer(text))
    return _from_hex(digits.replace(b" ", b""))


def _from_intel(text: bytes) -> bytes:
    """Return the data of the records of type 0, in their order."""
    records = (
        bytes.fromhex(line[1:].decode("ascii")) if len(line) % 2 else b""
        for line in text.split()
    )
    return b"".join(record[4:-1] for record in records if record[3:4] == b"\0")


def _from_uuencode(text: bytes) -> bytes:
    parts = []
    for line in text.splitlines():
        size = line[0] - 32
        if len(line) - 1 < (size + 2) // 3 * 4:
            return b""
        try:
            parts.append(binascii.a2b_uu(line))
        except binascii.Error:
            return b""
    return b"".join(parts)


_URLSAFE_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
# Bytes that the text must hold, the encoded form, and its decoder.
_CODECS: tuple[tuple[bytes, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    (b"", _BASE64, _from_base64),
    (b"", _HEX, _from_hex),
    (b"\\", _ESCAPED, _from_escapes),
    (b"0x", _BYTE_LIST, _from_byte_list),
    (b"%", _PERCENT, unquote_to_bytes),
    (b"01", _BITS, _from_bits),
    (b"", _BASE32, _from_base32),
    # Nearly every long word could be base85, so the text must speak of it.
    (b"85", _BASE85, _from_base85),
    (b"<~", _ASCII85, _from_base85),
    (b"=6", _QUOTED_PRINTABLE, _from_quoted_printable),
    (b"0010", _DUMP, _from_dump),
    (b"\n:", _INTEL, _from_intel),
    (b"", _UUENCODED, _from_uuencode),
)
