from __future__ import annotations

import ast
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.scanners.code.languages import LANGUAGES, by_first_line, by_name
from zt_gate.scanners.code.source_encodings import UnreadableCodeError, as_utf8

PYTHON, JAVASCRIPT = (
    next(language for language in LANGUAGES if language.name == name)
    for name in ("python", "javascript")
)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        ("x = 'é𝒳'\n".encode("utf-16"), "x = 'é𝒳'\n"),
        ("x = 'é'\n".encode("utf-32"), "x = 'é'\n"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (b"#!/usr/bin/python\n# coding=cp1252\nx = '\x80'\n",
         "#!/usr/bin/python\n# coding=cp1252\nx = '€'\n"),
        (b"\n# vim: fileencoding=utf-8 :\nx = 1\n", "\n# vim: fileencoding=utf-8 :\nx = 1\n"),
        (b"# coding: utf-8-unix\nx = 1\n", "# coding: utf-8-unix\nx = 1\n"),
        ("# coding: shift_jis\nx = 'あ'\n".encode("shift_jis"), "# coding: shift_jis\nx = 'あ'\n"),
        # Below code a declaration is a comment like any other.
        (b"x = 1\n# coding: utf-7\n", "x = 1\n# coding: utf-7\n"),
        (b"x = 1\r\ny = 2\r\n", "x = 1\r\ny = 2\r\n"),
    ],
)  # fmt: skip
def test_code_is_decoded_as_its_interpreter_decodes_it(data: bytes, text: str) -> None:
    assert as_utf8(data, PYTHON) == text.encode()


@each_of(
    ("data", "word"),
    [
        (b"# coding: utf-7\n+AGUAdgBhAGw-(x)\n", "utf-7"),
        (b"# coding: unicode_escape\nx = 1\n", "unicode_escape"),
        (b"\n# coding: raw_unicode_escape\nx = 1\n", "raw_unicode_escape"),
        (b"# coding: rot13\nriny(k)\n", "rot13"),
        (b"# coding: rot_13\nriny(k)\n", "rot_13"),
        (b"#" + b"x" * 100_000 + b" coding: utf-7\n", "utf-7"),
        (b"# coding: no-such-thing\n", "no-such-thing"),
        (b"# coding: utf-16\nx = 1\n", "utf-16"),
        (b"\xef\xbb\xbf# coding: utf-7\nx = 1\n", "utf-7"),
        (b"# coding: ascii\nx = '\xe9'\n", "does not decode"),
        (b"# c\rimport os\nx = 1\n", "carriage return"),
        ("# c\rimport os\n".encode("utf-16"), "carriage return"),
        (b"x = 1\r\r\n", "carriage return"),
        (b"x = 1\n\x00import os\n", "NUL"),
        ("x = 1\n".encode("utf-16-le"), "NUL"),
        (b"PK\x03\x04 zip with __main__.py", "archive"),
    ],
)
def test_what_would_be_read_in_two_ways_is_refused(data: bytes, word: str) -> None:
    with pytest.raises(UnreadableCodeError, match=word):
        as_utf8(data, PYTHON)


def test_a_declaration_means_nothing_in_javascript() -> None:
    assert (
        as_utf8(b"// coding: utf-7\nlet x;\n", JAVASCRIPT)
        == b"// coding: utf-7\nlet x;\n"
    )
    with pytest.raises(UnreadableCodeError, match="carriage return"):
        as_utf8(b"// c\rrun()\n", JAVASCRIPT)


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_give_text_or_a_reason(data: bytes) -> None:
    for language in LANGUAGES:
        with contextlib.suppress(UnreadableCodeError):
            text = as_utf8(data, language)
            assert b"\x00" not in text
            assert text.count(b"\r") == text.count(b"\r\n")


@given(
    st.sampled_from(
        ["utf-8", "utf8", "latin-1", "iso-8859-15", "cp1252", "koi8-r", "gbk", "euc-jp", "ascii",
         "utf-7", "unicode-escape", "raw_unicode_escape", "utf_8_sig", "mbcs", "hz", "punycode",
         "iso2022_jp", "UTF-8", "Latin-1", "windows-1251", "idna", "undefined", "utf-8-mac"]
    ),
    st.sampled_from(["# coding: {}\n", "\n#-*- coding:{} -*-\n", "# {}\n\t # vim:encoding={}\n"]),
    st.text(alphabet="abc \u00e9\u20ac+-\\'\"#", max_size=30),
)  # fmt: skip
def test_python_and_the_scanner_read_the_same_characters(
    codec: str, declaration: str, body: str
) -> None:
    """What is not refused is what Python itself makes of the bytes."""
    source = declaration.format(*[codec] * 2) + f"value = {body!r}\n"
    try:
        data = source.encode(codec if codec not in {"undefined", "mbcs"} else "utf-8")
    except (UnicodeError, LookupError):
        data = source.encode("utf-8")
    try:
        ours = as_utf8(data, PYTHON).decode()
    except (UnreadableCodeError, UnicodeDecodeError):
        return
    try:
        theirs = ast.dump(ast.parse(data))
    except (SyntaxError, ValueError):
        return  # Python does not run it at all
    assert ast.dump(ast.parse(ours.split("\n", declaration.count("\n"))[-1])) == theirs


def test_names_and_first_lines_say_the_language() -> None:
    names = {
        b"a.PY": "py",
        b"x/b.mts": "ts",
        b"c.tsx": "tsx",
        b"d.cjs": "js",
        b"e.pyw": "py",
    }
    for name, extension in names.items():
        dialect = by_name(name)
        assert dialect is not None
        assert dialect.extension == extension
    assert by_name(b"py") is None
    assert by_name(b".py") is None
    assert by_name(b"a.py/readme") is None
    lines = {
        b"#!/usr/bin/env python3.11\n": "py",
        b"#! /usr/bin/python -u": "py",
        b"#!/usr/bin/env -S uv run --script\n": "py",
        b"#!/usr/bin/env node\n": "js",
        b"#!/usr/bin/env -S deno run\n": "ts",
    }
    for line, extension in lines.items():
        dialect = by_first_line(line)
        assert dialect is not None
        assert dialect.extension == extension
    assert by_first_line(b"#!/bin/sh\n# python\n") is None
    assert by_first_line(b"python\n") is None


@given(st.binary(max_size=200))
def test_any_name_or_line_is_answered(data: bytes) -> None:
    for dialect in (by_name(data), by_first_line(data), by_first_line(b"#!" + data)):
        assert dialect is None or dialect.extension in {"py", "js", "jsx", "ts", "tsx"}
