from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml as reference
from hypothesis import example, given, settings
from hypothesis import strategies as st

from zt_gate.syntax import yaml
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = st.sampled_from(
    [
        *("yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"),
        *(
            "true",
            "True",
            "TRUE",
            "false",
            "False",
            "FALSE",
            "y",
            "n",
            "Y",
            "N",
            "yEs",
            "tRue",
        ),
        *(
            "null",
            "Null",
            "NULL",
            "~",
            "1",
            "0",
            "1.10",
            "0x1F",
            "1e3",
            "2020-01-01",
            "a",
            "<<",
        ),
    ]
)
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=6
)
KEYS = st.sampled_from(["a", "b", "c", "on", "yes", "<<", "x y", "é"])
VALUES = st.recursive(
    st.none() | st.booleans() | TEXT | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=12,
)


def words_as_written(value: Any) -> Any:
    """A value of the reference parser, with keys, numbers and dates as texts, as ours has them."""
    if isinstance(value, dict):
        return {str(key): words_as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [words_as_written(item) for item in value]
    return value if value is None or isinstance(value, bool | str) else str(value)


@given(VALUES, st.booleans())
@settings(max_examples=400, deadline=None)
def test_values_are_those_of_pyyaml(value: object, flow: bool) -> None:
    text = reference.safe_dump(value, default_flow_style=flow, allow_unicode=True)
    assert yaml.read(text, version="1.1").value == reference.safe_load(text) == value


@given(WORDS)
def test_bare_words_of_1_1_are_those_of_pyyaml(word: str) -> None:
    for text in (f"[{word}]", f"[!!str {word}]", f"['{word}']", f"[!!bool {word}]"):
        try:
            (theirs,) = reference.safe_load(text)
        except (reference.YAMLError, KeyError):
            continue
        (ours,) = yaml.read(text, version="1.1").value
        assert ours == (theirs if theirs is None or isinstance(theirs, bool) else word)
        assert isinstance(ours, bool) is isinstance(theirs, bool)


PARTS = st.lists(
    st.sampled_from(
        ["n: {xxx: 1a, yyy: yes}\n", "m:\n  <<: *a\n  yyy: w\n", "k: {<<: [*b, *c]}\n",
         "e: {<<: *d, zzz: q}\n", "<<: *a\n", "<<: [*c, *b]\n", "f:\n  <<: *c\n  <<: *b\n",
         "o: {<<: *b, <<: *a}\n",
         "g: {'<<': *a}\n", "h: {<<: {kkk: *a}}\n", "yyy: mine\n", "i: !!bool 'yes'\n",
         "j: [*a, *b]\n", "l: {? !!merge m : *b}\n"]
    ),
    min_size=1, max_size=8,
).map("".join)  # fmt: skip


@given(PARTS)
@settings(max_examples=500, deadline=None)
def test_anchors_and_merge_keys_are_those_of_pyyaml(text: str) -> None:
    text = (
        "a: &a {xxx: 1a, yyy: yes}\nb: &b {www: 2a, zzz: off}\nc: &c\n  <<: *a\n  yyy: w\n"
        "d: &d {<<: [*b, *c], xxx: on}\n" + text
    )
    expected = reference.safe_load(text)
    yaml.read(text)
    try:
        document = yaml.read(text, version="1.1", clear_merges=True)
    except SyntaxReadError:
        return  # versions of PyYAML differ
    assert document.value == words_as_written(expected)
    # The tree gives the same names.
    for key, node in document.root.entries():
        assert key.value in document.value
        if node.pairs is not None:
            assert {k.value for k, _ in node.entries()} == set(
                document.value[key.value]
            )


@given(st.text(alphabet="ab:- \n&*<{}[],'\"!|>#?yesno%", max_size=40))
@example("a: &a\n  <<: *a\n  b: c\n")
@settings(max_examples=600, deadline=None)
def test_what_pyyaml_loads_is_read(text: str) -> None:
    try:
        expected = reference.safe_load(text)
    except (reference.YAMLError, ValueError, TypeError, RecursionError):
        return
    try:
        found = yaml.read(text, version="1.1").value
    except SyntaxReadError as error:
        raise AssertionError(text) from error
    assert type(found) is type(words_as_written(expected)) or "!" in text


def test_the_two_versions() -> None:
    text = "a: yes\nb: on\nc: True\nd: OFF\ne: ~\nf: !!bool on\ng: 'yes'\nh: 010\ni: 1.10\n"
    assert yaml.read(text, version="1.1").value == {
        "a": True, "b": True, "c": True, "d": False, "e": None, "f": True, "g": "yes", "h": "010",
        "i": "1.10",
    }  # fmt: skip
    assert yaml.read(text).value == {
        "a": "yes", "b": "on", "c": True, "d": "OFF", "e": None, "f": "on", "g": "yes", "h": "010",
        "i": "1.10",
    }  # fmt: skip


def test_keys_stay_the_text_that_is_written() -> None:
    text = "on: push\nyes: a\n~: b\n1.10: c\ntrue: d\n"
    expected = {"on": "push", "yes": "a", "~": "b", "1.10": "c", "true": "d"}
    assert yaml.read(text).value == yaml.read(text, version="1.1").value == expected


def test_places_follow_aliases_and_merges() -> None:
    text = 'base: &b\n  run: x\njob:\n  <<: *b\n  on: y\nother: *b\nz: &q !!str "w"\n'
    document = yaml.read(text)
    assert document.place(("job", "run")) == (2, 8, 9)
    assert document.key_place(("job", "run")) == (2, 3, 6)
    assert document.place(("other", "run")) == (2, 8, 9)
    assert document.place(("z",)) == (7, 13, 16)
    assert document.key_place(("other",)) == (6, 1, 6)
    assert document.line(("job", "missing")) == 3


def test_walk_meets_each_table_once() -> None:
    document = yaml.read("a: &a\n  run: x\nb: {<<: *a}\nc: [*a, *a]\n")
    assert [key for key, _, _ in document.root.walk()] == ["a", "b", "c", "run", "<<"]


def test_tables_that_hold_themselves() -> None:
    document = yaml.read("&a\nx: 1\nb: {<<: *a, y: *a}\n")
    assert document.value["b"]["x"] == "1"
    with pytest.raises(SyntaxReadError):
        list(document.items())


def test_many_documents() -> None:
    first, second = yaml.read_all("a: &x 1\n---\nb: 2\n")
    assert (first.value, second.value) == ({"a": "1"}, {"b": "2"})
    assert second.line(("b",)) == 3
    assert yaml.read("a: 1\n---\nb: [").value == {"a": "1"}
    assert yaml.read("# nothing\n").value is None
    assert yaml.read_all("") == ()
    with pytest.raises(SyntaxReadError):
        yaml.read_all("a: &x 1\n---\nb: *x\n")


@pytest.mark.parametrize(
    "text", ["a: *x", "a: [", "a: b: c", "\x00", "!x!y z", "{a: b}}", "@"]
)
def test_what_is_no_yaml(text: str) -> None:
    readers: tuple[Callable[[str], object], ...] = (yaml.read, yaml.read_all)
    for read in readers:
        with pytest.raises(SyntaxReadError):
            read(text)


def test_merged_tables_that_give_a_key_different_values() -> None:
    # Which one counts depends on the version of PyYAML.
    twice = "a: &a {key: no}\nb: &b {key: yes}\nc:\n  <<: *a\n  <<: *b\n"
    assert yaml.read(twice).value["c"] == {"key": "yes"}
    with pytest.raises(SyntaxReadError, match="merged tables"):
        yaml.read(twice, clear_merges=True)
    listed = "a: &a {key: no}\nb: &b {key: yes}\nc:\n  <<: [*a, *b]\n"
    assert yaml.read(listed).value["c"] == {"key": "no"}
    with pytest.raises(SyntaxReadError, match="line 2: merged tables") as caught:
        yaml.read(listed, clear_merges=True)
    assert caught.value.line == 2
    for clear in (
        listed + "  key: own\n",
        "a: &a {key: no}\nb: {<<: [*a, *a]}\nc: {<<: [*a, {key: no}]}\n",
        "a: &a {key: no}\nb:\n  <<: *a\n  <<: *a\n",
        "a: &a {key: no}\nb: &b {<<: *a, key: yes}\nc:\n  <<: *b\n",
    ):
        assert yaml.read(clear, clear_merges=True).value == yaml.read(clear).value
