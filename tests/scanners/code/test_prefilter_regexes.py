from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.scanners.code.test_prefilter_literals import _sets
from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.scanners.code.prefilter_conditions import ALWAYS, PrefilterText
from zt_gate.scanners.code.prefilter_regexes import condition_of_regex


def pieces(regex: str) -> list[str]:
    return sorted(" ".join(sorted(words)) for words in _sets(condition_of_regex(regex)))


@each_of(
    ("regex", "expected"),
    [
        ("select", ["~select"]),
        ("(?i)SELECT", ["~select"]),
        ("^(select|insert)$", ["~insert", "~select"]),
        ("x?yes", ["~yes"]),
        ("ab*cd", ["~cd"]),
        ("ab+cd", ["~ab ~cd"]),
        ("ab{0,3}cd", ["~cd"]),
        ("(?:ab)?cd", ["~cd"]),
        ("(?:ab){2}cd", ["~ab ~cd"]),
        ("(?!ab)cd", ["~cd"]),
        ("c(?!ab)d", ["~cd"]),
        ("(?=.*ab)cd", ["~ab ~cd"]),
        ("(?<!ab)cd", ["~cd"]),
        ("api_?key", ["~api ~key"]),
        (r"select\b.{1,15}?\bfrom\b", ["~from ~select"]),
        (r"drop\s+table", [r"~drop\s{1,}table"]),
        (r"""^\(*["']{1,3}\s*(select|insert)""",
         [r"""~["']{1,3}\s{0,}insert""", r"""~["']{1,3}\s{0,}select"""]),
        ("<(div|p)>", [r"~<\(div", ""]),
        (r"a\.b\(", ["~a.b("]),
        ("[a-z]cd", ["~cd"]),
        ("ab|", [""]),
        ("ab|.", [""]),
        ("a", [""]),
        (r"ab\x41", [""]),
        (r"(ab)\1", [""]),
        ("(?x) ab", [""]),
        ("(ab", [""]),
        ("ab)", [""]),
        ("*ab", [""]),
        ("[[:alpha:]]ab", [""]),
        ("", [""]),
        ("(" * 100 + "ab" + ")" * 100, [""]),
    ],
)  # fmt: skip
def test_what_is_demanded(regex: str, expected: list[str]) -> None:
    if regex.startswith("<("):
        assert pieces(regex) == ["~<div>", "~<p>"] or set(pieces(regex)) == {
            "~<div",
            "~<p",
        }
    else:
        assert pieces(regex) == expected


ATOMS = st.sampled_from(
    ["a", "b", "ab", "cd", "X", r"\s", r"\.", ".", "[ab]", "[^a]", r"[\"']", r"\b", "^", "$",
     r"\w", r"\d", "1", " ", "'", "(?!b)", "(?=a)", "(?<!a)"]
)  # fmt: skip
QUANTIFIERS = st.sampled_from(
    ["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "+?"]
)
EXPRESSIONS = st.recursive(
    st.tuples(ATOMS, QUANTIFIERS).map(
        lambda pair: (
            pair[0] + ("" if pair[0].startswith(("(", "^", "$", "\\b")) else pair[1])
        )
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map("|".join).map("(?:{})".format)
        | inner.map("({})?".format)
        | inner.map("(?:{}){{1,2}}".format)
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.data())
def test_a_text_in_which_the_expression_matches_holds_what_it_demands(
    regex: str, data: st.DataObject
) -> None:
    compiled = re.compile(f"(?is){regex}")
    # Lookarounds make from_regex() fail now and then; a drawn text serves as well.
    text = data.draw(st.text(alphabet="abcdxX.1 '\"\n", max_size=12))
    assume(compiled.search(text))
    for is_joined in (False, True):
        condition = condition_of_regex(regex, is_joined=is_joined)
        assert PrefilterText(text.encode(), python=False).holds(condition)


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_demands_nothing(regex: str) -> None:
    condition = condition_of_regex(regex)
    try:
        re.compile(regex)
    except (re.error, RecursionError, OverflowError):
        return
    assert condition == ALWAYS or _sets(condition)


def test_what_is_joined_from_several_strings() -> None:
    condition = condition_of_regex("select .*from", is_joined=True)
    for text in (b'"select a from b"', b'"sel" "ect a from b"', b'"sel" +\n  "ect a fr" + "om"',
                 b'("sel")\\\n + r"ect from"'):  # fmt: skip
        assert PrefilterText(text, python=True).holds(condition), text
    assert not PrefilterText(b'"sel", "ect from"', python=True).holds(condition)


@pytest.mark.parametrize("word", ["ſelect", "SELECT", "Select"])
def test_case_is_folded_as_the_engine_does(word: str) -> None:
    assert PrefilterText(word.encode(), python=True).holds(
        condition_of_regex("(?i)select")
    )


def test_hostile_text_takes_linear_time() -> None:
    condition = condition_of_regex(
        r"""(?is)^["']{1,3}\s*(select\s+\w+|with\s+\w+\s+as)"""
    )
    text = (b"'" * 50 + b" " * 20_000 + b"with" + b" " * 20_000) * 50
    finishes([text], lambda text: PrefilterText(text, python=True).holds(condition))
