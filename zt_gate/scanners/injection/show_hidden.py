"""Makes hidden characters visible for messages: decoded, or as escapes.

The returned texts contain no control, invisible or format characters, because messages
are shown in terminals and on web pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Characters of a decoded text that a message shows.
MAX_SHOWN = 160

#: Unicode general categories of characters that are not drawn.
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Me"))


def visible(text: str, limit: int = MAX_SHOWN) -> str:
    r"""Return ``text`` with every invisible character written as ``\u{HEX}``."""
    shown = "".join(map(_visible, text[:limit]))
    return shown + "…" if len(text) > limit else shown


def _visible(char: str) -> str:
    return _escape(char) if _is_invisible(char) else char


def _is_invisible(char: str) -> bool:
    import unicodedata

    if char == " ":
        return False
    if char in "\u3164\uffa0":
        return True
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return True
    return unicodedata.category(char) in _INVISIBLE_CATEGORIES


def _escape(char: str) -> str:
    return f"\\u{{{ord(char):04X}}}"


def decode_tags(text: str) -> str:
    """Return the ASCII text that tag characters encode."""
    return "".join(
        chr(ord(char) - 0xE0000)
        for char in text
        if "\U000e0020" <= char <= "\U000e007e"
    )


def decode_selectors(text: str) -> str:
    """Return the text that variation selectors encode, one byte each (VS1 is 0), or ""."""
    data = bytearray()
    for char in text:
        code = ord(char)
        if 0xFE00 <= code <= 0xFE0F:
            data.append(code - 0xFE00)
        elif 0xE0100 <= code <= 0xE01EF:
            data.append(code - 0xE0100 + 16)
    return _readable(bytes(data))


def decode_bits(text: str) -> str:
    """Return the text that two zero-width characters encode, eight bits a byte, or ""."""
    alphabet = sorted(set(text))
    if len(alphabet) != 2 or len(text) < 16:
        return ""
    for zero in alphabet:
        digits = "".join("0" if char == zero else "1" for char in text)
        decoded = _readable(_bytes_of(digits))
        if decoded:
            return decoded
    return ""


def _bytes_of(digits: str) -> bytes:
    end = len(digits) // 8 * 8
    return bytes(int(digits[start : start + 8], 2) for start in range(0, end, 8))


def hidden(decoded: str) -> str:
    """Return the part of a message that quotes hidden text, "" for none."""
    return f'<hidden: "{visible(decoded)}">' if decoded else ""


def escapes(chars: Iterable[str], limit: int = 8) -> str:
    r"""Return the different characters as ``\u{HEX}``, in order of appearance."""
    distinct = list(dict.fromkeys(chars))
    shown = " ".join(map(_escape, distinct[:limit]))
    return shown + " …" if len(distinct) > limit else shown


def _readable(data: bytes) -> str:
    """Return data as text, "" where it is not UTF-8 or under 90 % printable."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    printable = sum(char.isprintable() for char in text)
    return text if printable >= 0.9 * len(text) else ""
