"""All readers: any input gives a document or SyntaxReadError, with spans inside the text."""

from __future__ import annotations

import codecs
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from zt_gate.syntax import front_matter, git_attributes, ini, json, toml, xml, yaml
from zt_gate.syntax.document import Document, Limits, Node, SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

READERS: dict[str, Callable[..., Document]] = {
    "json": json.read,
    "jsonc": lambda data, **options: json.read(data, relaxed=True, **options),
    "yaml": yaml.read,
    "yaml-1.1": lambda data, **options: yaml.read(data, version="1.1", **options),
    "toml": toml.read,
    "ini": lambda data, **options: ini.read(data, dialect="lenient", **options),
    "configparser": lambda data, **options: ini.read(
        data, dialect="configparser", **options
    ),
    "attributes": git_attributes.read,
    "front": front_matter.read,
    "xml": xml.read,
}
NAMES = st.sampled_from(sorted(READERS))
TEXTS = st.text(
    alphabet=st.sampled_from(
        "{}[]<>:,.=-#;'\"\\/*&!|?%@~ \t\n\r\x00ab01éтrueyns\u2028"
    ),
    max_size=60,
)
# Pieces of which hostile and honest texts of all formats are made.
PIECES = st.lists(
    st.sampled_from(
        ['{"a": [1, {"b": "x"}]}', "// c\n", "/* c */", "a: &x {b: yes}\n", "<<: *x\n", "- *x\n",
         "? a\n: b\n", "!!bool 'on'", "[a.b]\n", "[[a]]\n", 'a = "b"\n', "a = '''\nx'''\n",
         "a.b = 1\n",
         "a = [1,\n 2]\n", "a = {b = 1, c.d = 2}\n", '[s "t"] k = v\n', "k = v \\\n w\n", " more\n",
         "*.py filter=x -diff\n", "---\n", "<a b='c'>d</a>", '<a>\n<b x="1"/>é</a>',
         "<?xml version='1.0'?>",
         "\ufeff", ",", "}", "]", "\r\n", "|\n  x\n", ">\n  y\n", "name: a: b\n"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


def nodes(root: Node) -> Iterator[Node]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting += node.items or []
        waiting += [
            one for pair in (*(node.pairs or ()), *(node.merged or ())) for one in pair
        ]


@given(
    NAMES,
    st.binary(max_size=200)
    | (TEXTS | PIECES).map(lambda t: t.encode("utf-8", "replace")),
)
@example("xml", b"<a>\xc3\xa9<b c='\xc3\xa9' d=''/></a>")
@example("json", b'{"a": 1} x')
@example("yaml", b"&a [*a]")
@example("yaml", b"&a {<<: *a, b: {<<: *a}}")
@settings(max_examples=1500, deadline=None)
def test_any_bytes_give_a_document_or_the_one_error(name: str, data: bytes) -> None:
    try:
        document = READERS[name](data)
        paths = [path for path, _ in document.items(Limits(values=5000))]
    except SyntaxReadError:
        return
    length, lines = len(document.content), document.content.count("\n") + 1
    assert all(0 <= node.start <= node.end <= length for node in nodes(document.root))
    assert all(1 <= document.line(path) <= lines for path in paths)
    for leaf in document.leaves():
        for line, column, end in (leaf.place, leaf.value_place):
            assert 1 <= line <= lines
            assert 1 <= column <= end


@given(NAMES, PIECES)
@settings(max_examples=800, deadline=None)
def test_spans_point_at_what_they_name(name: str, text: str) -> None:
    try:
        document = READERS[name](text.encode())
    except SyntaxReadError:
        return
    for node in nodes(document.root):
        written = document.content[node.start : node.end]
        value = node.value.removeprefix("@")
        plain = node.is_scalar and node.style in {"", "'", '"'} and "\n" not in written
        if (
            plain
            and value
            and "\\" not in written
            and "&" not in written
            and "''" not in written
        ):
            assert value.lower() in written.lower() or name == "xml"


@pytest.mark.parametrize("name", sorted(READERS))
def test_limits_are_kept(name: str) -> None:
    read = READERS[name]
    with pytest.raises(SyntaxReadError, match="larger than 1 KB"):
        read(b" " * 2000, limits=Limits(size=1024))
    with pytest.raises(SyntaxReadError, match="not UTF-8"):
        read(b"a\n\xff\n" if name != "front" else b"\xff")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("json", '{"a":' * 11 + "1" + "}" * 11),
        ("jsonc", "[" * 11 + "]" * 11),
        ("yaml", "[" * 11 + "]" * 11),
        (
            "yaml",
            "a: &a [x, x]\nb: &b [*a, *a]\n" + "c: [*b, *b, *b, *b, *b, *b]\n" * 20,
        ),
        (
            "yaml",
            "a: &a {"
            + ", ".join(f"k{n}: 1" for n in range(40))
            + "}\nb:\n  <<: [*a, *a, *a]\n",
        ),
        ("toml", "a = " + "[" * 11 + "]" * 11),
        ("toml", ".".join("a" * 12) + " = 1"),
        ("xml", "<a>" * 11 + "</a>" * 11),
        ("xml", "<a>" + "<b c='d'/>" * 100 + "</a>"),
    ],
)
def test_input_over_a_limit_is_refused(name: str, text: str) -> None:
    limits = Limits(depth=10, values=90, parts=11)
    with pytest.raises(SyntaxReadError, match=r"nested|more than"):
        READERS[name](text.encode(), limits=limits)
    READERS[name](text.encode())


HOSTILE = (
    "[" * 100_000, '{"a":' * 50_000, '"\\' * 100_000, "'" * 100_000, "/*" * 100_000, "," * 100_000,
    "{" + " " * 100_000 + ",", "a.a" * 50_000, "<a>" * 50_000, "<a " + "b='c' " * 20_000 + "/>",
    "a: &a b\n" * 10_000, "[a]\n" * 50_000, "a = b \\\n" * 30_000, "- " * 50_000,
    '"""a' * 50_000, "---\n" * 50_000, "[a b" * 50_000, "a=" * 100_000, "#" * 200_000,
    "\n" * 200_000, "a = [\n" * 50_000, "&a " * 50_000, "!" * 100_000, "<<: {a: b}\n" * 10_000,
    "c0: &c0 {b: c}\n" + "".join(f"c{n}: &c{n}\n  <<: *c{n - 1}\n" for n in range(1, 5000)),
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(READERS))
def test_hostile_texts_take_linear_time(name: str) -> None:
    def read_and_locate(text: str) -> None:
        with suppress(SyntaxReadError):
            document = READERS[name](text.encode())
            for path, _ in islice(document.items(), 100):
                document.line(path)

    finishes(HOSTILE, read_and_locate)


@pytest.mark.parametrize("name", ["json", "yaml", "toml", "ini"])
def test_byte_order_marks_and_line_ends_change_no_value(name: str) -> None:
    text = {
        "json": '{"a":\n"b"}',
        "yaml": "a:\n  b\n",
        "toml": "\na = 'b'\n",
        "ini": "\na = b\n",
    }[name]
    read = READERS[name]
    plain = read(text.encode())
    assert plain.value == {"a": "b"}
    for data in (codecs.BOM_UTF8 + text.encode(), text.replace("\n", "\r\n").encode()):
        other = read(data)
        assert (other.value, other.content) == (plain.value, plain.content)
        assert other.line(("a",)) == plain.line(("a",))
    assert read(text.encode("utf-16"), utf16=True).value == plain.value
    with pytest.raises(SyntaxReadError):
        read(text.encode("utf-16"))


def test_errors_carry_their_line() -> None:
    wrong: dict[str, tuple[str, int]] = {
        "json": ('{\n"a": }', 2),
        "jsonc": ("{\n/* */\n]", 3),
        "yaml": ("a: b\nc: [\n", 3),
        "toml": ("a = 1\nb = = 2", 2),
        "ini": ("a = b\n\x00", 2),
        "configparser": ("[a]\nb = c\nd", 3),
        "xml": ("<a>\n<b></a>", 2),
    }
    lines: dict[str, Any] = {}
    for name, (text, _) in wrong.items():
        with pytest.raises(SyntaxReadError) as caught:
            READERS[name](text.encode())
        lines[name] = caught.value.line
    assert lines == {name: line for name, (_, line) in wrong.items()}


def test_a_second_byte_order_mark_is_refused_in_every_format() -> None:
    refused = []
    for name, read in READERS.items():
        try:
            read("\ufeff\ufeffa: 1\n".encode())
        except SyntaxReadError as error:
            if "two byte-order marks" in str(error):
                refused.append(name)
    assert refused == list(READERS)
