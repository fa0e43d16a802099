"""Other readings of a line: what it says after one level of decoding.

A reading counts only where it is language: letters that somebody took the
trouble to write as entities, escapes, base64, hex or bits.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Whitespace-free runs from this length on are tried as base64, base32 and hex.
LONG = 32
_MOST = 8 * 1024
_TRIES = 32

_SOLID_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-="
_ENTITY = r"(?:&#(?:[xX][0-9A-Fa-f]{2,6}|[0-9]{2,7});[ ]?){6,}"
_ESCAPE = r"(?:\\{1,2}(?:u00[2-7][0-9A-Fa-f]|x[2-7][0-9A-Fa-f]|u\{[0-9A-Fa-f]{2,3}\})){6,}"
_PERCENT = r"(?:%[2-7][0-9A-Fa-f]){6,}"
_BITS = r"(?:[01]{8} ?){8,}"
_SOLID = r"[A-Za-z0-9+/_-]{32,}={0,6}"
_HEX = r"(?:[0-9A-Fa-f]{2})+"
_BASE32 = r"[A-Z2-7]+=*"
_CODE = r"[xX]?([0-9A-Fa-f]{2,7})"
_MARKED = (
    (b"&#", _ENTITY),
    (b"\\u", _ESCAPE),
    (b"\\x", _ESCAPE),
    (b"%6", _PERCENT),
    (b"0110", _BITS),
)
_SOLID_BYTES = bytes(b if chr(b) in _SOLID_CHARS else 0x20 for b in range(256))
_LANGUAGE = r"[A-Za-z]{2,}"
_INVISIBLE = (
    "[\u00ad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\U000e0000-\U000e01ef]"
)


class Reading(NamedTuple):
    """A line as decoded.

    ``letters``: the decoded parts, where ASCII letters were written as codes one
    by one, which no honest encoder does.  ``packed``: the parts that were base64,
    base32, hex or bits.
    """

    text: str
    letters: tuple[str, ...] = ()
    packed: tuple[str, ...] = ()


def is_sentence(text: str, words: int = 4) -> bool:
    """Whether ``text`` looks like at least this many words of a language in Latin letters."""
    return text.count(" ") >= words - 1 and len(re.findall(_LANGUAGE, text)) >= words


def may_be_coded(data: bytes) -> bool:
    """Whether it is worth decoding any line of this block; cheap."""
    text = None
    for mark, pattern in _MARKED:
        if mark in data:
            text = text or data.decode("latin-1")
            if re.search(pattern, text):
                return True
    tokens = [t for t in data.translate(_SOLID_BYTES).split() if len(t) >= LONG]
    return any(_unpack(token.decode("ascii")) is not None for token in tokens[:_TRIES])


def read(line: str) -> Reading | None:
    """Return the decoded reading of a line, or None where nothing is coded."""
    letters: list[str] = []
    packed: list[str] = []

    def coded(decode: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            plain = decode(match[0])
            letters.append(plain)
            return plain

        return replace

    text = line
    if "&#" in text:
        text = re.sub(_ENTITY, coded(_from_entities), text)
    if "\\" in text:
        text = re.sub(_ESCAPE, coded(_from_escapes), text)
    if "%" in text:
        text = re.sub(_PERCENT, coded(_from_percent), text)
    tries = 0

    def unpack(match: re.Match[str]) -> str:
        nonlocal tries
        tries += 1
        plain = _unpack(match[0]) if tries <= _TRIES else None
        if plain is None:
            return match[0]
        packed.append(plain)
        return f" {plain} "

    if "01" in text:
        text = re.sub(_BITS, unpack, text)
    if len(text) >= LONG:
        text = re.sub(_SOLID, unpack, text)
    if not letters and not packed:
        return None
    return Reading(text.replace("\n", " "), tuple(letters), tuple(packed))


def fold(line: str, table: Mapping[int, str]) -> str:
    """Return a line without invisible characters, in compatibility form, look-alikes folded."""
    import unicodedata

    plain = unicodedata.normalize("NFKC", re.sub(_INVISIBLE, "", line))
    return plain.translate(table).replace("\n", " ")


def _from_entities(text: str) -> str:
    def char(part: str) -> str:
        match = re.match(_CODE, part)
        if match is None:
            return ""
        code = int(match[1], 16) if part[0] in "xX" else int(re.match(r"\d+", part)[0])  # type: ignore[index]
        return chr(code) if 31 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "

    return "".join(char(part) for part in text.replace(" ", "").replace(";", "").split("&#")[1:])


def _from_escapes(text: str) -> str:
    parts = re.findall(r"\\(?:u\{|u|x)([0-9A-Fa-f]{2,4})", text)
    return "".join(chr(int(part, 16)) for part in parts)


def _from_percent(text: str) -> str:
    return bytes.fromhex(text.replace("%", "")).decode("ascii", "replace")


def _unpack(text: str) -> str | None:
    import base64
    import binascii

    text = text[:_MOST]
    try:
        if text[0] in "01" and not text.replace(" ", "").strip("01"):
            bits = text.replace(" ", "")
            data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))
        elif re.fullmatch(_HEX, text):
            data = bytes.fromhex(text)
        elif re.fullmatch(_BASE32, text):
            bare = text.rstrip("=")
            data = base64.b32decode(bare + "=" * (-len(bare) % 8))
        else:
            bare = text.rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
            whole = len(bare) - (len(bare) % 4 == 1)
            data = base64.b64decode(bare[:whole] + "==")
    except (ValueError, binascii.Error):
        return None
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    drawn = sum(char.isprintable() or char in "\n\t\r" for char in plain)
    return plain if drawn == len(plain) and is_sentence(plain, 3) else None
