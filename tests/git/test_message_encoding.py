"""Commit texts are read in every encoding that a reader may use."""

from __future__ import annotations

from tests.support.offenders import each_of
from zt_gate.git.message_encoding import in_utf8, problem
from zt_gate.syntax.text import script_head

TEXT = "Use the key of the service\n"


@each_of(
    ("codec", "declared"),
    [
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("utf-16-be", ""),
        ("utf-32", ""),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UCS-2BE"),
        ("utf-16-le", "UCS-2LE"),
        ("utf-7", "UTF-7"),
        ("latin-1", "ISO-8859-1"),
        ("cp500", ""),
        ("cp037", ""),
        ("cp037", "IBM037"),
        ("cp500", "EBCDIC-INT"),
        ("cp1140", "cp1140"),
        ("utf-8", ""),
        ("utf-8", "X-UNKNOWN"),
    ],
)
def test_a_message_is_decoded(codec: str, declared: str) -> None:
    data = TEXT.encode(codec)
    assert TEXT.strip() in in_utf8(data, declared).decode("utf-8", "replace")
    assert not problem(data, declared)


def test_an_invalid_byte_does_not_hide_the_rest() -> None:
    data = TEXT.encode("utf-16-le") + b"\x00"
    assert TEXT.strip() in in_utf8(data, "utf-16-le").decode("utf-8", "replace")


@each_of("declared", ["X-UNKNOWN", "EBCDIC-XX", "rot-nothing", "utf-99", "ibm-9999"])
def test_what_cannot_be_decoded_is_said(declared: str) -> None:
    assert "encoding" in problem(TEXT.encode("cp037"), declared)


@each_of("text", ["Fix it\n", "Größe ändern\n", "日本語\n", "a\tb\r\n"])
def test_readable_text_in_an_unknown_encoding_is_no_problem(text: str) -> None:
    assert not problem(text.encode(), "X-UNKNOWN")
    assert in_utf8(text.encode(), "X-UNKNOWN") == text.encode()


@each_of(
    "head",
    [
        b"#!/bin/sh\n",
        b"\xef\xbb\xbf#!/bin/sh\n",
        "\ufeff#!/bin/sh\n".encode("utf-16-le"),
        "\ufeff#!/bin/sh\n".encode("utf-16-be"),
        "#!/bin/sh\n".encode("utf-32"),
        "#!/bin/sh\n".encode("utf-16-le"),
        b"\xef\xbb\xbf\xef\xbb\xbf#!/bin/sh\n",
    ],
)
def test_a_byte_order_mark_does_not_hide_a_script(head: bytes) -> None:
    assert script_head(head).startswith(b"#!/bin/sh")


@each_of(
    "head", [b"", b"x\n#!/bin/sh\n", b"\xef\xbb\xbf# title\n", b"\x89PNG\r\n", b" #!"]
)
def test_other_files_are_no_scripts(head: bytes) -> None:
    assert script_head(head) == b""
