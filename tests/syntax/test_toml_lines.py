from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from zt_gate.syntax.toml_lines import MAX_PARTS, deep_key_line, key_lines, line_of

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
    lines = key_lines(DOCUMENT)
    assert tomllib.loads(DOCUMENT)["ignore"][1]["more"] == [{"y": 1}]
    assert {
        ("top",): 1,
        ("quoted . key", "b"): 2,
        ("list",): 6,
        ("raw",): 11,
        ("a", "b"): 14,
        ("a", "b", "c", "d"): 15,
        ("a", "b", "f"): 16,
        ("ignore", 0): 17,
        ("ignore", 0, "rule"): 18,
        ("ignore", 1, "rule"): 20,
        ("ignore", 1, "sub", "x"): 22,
        ("ignore", 1, "more", 0, "y"): 24,
    }.items() <= lines.items()
    assert not {("not",), ("x",), ("inner",), ("nor",)} & set(lines)


def test_the_nearest_key_around_it() -> None:
    lines = key_lines(DOCUMENT)
    assert line_of(lines, ("a", "b", "c", "d", "e")) == 15
    assert line_of(lines, ("list", 2, "inner")) == 6
    assert line_of(lines, ("nowhere",)) == 1


def test_deep_keys_count_outside_strings_only() -> None:
    deep = "a." * MAX_PARTS + "a"
    assert deep_key_line(f"x = 1\n{deep} = 1") == 2
    assert deep_key_line(f"x = {{ {deep} = 1 }}") == 1
    assert deep_key_line(deep.replace(".", ' . "b" . ')) == 1
    assert deep_key_line(f'x = "{deep}"\n# {deep}\ny = """\n{deep}\n"""') is None
    assert deep_key_line("x = [" + "1.5, " * 200 + "]") is None


KEYS = st.text(alphabet="ab-_.\"'#=[]\\ \n\té", min_size=1, max_size=6)
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(alphabet="ab\"'\\\n#=[]", max_size=8))


def quoted(text: str) -> str:
    return '"' + "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text) + '"'


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if "'''" not in value and not value.endswith("'") and not value.startswith("\n"):
            return f"'''{value}'''"
        return quoted(value)
    if isinstance(value, list):
        return "[\n" + ",\n".join(map(written, value)) + "\n]"
    return str(value)


@given(st.dictionaries(KEYS, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=5))
def test_every_key_of_any_document_is_found_on_its_line(table: dict[str, object]) -> None:
    text, expected = "[t]\n", {}
    for key, value in table.items():
        expected["t", key] = text.count("\n") + 1
        text += f"{quoted(key)} = {written(value)} # x = 1\n"
    assert tomllib.loads(text) == {"t": table}
    lines = key_lines(text)
    assert {path: line for path, line in lines.items() if len(path) > 1} == expected


@given(st.text(alphabet="[]{}=.\"'#\\\n ab", max_size=60))
def test_nothing_makes_it_fail(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
