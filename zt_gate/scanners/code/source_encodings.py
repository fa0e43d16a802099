"""Decodes code to UTF-8 in the way that its interpreter decodes it.

The engine decodes every file as UTF-8.  If the interpreter decodes a file differently,
its author can show the engine another program.  Such files are decoded first, or
rejected.

Sources: PEP 263 (declared encodings), the Python reference 2.1.4, ECMA-262 12.3 (line
terminators).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.syntax.text import binary_kind, bom_codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.scanners.code.languages import Language

_BARE_RETURN = lazy_re.compile(rb"\r(?!\n)")
_UTF8_MARK = b"\xef\xbb\xbf"

# A declaration in the second line counts only after a blank line or a comment (PEP 263).
_COMMENT = lazy_re.compile(rb"[ \t\f]*#")
_BLANK = lazy_re.compile(rb"[ \t\f\r]*")
_COOKIE = lazy_re.compile(rb"coding[:=][ \t]*([-_.a-zA-Z0-9]+)")

# Encodings in which every ASCII byte outside of multi-byte characters is that ASCII
# character.  Excluded on purpose: utf-7, unicode_escape, raw_unicode_escape, rot13,
# punycode, iso-2022 and hz (escape sequences), utf-16 and utf-32 (Python rejects them).
_ASCII_COMPATIBLE = lazy_re.compile(
    r"(?:utf_?8(?:_sig)?|u8|utf|us_ascii|ascii|646|latin_?1|l1|latin|iso_?8859_?\d{1,2}|8859"
    r"|iso8859|cp(?:437|720|737|775|85\d|86\d|866|869|874|932|936|949|950|1006|1125|125\d)"
    r"|windows_125\d|koi8_[rtu]|mac_?(?:roman|cyrillic|greek|iceland|latin2|turkish)"
    r"|gbk|gb2312|gb18030|big5(?:hkscs)?|euc_?(?:jp|kr|cn|jis_2004|jisx0213)"
    r"|shift_?jis(?:_2004|x0213)?|s_?jis|johab|kz1048|ptcp154|tis_?620)"
)


class UnreadableCodeError(Exception):
    """The interpreter and the engine would read different programs; the message says why."""


def as_utf8(
    data: bytes,
    language: Language,
    is_added: Callable[[int], bool] = lambda _number: True,
) -> bytes:
    r"""Return the content of a code file as UTF-8 without a byte-order mark.

    Without a declared encoding, bytes that are not UTF-8 are kept: the engine accepts
    them, and no interpreter runs them as code.  Lines are separated by ``\n`` alone.
    ``is_added`` says whether the change added the line of a number: in other lines a
    carriage return without a line feed becomes a space.  Raises UnreadableCodeError.
    """
    codec = bom_codec(data)
    if codec is None:
        kind = binary_kind(data[:16])
        if kind is not None:
            raise UnreadableCodeError(
                f"has the name of a code file but the content of another format: {kind}"
            )
        has_mark = data.startswith(_UTF8_MARK)
        data = data.removeprefix(_UTF8_MARK)
        declared = _declared(data) if language.name == "python" else None
        declared_codec = _codec(declared)
        codec = None if has_mark else declared_codec
    if codec is not None:
        data = _decoded(data, codec)
    if b"\x00" in data:
        raise UnreadableCodeError(
            "contains a NUL byte, which interpreters treat in different ways"
        )
    if data.count(b"\r") == data.count(b"\r\n"):
        return data
    lines = data.split(b"\n")
    bare = [
        number
        for number, line in enumerate(lines, 1)
        if b"\r" in line[:-1] or (number == len(lines) and b"\r" in line)
    ]
    if codec is not None or any(map(is_added, bare)):
        raise UnreadableCodeError(
            "contains a carriage return without a line feed: interpreters start a new line there, "
            "diffs and scanners do not"
        )
    return _BARE_RETURN.sub(b" ", data)


def _declared(data: bytes) -> str | None:
    """Return the encoding that the first or second line declares (PEP 263), or None."""
    end = _line_end(data, 0)
    first = data[:end]
    declared = _declaration(first)
    if declared is None and (_COMMENT.match(first) or _BLANK.fullmatch(first)):
        second = data[end + 1 : _line_end(data, end + 1)]
        declared = _declaration(second)
    return declared


def _line_end(data: bytes, start: int) -> int:
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end


def _declaration(line: bytes) -> str | None:
    comment = _COMMENT.match(line)
    if comment is None:
        return None
    match = _COOKIE.search(line, comment.end())
    return match[1].decode("ascii") if match else None


def _codec(declared: str | None) -> str | None:
    """Return the codec of a declared encoding, None for UTF-8.

    Raises UnreadableCodeError for an encoding that is not ASCII-compatible.
    """
    if declared is None:
        return None
    name = declared.lower().replace("-", "_").replace(".", "_")
    # As Python's tokenizer does: editors write "utf-8-unix" for UTF-8.
    for prefix in ("utf_8", "latin_1", "iso_8859_1", "iso_latin_1"):
        if name.startswith(f"{prefix}_"):
            name = prefix
    if name == "iso_latin_1":
        name = "latin_1"
    if not _ASCII_COMPATIBLE.fullmatch(name):
        raise UnreadableCodeError(f"declares the unusual encoding {declared[:40]!r}")
    return None if name in {"utf_8", "utf8", "utf", "u8"} else name


def _decoded(data: bytes, codec: str) -> bytes:
    try:
        return data.decode(codec).encode("utf-8")
    except UnicodeError as error:
        message = f"does not decode as {codec}, the encoding that it declares"
        raise UnreadableCodeError(message) from error
    except LookupError as error:
        message = f"declares the encoding {codec}, which this Python does not support"
        raise UnreadableCodeError(message) from error
