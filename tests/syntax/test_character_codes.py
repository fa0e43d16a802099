r"""Rewriting of character codes: every form, honest text, positions, and linear time."""

from __future__ import annotations

import tomllib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.syntax import lookalikes
from zt_gate.syntax.character_codes import changed_spans, rewrite

WORD = "abc_Def9hij"


def spelled(text: str, path: bytes = b"") -> str:
    rewritten = rewrite(text.encode(), path)
    return text if rewritten is None else rewritten.data.decode()


def with_sign(code: str) -> str:
    return WORD.replace("_", code)


@each_of(
    "code",
    [
        r"\u005f", r"\x5f", "%5F", "%5f", "&#95;", "&#x5f;", "&#0095;", "&#95", "&lowbar;",
        r"\137", r"\N{LOW LINE}", r"\U0000005f", r"\u{5f}", r"\x{5f}", "=5F", "$'\\x5f'",
        r"\\u005f", r"\uuu005f", "`u{5f}", r"\N{U+5F}", "<![CDATA[_]]>", "<!-- x -->_",
        "${'_'}", '${"_"}', "{'_'}", "%255F", "%25255F", "&amp;#95;", "&amp;lowbar;", "%u005f",
        "<b>_</b>", "''_", "\x00_", "\x1b[31m_", "\u00ad_", "\u200b_", "_\ufe0f", "_\u034f",
        "\uff3f", "_\u2028", "_\u0301", "x\x08_", "_<wbr>", "\\_", r"\x005f",
    ],
)  # fmt: skip
def test_one_character_of_a_word_is_decoded(code: str) -> None:
    assert WORD in spelled(f'k = "{with_sign(code)}"')


@each_of(
    ("code", "path"),
    [
        (r"\5f ", b"a.css"),
        (r"\00005f ", b"a.scss"),
        (r"\095", b"a.lua"),
        (r"\_", b"a.sh"),
        (r"\137", b"a.c"),
    ],
)
def test_the_file_decides_between_readings(code: str, path: bytes) -> None:
    assert WORD in spelled(f'k = "{with_sign(code)}"', path)


def codes(template: str, separator: str) -> str:
    return separator.join(template.format(ord(char), char=char) for char in WORD)


@each_of(
    "text",
    [
        f"[{codes('{}', ',')}]",
        f"[{codes('{}', ', ')}]",
        "[\n" + codes("  {}", ",\n") + "\n]",
        "{" + codes("0x{:02x}", ", ") + "}",
        "{" + codes("0{:o}", ",") + "}",
        codes("0o{:o}", ", "),
        codes("{}", " "),
        codes("{}", "-"),
        codes("{}", ";"),
        codes("{:02x}", " "),
        codes("{:02x}", ":"),
        codes("chr({})", "+"),
        codes("chr({})", " . "),
        codes("CHR({})", "||"),
        codes("[char]{}", "+"),
        codes("(char) {}", " + "),
        codes("{}.chr", " + "),
        codes("ChrW({})", " & "),
        codes("string.char({})", " .. "),
        f"String.fromCharCode({codes('{}', ', ')})",
        f"String.fromCodePoint({codes('0x{:x}', ',')})",
        f"bytes([{codes('{}', ', ')}]).decode()",
        "[]byte{" + codes("'{char}'", ", ") + "}",
        f"[{codes(chr(34) + '{char}' + chr(34), ', ')}]",
    ],
)
def test_a_list_of_codes_is_decoded(text: str) -> None:
    assert WORD in spelled(f"k = {text}\n")


@each_of(
    "text",
    [
        '"caf\\u00e9 \\u4e2d\\u6587"',
        "width=50 height=33px margin=10",
        "printf('%2d %5.2f %3d\\n', a, b, c)",
        "https://example.org/?q=a+b&page=2&lang=en",
        "table = [255, 216, 255, 224, 0, 16, 74, 70, 73, 70, 0, 1]",
        "sizes = [1, 2, 3, 5, 8, 13, 21, 34]",
        "re.sub(r'(\\d+)\\.(\\w+)', r'\\2.\\1', x)",
        "C:\\Windows\\System32\\drivers",
        "family: \U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f",
        "Donau\u00addampf schiff und \u041f\u0440\u0438\u0432\u0435\u0442",
        "x = a['b']; y = {'a': 1}; z = {'c'}",
        "<b>bold</b> and <i>more</i>",
        "a &amp; b &nbsp; &lt;c&gt;",
        "\u65e5\u672c\u8a9e\uff08\u304b\u306a\uff09\uff1a\u3002",
    ],
)
def test_honest_text_means_what_it_says(text: str) -> None:
    changed = changed_spans(text.encode())
    # The soft hyphen of a word is the one that is taken out.
    assert len(changed) <= text.count("\u00ad"), spelled(text)


TEXTS = st.text(
    alphabet="ab_%5F&#9;\\xu01{}'\"$<>[]!-=,. \n\r\x00\x08\u00ad\u200b\uff41\u0430é",
    max_size=60,
)


@settings(deadline=None)
@given(TEXTS)
def test_every_offset_maps_into_the_original_text(text: str) -> None:
    data = text.encode()
    rewritten = rewrite(data)
    if rewritten is None:
        return
    previous = 0
    for position in range(len(rewritten.data)):
        start, end = rewritten.original(position, position + 1)
        assert 0 <= start < end <= len(data)
        assert start >= previous
        previous = start
        if not rewritten.is_changed(position, position + 1):
            assert data[start:end] == rewritten.data[position : position + 1]


@settings(deadline=None)
@given(TEXTS)
def test_line_ends_stay(text: str) -> None:
    data = text.encode()
    rewritten = rewrite(data)
    if (
        rewritten is not None
        and b"\\" not in data
        and b"&" not in data
        and b"%" not in data
    ):
        assert rewritten.data.count(b"\n") == data.count(b"\n")


UNITS = [
        b"\\x5f", b"%25", b"&amp;", b"&#95;", b"103,", b"chr(103)+", b"'a',", b"<b>", b"${'",
        b"=5F", b"\xc2\xad", b"\xef\xbd\x81", b"\x00", b"''", b"{'a'}", b"67 ", b"\\u{",
        b"<!--", b"0x67, ", b"\\N{A", b"$'", b"String.fromCharCode(1", b"\xd0\xb0a",
    ]  # fmt: skip


def test_rewriting_takes_linear_time() -> None:
    finishes(UNITS, lambda unit: rewrite(unit * (300_000 // len(unit))))


def test_the_look_alike_letters_are_those_of_the_rules() -> None:
    file = Path(__file__).parents[2] / "rules" / "injection" / "unicode.toml"
    rules = {
        rule["id"]: rule for rule in tomllib.loads(file.read_text("utf-8"))["rule"]
    }
    rule = rules["injection/mixed-script-identifier"]
    data = rule.get("data", rule)
    pairs = " ".join(data["confusables"]).split() + data["lookalikes"].split()
    assert {pair[0]: pair[1] for pair in pairs} == {
        pair[0]: pair[1] for pair in lookalikes.PAIRS.split()
    }
