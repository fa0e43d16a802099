"""Make hidden characters visible: decoded where they spell something, else as escapes.

Nothing returned here holds a control, an invisible or a format character: the
texts go into messages, which people read in terminals and web pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How much of a decoded text a message shows, in characters.
SHOWN = 160

_QUIET = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Me"))


def visible(text: str, limit: int = SHOWN) -> str:
    r"""Return ``text`` with every character that is not drawn as ``\u{HEX}``."""
    import unicodedata

    shown = []
    for char in text[:limit]:
        selector = "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
        hidden = char != " " and (selector or unicodedata.category(char) in _QUIET)
        shown.append(
            f"\\u{{{ord(char):04X}}}" if hidden or char in "\u3164\uffa0" else char
        )
    return "".join(shown) + ("…" if len(text) > limit else "")


def tags(text: str) -> str:
    """Return what the tag characters in ``text`` spell in ASCII."""
    return "".join(
        chr(ord(char) - 0xE0000)
        for char in text
        if "\U000e0020" <= char <= "\U000e007e"
    )


def selectors(text: str) -> str:
    """Return what variation selectors spell, one byte each (VS1 is 0), or ""."""
    data = bytearray()
    for char in text:
        code = ord(char)
        if 0xFE00 <= code <= 0xFE0F:
            data.append(code - 0xFE00)
        elif 0xE0100 <= code <= 0xE01EF:
            data.append(code - 0xE0100 + 16)
    return _readable(bytes(data))


def bits(text: str) -> str:
    """Return what zero-width characters spell as bits, eight to a byte, or ""."""
    pair = sorted(set(text))
    if len(pair) != 2 or len(text) < 16:
        return ""
    for zero in pair:
        digits = "".join("0" if char == zero else "1" for char in text)
        whole = len(digits) // 8 * 8
        spelt = _readable(bytes(int(digits[i : i + 8], 2) for i in range(0, whole, 8)))
        if spelt:
            return spelt
    return ""


def hidden(decoded: str) -> str:
    """Return the part of a message that quotes what was hidden."""
    return f'<hidden: "{visible(decoded)}">' if decoded else ""


def escapes(chars: Iterable[str], limit: int = 8) -> str:
    r"""Return the different characters as ``\u{HEX}``, in order of appearance."""
    distinct = list(dict.fromkeys(chars))
    names = " ".join(f"\\u{{{ord(char):04X}}}" for char in distinct[:limit])
    return names + (" …" if len(distinct) > limit else "")


def _readable(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    drawn = sum(char.isprintable() for char in text)
    return text if text and drawn >= 0.9 * len(text) else ""
