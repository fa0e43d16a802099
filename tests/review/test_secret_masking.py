from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.property_tests import examples
from zt_gate.model.finding import Evidence
from zt_gate.review.secret_masking import MIN_LENGTH, Masker

KEY = "akia".upper() + "qwertyuiopasdfgh".upper()
SHORT = "hunter" + "22"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"key = '{KEY}'", "key = 'AKIA…[20 characters]'"),
        (f"p={SHORT};{SHORT}", "p=[8 characters];[8 characters]"),
        (f"{SHORT}{SHORT}", "[8 characters][8 characters]"),
        (f"x{KEY}{SHORT}y", "xAKIA…[20 characters][8 characters]y"),
        (KEY[:-1], KEY[:-1]),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_what_a_mask_shows(text: str, masked: str) -> None:
    assert Masker([KEY, SHORT]).mask(text) == masked


def test_a_longer_value_wins_and_overlapping_ones_merge() -> None:
    assert (
        Masker(["abcdefgh", "cdefg"]).mask("xabcdefghx cdefg")
        == "x[8 characters]x [5 characters]"
    )
    assert Masker(["abcdef", "efghij"]).mask("-abcdefghij-") == "-[10 characters]-"
    # A merged span shows its first characters only if it begins with a long value.
    long = "0123456789abcdefghij"
    assert Masker(["xx0123", long]).mask(f"xx{long}") == "[22 characters]"
    assert Masker([long, "ghijkl"]).mask(f"{long}kl") == "0123…[22 characters]"


def test_values_in_other_spellings() -> None:
    value = 'pä"ss\\wo/rd +1\tx'
    masker = Masker([value])
    for spelled in (
        json.dumps(value),
        json.dumps(value, ensure_ascii=False),
        json.dumps(value).replace("/", "\\/"),
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        quote(value)
        .replace("%2B", "%2b")
        .replace("%C3%A4", "%c3%a4")
        .replace("%5C", "%5c"),
        repr(value),
    ):
        bare = spelled.strip("'\"")
        assert "characters]" in masker.mask(f"see {spelled} there"), spelled
        assert bare[4:] not in masker.mask(f"see {spelled} there")


def test_each_line_of_a_multi_line_value() -> None:
    armour = "-----BEGIN " + "EC PRIVATE KEY-----"
    block = f"{armour}\nMHcCAQEEIIrYSSNQFaA2Hwf1\n  duRSwKtLYX5CgyYB6Ac\nab=="
    masker = Masker([block])
    assert masker.mask("MHcCAQEEIIrYSSNQFaA2Hwf1") == "MHcC…[24 characters]"
    assert masker.mask("+    duRSwKtLYX5CgyYB6Ac") == "+    duRS…[19 characters]"
    assert masker.mask(armour) == armour
    assert masker.mask(block).startswith("----…[")
    assert "duRSwKtL" not in masker.mask(json.dumps({"key": block}))


def test_patterns_mask_secrets_that_no_scanner_found() -> None:
    token = "ghp" + "_" + "a1B2" * 9
    patterns = [
        re.compile(r"ghp_[A-Za-z0-9]{36}"),
        re.compile(r"key=(?P<secret>\w{6,40})"),
    ]
    masker = Masker([], patterns)
    assert masker.mask(f"url {token}!") == "url ghp_…[40 characters]!"
    assert masker.mask("key=abcdefg") == "key=[7 characters]"
    assert masker.mask(masker.mask("key=abcdefg")) == "key=[7 characters]"


def marked(evidence: Evidence) -> str:
    return evidence.text[evidence.start : evidence.end]


def test_the_span_moves_with_the_text() -> None:
    text = f"{SHORT} = f({KEY}) # {SHORT}"
    start = text.index(KEY)
    masker = Masker([KEY, SHORT])
    shown = masker.mask_evidence(Evidence(text, start, start + len(KEY)))
    assert shown.text == "[8 characters] = f(AKIA…[20 characters]) # [8 characters]"
    assert marked(shown) == "AKIA…[20 characters]"
    inside = masker.mask_evidence(Evidence(text, start + 3, start + 5))
    assert marked(inside) == "AKIA…[20 characters]"
    call = masker.mask_evidence(Evidence(text, start - 2, start + len(KEY) + 1))
    assert marked(call) == "f(AKIA…[20 characters])"
    wild = masker.mask_evidence(Evidence(text, -5, 10_000))
    assert marked(wild) == wild.text


def test_short_values_are_masked_only_in_their_own_span() -> None:
    masker = Masker(["abc"])
    assert masker.mask("abc") == "abc"
    line = Evidence("abc pin='abc' abc", 4, 13)
    assert masker.mask_evidence(line, ("abc",)).text == "abc pin='[3 characters]' abc"
    assert masker.mask_evidence(line).text == line.text


