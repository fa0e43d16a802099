from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.syntax import xml
from zt_gate.syntax.document import SyntaxReadError

if TYPE_CHECKING:
    from zt_gate.syntax.document import Node

NAMES = st.sampled_from(["a", "b", "Include", "é"])
TEXT = st.text(alphabet="ab<>&\"'é =/", max_size=6)
TREES = st.recursive(
    st.builds(lambda n, t, a: (n, t, a, []), NAMES, TEXT, st.dictionaries(NAMES, TEXT, max_size=2)),
    lambda inner: st.builds(
        lambda n, t, a, c: (n, t, a, c), NAMES, TEXT, st.dictionaries(NAMES, TEXT, max_size=2),
        st.lists(inner, max_size=3),
    ),
    max_leaves=8,
)  # fmt: skip


def element(tree: tuple[str, str, dict[str, str], list[object]]) -> ET.Element:
    made = ET.Element(tree[0], tree[2])
    made.text = tree[1]
    made.extend(element(child) for child in tree[3])  # type: ignore[arg-type]
    return made


def same(theirs: ET.Element, ours: Node, text: str) -> None:
    pairs = ours.pairs or []
    attributes = [(key, value) for key, value in pairs if key.value.startswith("@")]
    assert {key.value[1:]: value.value for key, value in attributes} == theirs.attrib
    for key, value in attributes:
        assert text[key.start : key.end] == key.value[1:]
        assert (
            ET.fromstring(f"<x a={text[value.start : value.end]}/>").get("a")
            == value.value
        )
    assert (
        ours.value
        == ((theirs.text or "") + "".join(c.tail or "" for c in theirs)).strip()
    )
    inner = [(key, value) for key, value in pairs if not key.value.startswith("@")]
    assert [key.value for key, _ in inner] == [child.tag for child in theirs]
    for (key, value), child in zip(inner, theirs, strict=True):
        assert text[key.start : key.end] == key.value
        whole = ET.fromstring(text[value.start : value.end])
        assert whole.tag == key.value
        same(child, value, text)


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_elements_are_those_of_elementtree(
    tree: tuple[str, str, dict[str, str], list[object]],
) -> None:
    text = ET.tostring(element(tree), encoding="unicode")
    document = xml.read(text.encode())
    ((key, root),) = document.root.entries()
    assert key.value == tree[0]
    same(ET.fromstring(text), root, text)


def test_namespaces_and_values() -> None:
    text = '<p:a xmlns:p="u" xmlns="v" x="1" p:y="2">\n <b>t</b><b/><c z="&gt;">w</c></p:a>'
    document = xml.read(text)
    assert document.value == {
        "a": {"@x": "1", "@y": "2", "b": ["t", ""], "c": {"#text": "w", "@z": ">"}}
    }
    assert document.place(("a", "@y"))[0] == 1
    assert document.key_place(("a", "c")) == (2, 15, 16)
    assert [path for path, _, _ in xml.elements(document)] == [
        ("a", "b"), ("a", "b"), ("a", "c"), ("a",),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("<a>é</a>".encode("utf-16"), "é"),
        ('<?xml version="1.0" encoding="utf-16"?><a>é</a>'.encode("utf-16"), "é"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", "é"),
        (b'<?xml version="1.0" encoding="windows-1252"?><a>\x80</a>', "€"),
        ("\ufeff<?xml version='1.0' encoding='UTF-8'?><a>é</a>".encode(), "é"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert xml.read(data).value == {"a": text}


@pytest.mark.parametrize(
    "data",
    [
        b"<?xml version='1.0' encoding='UTF-7'?><a>+ADw-b/+AD4-</a>",
        b"<?xml version='1.0'" + b" " * 300 + b"encoding='ISO-8859-1'?><a/>",
        b"<?xml version='1.0' encoding='gb2312'?><a/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        b"<a>&b;</a>",
        b"<a/><b/>",
        b"<a",
        b"",
    ],
)
def test_what_is_not_read(data: bytes) -> None:
    with pytest.raises(SyntaxReadError):
        xml.read(data)
