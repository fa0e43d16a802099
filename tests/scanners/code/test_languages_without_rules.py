"""Code that no rule can judge is listed with its language, and counted in the verdict line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.changes import change_of, file_change
from tests.support.offenders import each_of
from zt_gate.model.change import MODE_EXECUTABLE, ChangeSet
from zt_gate.model.report import without_rules
from zt_gate.scanners.code.languages_without_rules import not_inspected
from zt_gate.scanners.code.targets import dialect_of

if TYPE_CHECKING:
    from zt_gate.model.change import FileChange

WITH_RULES = ("python", "javascript", "go")


def languages(*files: FileChange) -> list[str]:
    change = ChangeSet("staged", "", "", "", files)
    items = list(not_inspected(change.files, WITH_RULES))
    assert all(item.kind == "not_applicable" for item in items)
    return [item.language_without_rules for item in items]


@each_of(
    ("path", "text", "language"),
    [
        ("a.php", "<?php echo 1;", "PHP"),
        ("src/a.RS", "fn main() {}", "Rust"),
        ("a.rb", "puts 1", "Ruby"),
        ("A.java", "class A {}", "Java"),
        ("a.c", "int main() {}", "C"),
        ("a.sh", "ls", "Shell"),
        ("run", "#!/usr/bin/env -S bash -e\nls", "Shell"),
        ("a.xyz", "#!/usr/bin/perl5\nprint 1", "Perl"),
        ("a.inc2", "<?php echo 1;", "PHP"),
        ("part.tpp2", "#include <stdio.h>\nint x;", "C"),
        ("Dockerfile.dev", "FROM x", "Dockerfile"),
        ("sub/Makefile", "all:", "Makefile"),
        ("a.ipynb", "{}", "Jupyter notebook"),
        ("a.pth", "import os", "Python"),
    ],
)
def test_code_without_rules_is_listed(path: str, text: str, language: str) -> None:
    assert languages(file_change(path, text)) == [language]


@each_of(
    ("path", "text"),
    [
        ("a.md", "# A\n\n    <?php echo 1;"),
        ("a.json", "{}"),
        ("a.yaml", "a: 1"),
        ("a.txt", "#!/bin/sh\nls"),
        ("LICENSE", "Permission is hereby granted"),
        ("a.png", "\x89PNG\r\n\x1a\n"),
        ("a.py", "x = 1"),
        ("a.ts", "let x"),
        ("a.go", "package a"),
    ],
)
def test_text_data_and_code_with_rules_are_not_listed(path: str, text: str) -> None:
    assert languages(file_change(path, text)) == []


def test_a_change_of_nothing_new_is_not_listed() -> None:
    assert (
        languages(
            file_change("a.php", None, "<?php"),
            file_change("b.php", "<?php\n", "<?php\n1\n"),
        )
        == []
    )
    script = file_change(
        "a.txt", "#!/bin/sh\nls\n", "#!/bin/sh\nls\n", new_mode=MODE_EXECUTABLE
    )
    assert languages(script) == ["Shell"]
    assert change_of({}).files == ()


def test_an_entry_says_its_language() -> None:
    assert without_rules("PHP") == "no code rules for PHP"


@each_of(
    ("path", "text", "language"),
    [
        ("tool.foo", "do something", "unknown type"),
        ("bin/tool", "do something", "unknown type"),
        (".hidden", "do something", "unknown type"),
        ("a.vala", "x", "Vala"), ("a.cue", "x", "CUE"), ("a.rego", "x", "Rego"),
        ("a.proto", "x", "Protocol Buffers"), ("a.graphql", "x", "GraphQL"),
        ("a.service", "[Service]", "systemd unit"), ("a.desktop", "x", "Desktop entry"),
        ("a.reg", "x", "Registry"), ("a.nu", "x", "Nushell"), ("a.ll", "x", "LLVM"),
        ("a.sh.in", "ls", "Shell"), ("a.rb.tmpl", "puts 1", "Ruby"),
        ("a.py.j2", "x = {% if a %}1{% endif %}", "Python"),
        ("a.js.in", "let x = @VALUE@;", "JavaScript"),
        ("a.sage", "R.<x> = QQ[]", "Python"),
        ("a.html", "<p>1</p>\n<script>eval(x)</script>", "scripts inside HTML"),
        ("a.svg", '<svg onload="go()"/>', "scripts inside HTML"),
        ("a.htm", "<img src=x onerror=go()>", "scripts inside HTML"),
        ("a.shtml", '<!--#exec cmd="ls" -->', "scripts inside HTML"),
        ("a.ejs", "<%= x %>", "EJS"), ("a.aspx", "<% x %>", "ASP"),
        ("a.hbs", "{{x}}", "Handlebars"),
        ("a.mdx", "import x from 'y'\n", "MDX"),
        ("a.pkl", "x", "Pickle"),
        ("model", "c" + "os\nsystem\n(S'ls'\ntR.", "Pickle"),
    ],
)  # fmt: skip
def test_text_of_an_unknown_kind_is_listed(path: str, text: str, language: str) -> None:
    assert languages(file_change(path, text)) == [language]


@each_of(
    ("path", "text"),
    [
        ("a.rpy", "x = 1"), ("SConstruct", "x = 1"), ("a.tac", "x = 1"), ("a.gypi", "{'a': 1}"),
        ("a.py.in", "x = 1"), ("a.jsm", "let x;"), ("Jakefile", "let x;"), ("a.js.tmpl", "let x;"),
        ("tool", "# -*- mode: python -*-\nx = 1"), ("tool2", "# vim: ft=python\nx = 1"),
    ],
)  # fmt: skip
def test_a_file_of_a_tool_is_judged_where_it_parses(path: str, text: str) -> None:
    file = file_change(path, text)
    assert languages(file) == []
    assert dialect_of(file) is not None


@each_of(
    ("path", "text"),
    [
        ("a.html", '<p class="x">once upon a time</p>'), ("a.svg", '<svg><path d="M0"/></svg>'),
        (".gitignore", "x"), (".editorconfig", "x"), (".python-version", "3"), ("LICENSE-MIT", "x"),
        ("yarn.lock", "x"), ("go.sum", "x"), ("a.csv", "a,b"), ("a.toml.in", "a = 1"),
        ("a.mdx", "# Words\n"), ("CODEOWNERS", "* @a"), ("README", "words"), ("empty", ""),
    ],
)  # fmt: skip
def test_known_data_and_prose_is_not_listed(path: str, text: str) -> None:
    assert languages(file_change(path, text)) == []


def test_an_executable_file_without_an_interpreter_line_is_listed() -> None:
    file = file_change("README", "rm x\n", new_mode=MODE_EXECUTABLE)
    assert languages(file) == ["unknown type"]
