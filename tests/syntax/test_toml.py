from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.syntax import toml
from zt_gate.syntax.document import DEFAULT_LIMITS, SyntaxReadError

DOCUMENT = '''\
top = 1 # top2 = 2
"quoted . key" . 'b' = """
not = "a key"
[nor.a.header]
"""  # "
list = [
  1, # ]
  "]", [2],
  { inner = 1 },
]
raw = \'\'\'
x = 1\'\'\'

[a.b] # comment
c.d = { e = "}" }
"\\u0066" = """a\\""""   # quotes inside
[[ignore]]
rule = 1
[[ignore]]
rule = 2
[ignore.sub]
x = 1
[[ignore.more]]
y = 1
'''


def test_keys_are_on_their_lines() -> None:
    document = toml.read(DOCUMENT)
    assert document.value["ignore"][1]["more"] == [{"y": 1}]
    lines = {
        ("top",): 1,
        ("quoted . key", "b"): 2,
        ("list",): 6,
        ("list", 1): 8,
        ("list", 3, "inner"): 9,
        ("raw",): 11,
        ("a", "b"): 14,
        ("a", "b", "c", "d"): 15,
        ("a", "b", "c", "d", "e"): 15,
        ("a", "b", "f"): 16,
        ("ignore", 0): 17,
        ("ignore", 0, "rule"): 18,
        ("ignore", 1, "rule"): 20,
        ("ignore", 1, "sub", "x"): 22,
        ("ignore", 1, "more", 0, "y"): 24,
    }
    assert {path: document.line(path) for path in lines} == lines
    assert not any(document.find((name,)) for name in ("not", "x", "inner", "nor"))


def test_the_nearest_key_around_it() -> None:
    document = toml.read(DOCUMENT)
    assert document.line(("a", "b", "c", "d", "e", "f")) == 15
    assert document.line(("list", 9, "inner")) == 6
    assert document.line(("nowhere",)) == 1


def test_deep_keys_count_outside_strings_only() -> None:
    most = DEFAULT_LIMITS.parts
    deep = "a." * most + "a"
    for text, line in ((f"x = 1\n{deep} = 1", 2), (f"x = {{ {deep} = 1 }}", 1),
                       (deep.replace(".", ' . "b" . ') + " = 1", 1)):  # fmt: skip
        with pytest.raises(
            SyntaxReadError, match=f"more than {most} dotted parts"
        ) as caught:
            toml.read(text)
        assert caught.value.line == line
    toml.read(f'x = "{deep}"\n# {deep}\ny = """\n{deep}\n"""')
    toml.read("x = [" + "1.5, " * 200 + "]")
    toml.read("x = '" + "[" * 200 + "' # " + "{" * 200)


KEYS = st.text(alphabet="ab-_.\"'#=[]\\ \n\té", min_size=1, max_size=6)
SCALARS = st.one_of(st.integers(-9, 9**9), st.booleans(), st.floats(0, 9), st.datetimes(),
                    st.text(alphabet="ab\"'\\\n#=[]", max_size=8))  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=8,
)


def quoted(text: str) -> str:
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text) + '"'


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if (
            "'''" not in value
            and not value.endswith("'")
            and not value.startswith("\n")
        ):
            return f"'''{value}'''"
        return quoted(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(written, value)) + "\n]"
    if isinstance(value, dict):
        inner = (f"{quoted(key)} = {written(item)}" for key, item in value.items())
        return "{ " + ", ".join(inner) + " }"
    return str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=5))
@settings(max_examples=300, deadline=None)
def test_every_value_of_any_document_is_found_at_its_place(
    table: dict[str, object],
) -> None:
    text = "[t]\n" + "".join(
        f"{quoted(k)} = {written(v)} # x = 1\n" for k, v in table.items()
    )
    document = toml.read(text)
    assert document.value == tomllib.loads(text)
    for path, value in document.items():
        found = document.find(path)
        assert found is not None
        key, node = found
        if len(path) > 1:
            piece = document.content[node.start : node.end]
            assert tomllib.loads(f"x = {piece}")["x"] == value
        if key is not None:
            assert (
                next(
                    iter(tomllib.loads(f"{document.content[key.start : key.end]} = 1"))
                )
                == path[-1]
            )


@given(st.text(alphabet="[]{}=.\"'#\\\n ab", max_size=60))
@settings(max_examples=500, deadline=None)
def test_it_takes_what_tomllib_takes(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except ValueError:
        with pytest.raises(SyntaxReadError):
            toml.read(text)
        return
    document = toml.read(text)
    assert document.value == expected
    assert all(document.find(path) is not None for path, _ in document.items())


def test_numbers_that_nobody_can_print_are_refused() -> None:
    with pytest.raises(SyntaxReadError, match="64 bits"):
        toml.read("a = [{b = 0x" + "f" * 6000 + "}]")
    assert toml.read("a = '0x" + "f" * 6000 + "'").value["a"].startswith("0xf")


def test_the_parsers_own_words_are_kept_apart() -> None:
    with pytest.raises(SyntaxReadError) as caught:
        toml.read("a = 1\n[secret]\n[secret]\n")
    assert "secret" not in str(caught.value)
    assert "secret" in caught.value.detail
