"""Code as UTF-8, decoded the way that its interpreter decodes it.

The engine takes every file for UTF-8.  Where an interpreter would read other
characters than the engine, whoever writes the file could show them different
programs; so such files are decoded first, or refused.

Sources: PEP 263 (declared encodings), the Python reference 2.1.4, ECMA-262
12.3 (line terminators).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.syntax.text import binary_kind, bom_codec

if TYPE_CHECKING:
    from zt_gate.scanners.code.languages import Language

_UTF8_MARK = b"\xef\xbb\xbf"

# The second line counts only below an empty line or a comment (PEP 263).
_COMMENT = re.compile(rb"[ \t\f]*#")
_BLANK = re.compile(rb"[ \t\f\r]*")
_COOKIE = re.compile(rb"coding[:=][ \t]*([-_.a-zA-Z0-9]+)")

# Encodings in which every ASCII byte means itself outside of characters of
# several bytes, so that a declaration can be read before it is known.  Left
# out on purpose: utf-7, unicode_escape, raw_unicode_escape, rot13, punycode,
# iso-2022 and hz (escape sequences), utf-16 and utf-32 (Python refuses them).
_ORDINARY = re.compile(
    r"(?:utf_?8(?:_sig)?|u8|utf|us_ascii|ascii|646|latin_?1|l1|latin|iso_?8859_?\d{1,2}|8859"
    r"|iso8859|cp(?:437|720|737|775|85\d|86\d|866|869|874|932|936|949|950|1006|1125|125\d)"
    r"|windows_125\d|koi8_[rtu]|mac_?(?:roman|cyrillic|greek|iceland|latin2|turkish)"
    r"|gbk|gb2312|gb18030|big5(?:hkscs)?|euc_?(?:jp|kr|cn|jis_2004|jisx0213)"
    r"|shift_?jis(?:_2004|x0213)?|s_?jis|johab|kz1048|ptcp154|tis_?620)"
)


class UnreadableCodeError(Exception):
    """The interpreter and the engine would not read the same program; the text says why."""


def as_utf8(data: bytes, language: Language) -> bytes:
    r"""Return the content of a code file as UTF-8 without a byte-order mark.

    Bytes that are no UTF-8 stay as they are where nothing else is declared:
    the engine takes them, and no interpreter makes code of them.  Lines stay
    what stands between two ``\n``.  Raises UnreadableCodeError.
    """
    codec = bom_codec(data)
    if codec is None:
        kind = binary_kind(data[:16])
        if kind is not None:
            raise UnreadableCodeError(
                f"named like code, but its bytes are another format: {kind}"
            )
        marked = data.startswith(_UTF8_MARK)
        data = data[len(_UTF8_MARK) :] if marked else data
        declared = _declared(data) if language.name == "python" else None
        ordinary = _ordinary(declared)
        codec = None if marked else ordinary
    if codec is not None:
        data = _decoded(data, codec)
    if b"\x00" in data:
        raise UnreadableCodeError(
            "holds a NUL byte, which interpreters treat in different ways"
        )
    if data.count(b"\r") != data.count(b"\r\n"):
        raise UnreadableCodeError(
            "holds a carriage return that is not part of a line end: interpreters begin a line "
            "there, diffs and scanners do not"
        )
    return data


def _declared(data: bytes) -> str | None:
    """Return the encoding that the first or second line declares (PEP 263), or None."""
    end = _line_end(data, 0)
    first = data[:end]
    found = _cookie(first)
    if found is None and (_COMMENT.match(first) or _BLANK.fullmatch(first)):
        found = _cookie(data[end + 1 : _line_end(data, end + 1)])
    return found


def _line_end(data: bytes, start: int) -> int:
    end = data.find(b"\n", start)
    return len(data) if end < 0 else end


def _cookie(line: bytes) -> str | None:
    begin = _COMMENT.match(line)
    found = _COOKIE.search(line, begin.end()) if begin else None
    return found[1].decode("ascii") if found else None


def _ordinary(declared: str | None) -> str | None:
    """Return the codec to decode with, None for UTF-8; raises UnreadableCodeError."""
    if declared is None:
        return None
    name = declared.lower().replace("-", "_").replace(".", "_")
    # As Python's own tokenizer does: "utf-8-unix" is an editor's way to say UTF-8.
    for known in ("utf_8", "latin_1", "iso_8859_1", "iso_latin_1"):
        if name.startswith(f"{known}_"):
            name = "latin_1" if known == "iso_latin_1" else known
    if name == "iso_latin_1":
        name = "latin_1"
    if not _ORDINARY.fullmatch(name):
        raise UnreadableCodeError(f"declares the unusual encoding {declared[:40]!r}")
    return None if name in {"utf_8", "utf8", "utf", "u8"} else name


def _decoded(data: bytes, codec: str) -> bytes:
    try:
        return data.decode(codec).encode("utf-8")
    except UnicodeError as error:
        raise UnreadableCodeError(
            f"does not decode as {codec}, which it declares"
        ) from error
    except LookupError as error:
        raise UnreadableCodeError(
            f"declares {codec}, which is not known here"
        ) from error
