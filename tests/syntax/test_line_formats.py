"""Git attributes and front matter."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.syntax import front_matter, git_attributes, yaml
from zt_gate.syntax.document import SyntaxReadError

ATTRIBUTES = """\
# note
*.py filter=run -diff !text
"a b" eol=lf
*.py  merge=x=y
"""


def test_git_attributes() -> None:
    document = git_attributes.read(ATTRIBUTES)
    assert document.value == {
        "*.py": {"filter": "run", "diff": False, "text": False, "merge": "x=y"},
        "a b": {"eol": "lf"},
    }
    assert document.line(("*.py", "merge")) == 4
    found = document.find(("*.py", "diff"))
    assert found is not None
    assert found[0] is not None
    assert ATTRIBUTES[found[0].start : found[0].end] == "diff"
    assert document.place(("a b", "eol")) == (3, 11, 13)


def test_front_matter_has_the_places_of_the_whole_file() -> None:
    text = "---  \ntools: [Bash, Read]\n# note\nmodel: x\n---\n# Title\n"
    document = front_matter.read(text)
    assert document.value == {"tools": ["Bash", "Read"], "model": "x"}
    assert document.place(("tools", 1)) == (2, 15, 19)
    assert document.line(("model",)) == 4
    assert document.content == text


def test_invalid_yaml_is_read_line_by_line() -> None:
    document = front_matter.read(
        "---\ntools: Read, Bash(git:*)\nabout: a: b\n- c\n---\n"
    )
    assert document.value == {"tools": "Read, Bash(git:*)", "about": "a: b"}
    assert document.place(("about",)) == (3, 8, 12)


@given(
    st.text(alphabet="ab:- \n[]{}'\"", max_size=40),
    st.sampled_from(["---\n", "--- \n", "---\t\t\n"]),
)
@settings(max_examples=300, deadline=None)
def test_front_matter_is_read_as_yaml(head: str, first: str) -> None:
    text = f"{first}{head}\n---\nafter"
    document = front_matter.read(text)
    inner = head.partition("\n---")[0]
    if inner.startswith("---") or "\n" in inner:
        return
    try:
        expected = yaml.read(inner).value
    except SyntaxReadError:
        return
    assert document.value == (expected if isinstance(expected, dict) else {})
    for path, value in document.items():
        if isinstance(value, str) and path:
            line, column, end = document.place(path)
            assert value in text.split("\n")[line - 1][column - 1 : end - 1]


def test_a_file_without_front_matter() -> None:
    for text in ("", "# Title\n", "---\nno end", "--- a\n---\n", " ---\na: b\n---\n"):
        assert front_matter.read(text).value == {}
