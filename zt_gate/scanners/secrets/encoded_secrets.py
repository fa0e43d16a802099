"""Secrets behind base64, hexadecimal or percent encoding, one or two levels deep."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from zt_gate.scanners.secrets.hits import FORMAT, SecretHit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.scanners.secrets.text_block import TextBlock

# The first of every four letters is one of A to f where the decoded byte is ASCII:
# that alone turns away nearly every long name.
_BASE64 = re.compile(
    rb"(?<![A-Za-z0-9+/_-])(?:[A-Za-f][A-Za-z0-9+/_-]{3}){6,}[A-Za-z0-9+/_-]{0,3}={0,2}"
)
_HEX = re.compile(rb"(?<![0-9A-Za-z])[0-9a-fA-F]{32,}+(?![0-9A-Za-z])")
# Further lines of the same, as encoders write them; "\n" may stand there as two characters.
_MORE = re.compile(
    rb"(?:[ \t\"']{0,4}(?:\\r)?(?:\\n|\r?\n)[ \t\"'#*]{0,60}[A-Za-z0-9+/]{2,76}+={0,2}){1,400}"
)
_WIDTH = range(60, 77, 4)
_ESCAPED = re.compile(rb"(?:\\(?:x|u00)[0-9a-fA-F]{2}){12,}")
_LISTED = re.compile(
    rb"(?:0x[0-9a-fA-F]{2}[ \t]{0,4},\s{0,40}){12,}(?:0x[0-9a-fA-F]{2})?"
)
_PERCENT = re.compile(rb"(?:%[0-9A-Fa-f]{2}[\w.~-]{0,200}){2,}")
_UNRESERVED = re.compile(rb"[\w.~-]{1,64}\Z")
_PRINTABLE = bytes(range(32, 127)) + b"\t\r\n"
# More in one block is data, not configuration: what is inside is bounded work.
_LONGEST = 16 * 1024
_MOST = 20_000
_NOTE = "It is encoded, which hides nothing."


def find_encoded(
    block: TextBlock, look: Callable[[bytes], list[SecretHit]]
) -> Iterator[SecretHit]:
    """Decode what looks encoded and find formats, keys and URLs inside."""
    for start, end, clear in _decoded(block.data):
        for hit in _inside(clear, look, depth=1):
            value = hit.value if hit.value is not None else clear[hit.start : hit.end]
            yield SecretHit(
                hit.rule,
                start,
                end,
                FORMAT,
                value=block.data[start:end],
                extra=(value, *hit.extra),
                level=hit.level,
                confidence=hit.confidence,
                note=_NOTE,
                weight=1,
            )
            break


def _inside(
    data: bytes, look: Callable[[bytes], list[SecretHit]], depth: int
) -> list[SecretHit]:
    hits = look(data)
    if hits or depth >= 2:
        return hits
    for _, _, clear in _decoded(data):
        for hit in _inside(clear, look, depth + 1):
            value = hit.value if hit.value is not None else clear[hit.start : hit.end]
            return [SecretHit(hit.rule, 0, 0, FORMAT, value=value, level=hit.level)]
    return []


def _decoded(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    count = 0
    for sign, pattern, decode in _CODECS:
        if sign not in data:
            continue
        done = 0
        for match in pattern.finditer(data):
            count += 1
            if count > _MOST:
                return
            start, end = match.span()
            if start < done:
                continue
            if pattern is _PERCENT:
                before = _UNRESERVED.search(data, max(0, start - 64), start)
                start = before.start() if before else start
            if pattern is _BASE64 and end - start in _WIDTH:
                more = _MORE.match(data, end)
                done = end = more.end() if more else end
            if end - start > _LONGEST:
                continue
            clear = decode(data[start:end])
            if clear and not clear.translate(None, _PRINTABLE):
                yield start, end, clear


def _from_base64(text: bytes) -> bytes:
    if len(text) > _WIDTH[-1]:
        text = re.sub(rb"\\[rn]|[\s\"'#*]", b"", text)
    text = text.rstrip(b"=").translate(_URLSAFE)
    try:
        return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + b"==")
    except binascii.Error:
        return b""


def _from_hex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode("ascii")) if len(text) % 2 == 0 else b""


def _from_escapes(text: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"\\(?:x|u00)", b"", text).decode("ascii"))


def _from_list(text: bytes) -> bytes:
    return bytes.fromhex(re.sub(rb"0x|[,\s]", b"", text).decode("ascii"))


_URLSAFE = bytes.maketrans(b"-_", b"+/")
# What must be there at all, the form, and what undoes it.
_CODECS: tuple[tuple[bytes, re.Pattern[bytes], Callable[[bytes], bytes]], ...] = (
    (b"", _BASE64, _from_base64),
    (b"", _HEX, _from_hex),
    (b"\\", _ESCAPED, _from_escapes),
    (b"0x", _LISTED, _from_list),
    (b"%", _PERCENT, unquote_to_bytes),
)
