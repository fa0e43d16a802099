"""Decodes commit texts whose encoding is declared, guessed, or unknown.

Git shows a message in the encoding that the commit declares; other tools, and models,
read the raw bytes, or guess.  So a text that these read differently is given in all of
its readings, one below the other.
"""

from __future__ import annotations

import codecs

from zt_gate.syntax.text import looks_like_ebcdic, utf16_or_utf32

# Encodings that extend ASCII: ASCII bytes read the same raw and decoded.  In any
# other encoding git log could show other text than the raw bytes.
_ASCII_LIKE = ("utf-8", "ascii", "iso8859", "cp125", "koi8", "euc", "mac-", "latin")
# Names that iconv, and so git, knows, and Python does not.
_ALIASES = {
    "ucs2": "utf-16",
    "ucs2le": "utf-16-le",
    "ucs2be": "utf-16-be",
    "ucs2internal": "utf-16-le",
    "iso10646ucs2": "utf-16-be",
    "csunicode": "utf-16-be",
    "unicode": "utf-16",
    "unicodelittle": "utf-16-le",
    "unicodebig": "utf-16-be",
    "ucs4": "utf-32-be",
    "ucs4le": "utf-32-le",
    "ucs4be": "utf-32-be",
    "iso10646ucs4": "utf-32-be",
    "csucs4": "utf-32-be",
    "wchart": "utf-32-le",
    "java": "unicode_escape",
    "c99": "unicode_escape",
    "unicode11utf7": "utf-7",
    "csunicode11utf7": "utf-7",
    "ebcdicus": "cp037",
    "ebcdicint": "cp500",
    "cp1047": "cp037",
    "ibm1047": "cp037",
    "utf8mac": "utf-8",
}


def in_utf8(text: bytes, encoding: str) -> bytes:
    """Return a commit's text in UTF-8, in all readings, the raw one first.

    ``encoding`` is the declared one, "" for none.  Undeclared UTF-16 and UTF-32 are
    decoded, too.
    """
    readings = [text]
    name = _codec(encoding)
    if name is not None and name != "utf-8":
        decoded = _decoded(text, name)
        if name.startswith(_ASCII_LIKE) and decoded is not None:
            readings = [decoded]
        elif decoded is not None:
            readings.append(decoded)
    elif looks_like_ebcdic(text):
        decoded = _decoded(text, "cp500")
        if decoded is not None:
            readings.append(decoded.replace(b"\xc2\x85", b"\n"))
    wide = utf16_or_utf32(text)
    if wide is not None:
        decoded = _decoded(text, wide)
        if decoded is not None:
            readings.append(decoded)
    return b"\n".join(dict.fromkeys(readings))


def problem(text: bytes, encoding: str) -> str:
    """Return why a text cannot be read as git shows it, "" where it can.

    A text in printable ASCII or valid UTF-8 is read in spite of an unknown encoding.
    """
    if _codec(encoding) is not None:
        return ""
    try:
        if text.decode("utf-8").translate(_WITHOUT_LAYOUT).isprintable():
            return ""
    except UnicodeDecodeError:
        pass
    return f"declares the encoding {encoding[:40]!a}, which zt-gate cannot decode"


_WITHOUT_LAYOUT = dict.fromkeys((9, 10, 13))


def _codec(encoding: str) -> str | None:
    """Return the name of Python's codec, None for an unknown encoding."""
    plain = encoding.strip().lower()
    key = "".join(char for char in plain if char.isalnum())
    try:
        return codecs.lookup(_ALIASES.get(key, plain) or "utf-8").name
    except (LookupError, ValueError):
        return None


def _decoded(text: bytes, codec: str) -> bytes | None:
    """Return the text in UTF-8; what does not decode is replaced."""
    try:
        return text.decode(codec, "replace").encode("utf-8", "replace")
    except (LookupError, ValueError, TypeError, AssertionError):
        return None  # a codec that decodes no text
