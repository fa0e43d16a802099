from __future__ import annotations

import configparser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zt_gate.syntax import ini
from zt_gate.syntax.document import SyntaxReadError

NAMES = st.text(alphabet="ab.xé-", min_size=1, max_size=4)
WORDS = st.text(alphabet="ab=:[]\"'é/{}", min_size=1, max_size=6)
VALUES = st.lists(WORDS, min_size=1, max_size=3)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3),
       st.sampled_from(["=", ":", " = ", "\t: "]))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_values_are_those_of_configparser(
    table: dict[str, dict[str, list[str]]], mark: str
) -> None:
    text = ""
    for section, options in table.items():
        text += f"[{section}]\n# note\n"
        for option, lines in options.items():
            text += f"{option}{mark}" + "\n   ".join(lines) + "\n"
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    expected = {name: dict(parser.items(name)) for name in parser.sections()}
    document = ini.read(text, dialect="configparser")
    assert document.value == expected
    for value in ini.option_lines(document):
        assert text.startswith(value.words, value.start)
        assert value.words in expected[value.section][value.option].split("\n")


@pytest.mark.parametrize("text", ["a = b\n", "[a]\nwords\n", "[a\nb = c\n", "=x"])
def test_what_configparser_refuses(text: str) -> None:
    with pytest.raises(configparser.Error):
        configparser.RawConfigParser().read_string(text)
    with pytest.raises(SyntaxReadError):
        ini.read(text, dialect="configparser")


LENIENT = """\
; npm
registry = https://r.example/
//r.example/:_authToken=abc
[core] hooksPath = "x y"
bare
[submodule "a \\"b"]
\tpath = one \\
two
[global]
index-url: https://p.example/simple
extra = https://a.example/
   https://b.example/?x=1
[GLOBAL]
extra = https://c.example/
"""


def test_the_files_of_npm_pip_and_git() -> None:
    document = ini.read(LENIENT, dialect="lenient")
    assert document.value == {
        "registry": "https://r.example/",
        "//r.example/:_authToken": "abc",
        "core": {"hooksPath": "x y", "bare": ""},
        "submodule": {'a \\"b': {"path": "one two"}},
        "global": {
            "index-url": "https://p.example/simple",
            "extra": "https://a.example/ https://b.example/?x=1 https://c.example/",
        },
    }
    lines = {path: document.line(path) for path, _ in document.items() if path}
    assert lines == {
        ("registry",): 2,
        ("//r.example/:_authToken",): 3,
        ("core",): 4,
        ("core", "hooksPath"): 4,
        ("core", "bare"): 5,
        ("submodule",): 6,
        ("submodule", 'a \\"b'): 6,
        ("submodule", 'a \\"b', "path"): 7,
        ("global",): 9,
        ("global", "index-url"): 10,
        ("global", "extra"): 11,
    }
    third = document.find(("global", "extra", 2))
    assert third is not None
    assert LENIENT[third[1].start : third[1].end] == "https://c.example/"


def test_a_section_and_a_setting_of_one_name_do_not_hide_each_other() -> None:
    text = '[submodule "x"]\nupdate = !cmd\n[submodule]\nx = y\n'
    assert ini.read(text, dialect="lenient").value == {
        "submodule": {"x": {"update": "!cmd", "": "y"}}
    }
    text = '[submodule]\nx = y\n[submodule "x"]\nupdate = !cmd\n'
    assert ini.read(text, dialect="lenient").value == {
        "submodule": {"x": {"update": "!cmd", "": "y"}}
    }


@pytest.mark.parametrize("text", ["a = b\x00", "a" * 65_537, "a \\\n" * 40_000])
def test_malformed_lines_are_refused(text: str) -> None:
    with pytest.raises(SyntaxReadError):
        ini.read(text, dialect="lenient")


@given(st.text(alphabet='ab[]"=:\\\n\t ;#', max_size=60))
@settings(max_examples=500, deadline=None)
def test_spans_of_any_text(text: str) -> None:
    try:
        document = ini.read(text, dialect="lenient")
    except SyntaxReadError:
        return
    if "\\" in text:
        return  # a line that goes on has its value in pieces
    waiting = document.root.entries()
    while waiting:
        key, node = waiting.pop()
        assert text[key.start : key.end].lower() == key.value.lower()
        assert all(
            text[line.start : line.end] == line.value for line in node.items or ()
        )
        waiting = [*waiting, *node.entries()]
