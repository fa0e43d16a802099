from __future__ import annotations

import json
import unicodedata
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reports.strategies import paths, texts
from tests.support.offenders import each_of
from tests.support.reports import HOSTILE
from zt_gate.reports import escape

#: Categories of what has no glyph of its own.
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@each_of(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("Größe 日本 😀", "Größe 日本 😀"),
        ("e\u0301", "e\u0301"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x00\x1b[0m\x7f", r"\x00\x1b[0m\x7f"),
        ("\u0085\u009b", r"\u{85}\u{9B}"),
        ("\u202ea\u2066", r"\u{202E}a\u{2066}"),
        ("\u200b\u200d\ufeff\u00ad", r"\u{200B}\u{200D}\u{FEFF}\u{AD}"),
        ("\U000e0041\ufe0f\U000e0101", r"\u{E0041}\u{FE0F}\u{E0101}"),
        ("\u3164\u2800\u034f", r"\u{3164}\u{2800}\u{34F}"),
        ("\u00a0\u3000\u2028", r"\u{A0}\u{3000}\u{2028}"),
        ("\ue000\uffff", r"\u{E000}\u{FFFF}"),
        ("\ud800 \udcff", r"\u{D800} \xff"),
        ("\u0301a", r"\u{301}a"),
        ("##[error]x", r"#\x23[error]x"),
        ("###[error]x", r"##\x23[error]x"),
        ("##VSO[x]", r"#\x23VSO[x]"),
        ("## heading [x]", "## heading [x]"),
        (r"C:\new", r"C:\new"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert escape.visible(text) == shown


def test_a_path_that_is_not_utf8() -> None:
    assert escape.visible(b"caf\xe9\n.py") == r"caf\xe9\n.py"


@given(texts)
def test_nothing_hidden_and_nothing_obeyed(text: str) -> None:
    shown = escape.visible(text)
    assert not {unicodedata.category(ch) for ch in shown} & UNSEEN
    assert all(ch == " " or not ch.isspace() for ch in shown)
    assert "##[" not in shown
    shown.encode()  # no lone surrogate
    assert len(escape.visible_characters(text)) == len(text)
    assert "".join(escape.visible_characters(text)) == shown
    assert escape.visible(shown) == shown


@given(
    st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters="#")
    )
)
def test_plain_text_stays(text: str) -> None:
    assert escape.visible(text) == text


@given(texts)
def test_no_line_starts_a_command(text: str) -> None:
    assert not escape.log_start(escape.visible(text)).lstrip().startswith("::")


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("日本", 4), ("e\u0301", 1), ("Ａ", 2), ("", 0)]
)
def test_columns(text: str, width: int) -> None:
    assert escape.columns(text) == width


def test_workflow_escapes_are_those_of_the_runner() -> None:
    assert escape.workflow_data("100%\r\n:,") == "100%25%0D%0A:,"
    assert escape.workflow_property("a:b,c%\n") == "a%3Ab%2Cc%25%0A"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("a", "`a`"),
        ("", "`   `"),
        ("a`b", "``a`b``"),
        ("`", "`` ` ``"),
        (" a ", "`  a  `"),
        ("a```b`", "```` a```b` ````"),
        ("@me | <b>", "`@me | <b>`"),
    ],
)
def test_markdown_code(text: str, span: str) -> None:
    assert escape.markdown_code(text) == span


def test_a_cell_holds_no_bar() -> None:
    assert escape.markdown_code("a|b\\|c", cell=True) == r"`a\x7cb\\x7cc`"


@each_of(
    ("text", "prose"),
    [
        ("Use parameters, not strings.", "Use parameters, not strings."),
        ("Call `yaml.safe_load` (or `x y`).", "Call `yaml.safe_load` (or `x y`)."),
        ("ask @me now", "ask `@me` now"),
        ("see https://a.example/b", "see `https://a.example/b`"),
        ("a <b> & c", "a `<b>` `&` c"),
        ("fixed in #12 and GH-7", "fixed in `#12` and `GH-7`"),
        ("commit 9fceb02d0ae5", "commit `9fceb02d0ae5`"),
        ("www.example.com :tada:", "`www.example.com` `:tada:`"),
        ("snake_case *b* ~~c~~", "`snake_case` `*b*` `~~c~~`"),
        ("`a``b` `", "``` `a``b` ``` `` ` ``"),
        ("two\nlines", "two lines"),
        ("", ""),
    ],
)
def test_markdown_prose(text: str, prose: str) -> None:
    assert escape.markdown_prose(text) == prose


@given(st.lists(texts.map(escape.visible), max_size=4))
def test_a_block_ends_where_it_ends(lines: list[str]) -> None:
    block = escape.markdown_block(lines).split("\n")
    fence = block[-1]
    assert block[0] == f"{fence}text"
    assert not any(fence in line for line in block[1:-1])


def test_html_code() -> None:
    assert (
        escape.html_code('</code><b>&"\n')
        == r"<code>&lt;/code&gt;&lt;b&gt;&amp;&quot;\n</code>"
    )


@given(texts)
def test_json_keeps_the_value_and_is_ascii(text: str) -> None:
    clean = escape.valid_unicode(text)
    clean.encode()
    data = escape.json_document([clean, f"##[{clean}"])
    assert data.isascii()
    assert b"##[" not in data
    assert json.loads(data) == [clean, f"##[{clean}"]


@given(paths)
def test_uris_are_relative_and_come_back(path: bytes) -> None:
    uri = escape.relative_uri(path)
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert not uri.startswith("/")
    assert uri.isascii()
    assert unquote_to_bytes(uri) == path
    assert ".." not in uri.split("/")


@each_of("name", HOSTILE)
def test_hostile_names_have_a_uri(name: str) -> None:
    uri = escape.relative_uri(HOSTILE[name])
    assert unquote_to_bytes(uri) == HOSTILE[name]
    assert urlsplit(uri).path == uri
    assert not uri.startswith("/")
