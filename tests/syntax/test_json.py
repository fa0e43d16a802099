from __future__ import annotations

import json as reference

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.syntax import json
from zt_gate.syntax.document import Document, SyntaxReadError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, st.booleans(), st.booleans())
@settings(max_examples=300, deadline=None)
def test_values_and_places_are_those_of_json(
    value: object, relaxed: bool, ascii_only: bool
) -> None:
    text = reference.dumps(value, indent=1, ensure_ascii=ascii_only)
    document = json.read(text.encode("utf-8", "surrogatepass"), relaxed=relaxed)
    assert document.value == value
    for path, item in document.items():
        found = document.find(path)
        assert found is not None
        key, node = found
        assert reference.loads(document.content[node.start : node.end]) == item
        if key is not None:
            assert reference.loads(document.content[key.start : key.end]) == path[-1]


@given(st.text(alphabet='{}[],:"\\ \n1a/*\t-.e', max_size=30))
@settings(max_examples=500, deadline=None)
def test_strict_accepts_what_json_accepts(text: str) -> None:
    try:
        expected = (reference.loads(text),)
    except ValueError:
        expected = None
    try:
        assert (json.read(text).value,) == expected
    except SyntaxReadError:
        assert expected is None


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_leaves_and_keys_are_those_of_the_tree(value: object) -> None:
    document = json.read(reference.dumps({"a": value, "b": [value]}).encode())
    # The tree alone knows no shorter way to its leaves.
    tree = Document(document.content, root=document.root)

    def seen(one: Document) -> list[object]:
        return [
            (leaf.names, leaf.value, leaf.place, leaf.value_place)
            for leaf in one.leaves()
        ]

    assert seen(document) == seen(tree)
    at_two = [
        ((key.value, inner.value), inner.start, inner.end)
        for key, below in document.root.entries()
        for inner, _ in below.entries()
    ]
    assert [found for found in json.keys(document, 2) if found[0][0] == "a"] == at_two


def test_repeated_keys() -> None:
    document = json.read('{"a": {"x": 1},\n"a": {"y": 2}}')
    assert document.value == {"a": {"y": 2}}
    assert document.line(("a",)) == 2
    assert [leaf.names for leaf in document.leaves()] == [("a", "x"), ("a", "y")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}), (" // only this\n", {}), ("{/* a */}", {}), ("[1, 2,]", [1, 2]),
        ('{"a": 1, // b\n}', {"a": 1}), ('{"a": "/* no */ // no",\n}', {"a": "/* no */ // no"}),
        ("[1 /* , */ ,\n\n]", [1]), ('{"a": [",]", "\\",}"],}', {"a": [",]", '",}']}),
    ],
)  # fmt: skip
def test_comments_and_trailing_commas(text: str, value: object) -> None:
    document = json.read(text, relaxed=True)
    assert document.value == value
    assert document.content == text
    with pytest.raises(SyntaxReadError):
        json.read(text)


@pytest.mark.parametrize(
    "text", ["[,]", "{,}", "[1,,]", '{"a":,}', "/* [1]", "[1] /*", "[NaN]", "[Infinity]", "/",
             "[1]]", "{'a': 1}", "[1] x", '{"a" 1}', "[1 2]", "[-Infinity]",
             "[" + "1" * 5000 + "]"],
)  # fmt: skip
def test_input_that_is_invalid_in_both_forms(text: str) -> None:
    for relaxed in (False, True):
        with pytest.raises(SyntaxReadError):
            json.read(text, relaxed=relaxed)


def test_keys_between_comments() -> None:
    text = '{ // {\n"a": { /* "x": */ "b" /* : */ : 1, "c": ["d", {"e": 1}] } }'
    document = json.read(text, relaxed=True)
    assert [names for names, _, _ in json.keys(document, 2)] == [("a", "b"), ("a", "c")]
    (line, _, _) = document.key_place(("a", "b"))
    assert line == 2