def test_a_span_with_a_part_of_its_secret_is_masked_whole() -> None:
    value = "0123456789abcdef" * 400
    window = value[2000:6000]
    shown = Masker([value]).mask_evidence(Evidence(window, 0, len(window)), (value,))
    assert shown.text == "0123…[4000 characters]"


def test_values_that_the_window_cuts_are_masked() -> None:
    value = "".join(chr(97 + i * 7 % 26) + str(i % 10) for i in range(40))
    for cut in (5, 30, len(value) - 1):
        text = value[-cut:] + " " + "x" * 2000 + " " + value[:cut]
        masker = Masker([value])
        for place in (cut + 3, len(text) - cut - 3):
            shown = masker.mask_evidence(Evidence(text, place, place + 1)).text
            assert "characters]" in shown
            assert value[:5] not in shown
            assert value[-5:] not in shown


def test_long_evidence_is_shortened_around_its_span_after_masking() -> None:
    text = "a " * 300 + KEY + " b" * 300
    start = text.index(KEY)
    for offset in range(-130, 130):
        evidence = Evidence(text, start + offset, start + offset + 4)
        shown = Masker([KEY]).mask_evidence(evidence)
        assert len(shown.text) <= 260
        assert shown.text[0] == shown.text[-1] == "…"
        rest = shown.text.replace("AKIA…[20 characters]", "")
        assert set(rest) <= set("ab …")
    assert Masker().mask_evidence(Evidence("x" * 250, 3, 4)) == Evidence(
        "x" * 250, 3, 4
    )
    huge = Masker().mask_evidence(Evidence("y" * 5000, 1000, 4000))
    assert len(huge.text) <= 260
    assert set(marked(huge)) == {"y"}


VALUES = st.lists(
    st.one_of(
        st.text(alphabet="ab", min_size=1, max_size=24),
        st.text(alphabet='ab"\\\n é%+…[]', min_size=1, max_size=12),
        st.sampled_from(
            ["characters", "[8 characters]", "chara", "[…]ab", "acter]", KEY]
        ),
        st.text(min_size=1, max_size=20),
    ),
    max_size=5,
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[list[str], str]:
    values = draw(VALUES)
    pieces = st.one_of(
        st.sampled_from([*values, "a"]),
        st.sampled_from([json.dumps(value)[1:-1] for value in values] or ["b"]),
        st.text(alphabet="ab [8]\n", max_size=6),
        st.just(" x" * 200),
    )
    return values, "".join(draw(st.lists(pieces, max_size=8)))


@settings(max_examples=examples(400), deadline=None)
@given(texts())
@example((["chara"], "chara"))
@example((["x[8 characters]y", "12345678"], "x12345678y"))
def test_every_value_is_masked_and_masking_is_idempotent(
    case: tuple[list[str], str],
) -> None:
    values, text = case
    masker = Masker(values)
    masked = masker.mask(text)
    assert not [
        value for value in values if len(value) >= MIN_LENGTH and value in masked
    ]
    assert masker.mask(masked) == masked


@settings(max_examples=examples(400), deadline=None)
@given(texts(), st.integers(0, 500), st.integers(0, 500))
def test_every_value_is_masked_in_evidence(
    case: tuple[list[str], str], a: int, b: int
) -> None:
    values, text = case
    masker = Masker(values)
    shown = masker.mask_evidence(Evidence(text, min(a, b), max(a, b)), values)
    assert not [
        value for value in values if len(value) >= MIN_LENGTH and value in shown.text
    ]
    assert 0 <= shown.start <= shown.end <= len(shown.text)
    again = masker.mask_evidence(shown)
    assert again == shown


@settings(max_examples=examples(200), deadline=None)
@given(
    st.text(alphabet="abc \n", max_size=400), st.integers(0, 400), st.integers(0, 400)
)
def test_without_secrets_only_the_length_changes(text: str, a: int, b: int) -> None:
    start, end = min(a, b, len(text)), min(max(a, b), len(text))
    shown = Masker().mask_evidence(Evidence(text, start, end))
    assert text[start:end].startswith(marked(shown).rstrip("…"))
    assert shown.text.strip("…") in text


def test_masking_thousands_of_values_takes_linear_time() -> None:
    values = ["k" + "".join(chr(97 + (i * 7 + j * j) % 26) for j in range(40)) + str(i)
              for i in range(5000)]  # fmt: skip
    nested = ["a" * size for size in range(5, 2000)]

    def mask_thousands(_case: str) -> None:
        masker = Masker(values)
        assert all("…[" in masker.mask(f"line {value} end") for value in values)

    def mask_nested(_case: str) -> None:
        hostile = Masker(nested)
        assert len(hostile.mask("a" * 100_000)) < 40
        assert "aaaaa" not in hostile.mask(("a" * 1500 + "b") * 70)

    finishes(["thousands of values"], mask_thousands)
    finishes(["values within each other"], mask_nested)
