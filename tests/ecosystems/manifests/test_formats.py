"""Every manifest format: the dependencies that its reader finds, and their places."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from zt_gate.ecosystems import manifest_formats
from zt_gate.ecosystems.manifests import reader_for, reader_named
from zt_gate.ecosystems.manifests.base import Dependency, ManifestError, valid_name

if TYPE_CHECKING:
    from collections.abc import Iterator


def npm_host() -> str:
    """The registry's address: a library's constant, as no file here holds it."""
    url = import_module("packageurl.contrib.purl2url").get_download_url("pkg:npm/x@1")
    return f"https://{urlsplit(url).netloc}"


def pypi_host() -> str:
    url = import_module("packageurl.contrib.purl2url").get_repo_url("pkg:pypi/x")
    return f"https://{urlsplit(url).netloc}"


NPM, PYPI = npm_host(), pypi_host()
OTHER = "https://mirror.example"

PACKAGE_LOCK = json.dumps(
    {
        "lockfileVersion": 3,
        "packages": {
            "": {"name": "own", "dependencies": {"left-pad": "1"}},
            "node_modules/left-pad": {
                "version": "1.0.0",
                "resolved": f"{NPM}/left-pad/-/left-pad-1.0.0.tgz",
            },
            "node_modules/a/node_modules/@s/b": {
                "version": "2.0.0",
                "resolved": f"{OTHER}/@s/b/-/b-2.0.0.tgz",
            },
            "node_modules/ws": {"resolved": "packages/ws", "link": True},
            "node_modules/alias": {"name": "real", "version": "1.0.0"},
        },
    },
    indent=1,
)
PACKAGE_LOCK_1 = json.dumps(
    {
        "lockfileVersion": 1,
        "dependencies": {
            "one": {
                "version": "1.0.0",
                "dependencies": {"two": {"version": "git+ssh://h/x"}},
            }
        },
    }
)
YARN_1 = f"""# yarn lockfile v1

"@s/b@^1.0", "@s/b@^1.1":
  version "1.1.0"
  resolved "{NPM}/@s/b/-/b-1.1.0.tgz#abc"

left-pad@^1:
  version "1.0.0"
  resolved "{OTHER}/left-pad/-/left-pad-1.0.0.tgz#abc"
  dependencies:
    x "1"
"""
YARN_BERRY = """__metadata:
  version: 8

"left-pad@npm:^1.0.0":
  version: 1.3.0
  resolution: "left-pad@npm:1.3.0"
  languageName: node

"own@workspace:.":
  version: 0.0.0-use.local
  resolution: "own@workspace:."

"z@https://h.example/z.tgz":
  version: 1.0.0
  resolution: "z@https://h.example/z.tgz"
"""
PNPM_LOCK = f"""lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      left-pad:
        specifier: ^1
        version: 1.0.0
packages:
  left-pad@1.0.0:
    resolution: {{integrity: sha512-x}}
  '@s/b@2.0.0(peer@1.0.0)':
    resolution: {{tarball: {OTHER}/@s/b/-/b-2.0.0.tgz}}
  /old/1.0.0:
    resolution: {{integrity: sha512-x}}
"""
BUN_LOCK = """{
  // a comment
  "lockfileVersion": 1,
  "workspaces": {"": {"name": "own", "dependencies": {"left-pad": "^1",}}},
  "packages": {
    "left-pad": ["left-pad@1.3.0", "", {}, "sha512-x"],
    "a/b": ["b@2.0.0", "", {}, "sha512-x"],
  },
}
"""
UV_LOCK = f"""version = 1
requires-python = ">=3.11"

[[package]]
name = "own"
version = "0.1.0"
source = {{ editable = "." }}
dependencies = [
    {{ name = "flask" }},
]

[[package]]
name = "flask"
version = "3.0.0"
source = {{ registry = "{PYPI}/simple" }}
sdist = {{ url = "{OTHER}/flask-3.0.0.tar.gz", hash = "sha256:00", size = 1 }}

[[package]]
name = "click"
version = "8.0"
source = {{ registry = "{OTHER}/simple" }}
"""
POETRY_LOCK = """[[package]]
name = "flask"
version = "3.0.0"
files = [
    {file = "flask-3.0.0.tar.gz", hash = "sha256:00"},
]

[package.dependencies]
click = ">=8"

[[package]]
name = "mine"
version = "1"

[package.source]
type = "git"
url = "https://h.example/mine.git"

[metadata]
lock-version = "2.0"
"""
PYLOCK = """lock-version = "1.0"
[[packages]]
name = "attrs"
version = "25.1.0"
wheels = [{name = "attrs-25.1.0-py3-none-any.whl"}]
[[packages]]
name = "mine"
vcs = {type = "git", url = "https://h.example/mine"}
"""
CARGO_LOCK = """version = 3
[[package]]
name = "own"
version = "0.1.0"
dependencies = [
 "serde",
]

[[package]]
name = "serde"
version = "1.0.1"
source = "registry+https://github.com/rust-lang/crates.io-index"

[[package]]
name = "mine"
version = "1.0.0"
source = "git+https://h.example/mine#abc"
"""
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["!pip install not-this"]},
            {
                "cell_type": "code",
                "source": [
                    "!pip install nb-one\n",
                    "%pip install -q nb-two\n",
                    "import nb_three",
                ],
            },
        ]
    },
    indent=1,
)
POM = """<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <groupId>g</groupId>
  <properties><v>1.2</v></properties>
  <parent><groupId>p</groupId><artifactId>q</artifactId><version>1</version><relativePath/></parent>
  <dependencies>
    <dependency><groupId>org.a</groupId><artifactId>b</artifactId><version>${v}</version></dependency>
  </dependencies>
  <build><plugins><plugin><artifactId>maven-jar-plugin</artifactId></plugin></plugins></build>
</project>
"""


def composer_lock() -> str:
    url = import_module("packageurl.contrib.purl2url").get_repo_url("pkg:composer/a/b")
    told = f"https://{urlsplit(url).netloc}/downloads/"
    return json.dumps(
        {
            "packages": [
                {"name": "one/kit", "version": "v1.2.3", "notification-url": told,
                 "require": {"name": "x/y"}, "dist": {"type": "zip", "url": f"{OTHER}/a.zip"}},
                {"name": "two/fork", "version": "dev-main",
                 "source": {"type": "git", "url": f"{OTHER}/fork.git"}},
            ],
            "packages-dev": [
                {"name": "three/own", "version": "1.0", "dist": {"type": "path", "url": "../x"}},
                {"name": "four/kit", "version": "1.0", "notification-url": f"{OTHER}/told"},
            ],
        },
        indent=1,
    )  # fmt: skip


PIPFILE_LOCK = json.dumps(
    {"_meta": {}, "default": {"a-one": {"version": "==1"}}, "develop": {"a-two": {}}}
)


def written_ways() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    text = Path(__file__).with_name("ways.txt").read_text("utf-8")
    parts = text.split("@@@ ")[1:]
    for path, rest in zip(parts[::2], parts[1::2], strict=True):
        keys, _, content = rest.partition("\n")
        yield path.rstrip("\n"), content, tuple(key for key in keys.split(", ") if key)


#: Path, content, and the keys that it names (with the ecosystem where it is not PyPI).
GO_SOURCE = """\
package a

// go get example.test/comment
//go:generate go run example.test/gen/cmd/gen@v1.2.3 -type=X
var text = "go install example.test/text@v1.0.0"
"""

CASES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Pipfile.lock", PIPFILE_LOCK, ("a-one", "a-two")),
    ("gen.go", GO_SOURCE, ("golang example.test/gen/cmd/gen",)),
    ("uv.lock", UV_LOCK, ("flask", "click")),
    ("poetry.lock", POETRY_LOCK, ("flask", "mine")),
    ("pdm.lock", POETRY_LOCK, ("flask", "mine")),
    ("pylock.toml", PYLOCK, ("attrs", "mine")),
    ("pylock.dev.toml", PYLOCK, ("attrs", "mine")),
    ("a.ipynb", NOTEBOOK, ("nb-one", "nb-two")),
    ("package-lock.json", PACKAGE_LOCK, ("npm left-pad", "npm @s/b", "npm real")),
    ("npm-shrinkwrap.json", PACKAGE_LOCK_1, ("npm one", "npm two")),
    ("yarn.lock", YARN_1, ("npm @s/b", "npm left-pad")),
    ("b/yarn.lock", YARN_BERRY, ("npm left-pad", "npm z")),
    ("pnpm-lock.yaml", PNPM_LOCK, ("npm left-pad", "npm @s/b", "npm old")),
    ("bun.lock", BUN_LOCK, ("npm left-pad", "npm b")),
    ("Cargo.lock", CARGO_LOCK, ("cargo serde", "cargo mine")),
    (
        "composer.lock",
        composer_lock(),
        (
            "composer one/kit",
            "composer two/fork",
            "composer three/own",
            "composer four/kit",
        ),
    ),
    (
        "pom.xml",
        POM,
        (
            "maven p:q",
            "maven org.a:b",
            "maven org.apache.maven.plugins:maven-jar-plugin",
        ),
    ),
    *written_ways(),
)


def read(path: str, content: str) -> tuple[Dependency, ...]:
    reader = reader_for(path.encode())
    assert reader is not None
    return reader.read(path.encode(), content.encode())


def named(found: tuple[Dependency, ...]) -> list[str]:
    return [
        entry.key if entry.ecosystem == "pypi" else f"{entry.ecosystem} {entry.key}"
        for entry in found
        if entry.key and entry.source.kind not in {"self", "import"}
    ]


@each_of(("path", "content", "expected"), CASES, ids=[case[0] for case in CASES])
def test_each_format_names_its_packages(
    path: str, content: str, expected: tuple[str, ...]
) -> None:
    assert sorted(named(read(path, content))) == sorted(expected)


@each_of(
    ("path", "content"), [case[:2] for case in CASES], ids=[case[0] for case in CASES]
)
def test_places_contain_the_names(path: str, content: str) -> None:
    shifted = f"{'' if path.endswith('.xml') else chr(10)}{content}"
    for entry in read(path, shifted):
        line = shifted.split("\n")[entry.line - 1]
        marked = line[entry.column - 1 : entry.end_column - 1]
        assert 1 <= entry.column <= entry.end_column <= len(line) + 1
        told = entry.name.split("/")[-1].split(":")[-1] or entry.source.target
        if (
            path.endswith((".csproj", "Gemfile.lock"))
            or entry.section == "command npm create"
        ):
            assert marked
        elif (
            entry.source.kind != "computed"
            and "gradle.plugin" not in entry.name
            and "alias" not in marked
        ):
            assert (
                told in marked
                or marked.strip("'\"") in {"x", "a", "c", "@s/b"}
                or told in line
            )


def test_every_case_may_be_a_manifest_and_has_its_reader() -> None:
    kinds = {manifest_formats.format_of(path.encode()) for path, _, _ in CASES}
    named_formats = {
        name
        for name, one in manifest_formats.formats().items()
        if one.files or one.suffixes
    }
    # Settings files name no package: tests/scanners/dependencies/test_settings_files.py.
    settings = manifest_formats.with_role("settings")
    assert named_formats - kinds - settings <= {"requirements", "pyproject"}
    for name in named_formats | kinds:
        assert callable(reader_named(str(name)).read)


def kinds_of(path: str, content: str) -> dict[str, tuple[str, str]]:
    return {
        entry.key: (entry.source.kind, entry.source.target)
        for entry in read(path, content)
        if entry.key
    }


def test_sources_outside_the_registry_in_lock_files() -> None:
    lock = kinds_of("package-lock.json", PACKAGE_LOCK)
    assert lock["left-pad"] == ("registry", "")
    assert lock["@s/b"] == ("index", OTHER)
    assert kinds_of("npm-shrinkwrap.json", PACKAGE_LOCK_1)["two"][0] == "vcs"
    assert kinds_of("yarn.lock", YARN_1) == {
        "@s/b": ("registry", ""),
        "left-pad": ("index", OTHER),
    }
    assert kinds_of("yarn.lock", YARN_BERRY)["z"][0] == "url"
    assert kinds_of("pnpm-lock.yaml", PNPM_LOCK)["@s/b"] == ("index", OTHER)
    uv = kinds_of("uv.lock", UV_LOCK)
    assert uv["flask"][0] == "host"  # the index's own package, from another host's file
    assert uv["click"] == ("index", f"{OTHER}/simple")
    assert kinds_of("poetry.lock", POETRY_LOCK)["mine"][0] == "vcs"
    assert kinds_of("pylock.toml", PYLOCK)["mine"][0] == "vcs"
    cargo = kinds_of("Cargo.lock", CARGO_LOCK)
    assert (cargo["serde"][0], cargo["mine"][0]) == ("registry", "vcs")
    assert kinds_of("composer.lock", composer_lock()) == {
        "one/kit": ("registry", ""),
        "two/fork": ("vcs", f"{OTHER}/fork.git"),
        "three/own": ("path", "../x"),
        "four/kit": ("index", OTHER),
    }


def test_a_host_with_the_registrys_name_as_prefix_is_a_different_one() -> None:
    for host in (
        f"{NPM}.evil.example",
        NPM.replace("https://", "http://"),
        f"{NPM[:-4]}x.org",
    ):
        lock = PACKAGE_LOCK.replace(f"{NPM}/left-pad", f"{host}/left-pad")
        assert kinds_of("package-lock.json", lock)["left-pad"] == ("index", host)


def test_direct_and_locked() -> None:
    for path, content, direct in (
        ("package-lock.json", PACKAGE_LOCK, {"left-pad"}),
        ("pnpm-lock.yaml", PNPM_LOCK, {"left-pad"}),
        ("bun.lock", BUN_LOCK, {"left-pad"}),
        ("uv.lock", UV_LOCK, {"flask"}),
        ("poetry.lock", POETRY_LOCK, set()),
    ):
        assert {entry.key for entry in read(path, content) if entry.direct} == direct


def test_each_version_of_a_package_in_a_lock_counts() -> None:
    packages = {
        f"node_modules/{n}/node_modules/x": {"version": f"{n}.0.0"} for n in "1223"
    }
    packages["node_modules/x"] = {"version": "2.0.0"}
    lock = json.dumps({"lockfileVersion": 3, "packages": packages})
    found = read("package-lock.json", lock)
    assert [one.constraint for one in found] == ["1.0.0", "2.0.0", "3.0.0"]
    assert [one.constraint for one in read("Cargo.lock", CARGO_LOCK)] == [
        "=1.0.1",
        "=1.0.0",
    ]


def test_the_fast_reading_of_locks_agrees_with_tomllib() -> None:
    for path, content in (
        ("uv.lock", UV_LOCK),
        ("poetry.lock", POETRY_LOCK),
        ("Cargo.lock", CARGO_LOCK),
    ):
        slow = content + "\n[extra]\n'odd key' = 1\n"
        fast_entries, slow_entries = read(path, content), read(path, slow)
        assert [(e.identity, e.constraint, e.direct) for e in fast_entries] == [
            (e.identity, e.constraint, e.direct) for e in slow_entries
        ]


@pytest.mark.parametrize(
    "hidden",
    [
        "[[ package ]]\nname = 'evil'\n",
        '[["package"]]\nname = "evil"\n',
        "  [[package]]\n  name = 'evil'\n",
        '[[package]]\n"name" = "evil"\n',
        "[[package]]\nname = 'evil'\n",
        '[[package]]\nname="evil"\n',
    ],
)
def test_no_other_notation_hides_a_package(hidden: str) -> None:
    assert "evil" in [
        entry.name for entry in read("poetry.lock", f"{POETRY_LOCK}\n{hidden}")
    ]


def test_computed_requirements_are_reported() -> None:
    text = (
        "from setuptools import setup\n"
        "setup(install_requires=open('x').read().split(), **more)\n"
    )
    told = [
        entry.source.target
        for entry in read("setup.py", text)
        if entry.source.kind == "computed"
    ]
    assert len(told) == 2


def test_package_urls() -> None:
    (entry,) = (
        one
        for one in read("go.mod", "module x.y/z\nrequire github.com/a/b v1.2.3\n")
        if one.source.kind != "self"
    )
    assert entry.purl == "pkg:golang/github.com/a/b@1.2.3"
    urls = {one.purl for one in read("package-lock.json", PACKAGE_LOCK)}
    assert {"pkg:npm/%40s/b@2.0.0", "pkg:npm/left-pad@1.0.0"} <= urls
    assert read("pom.xml", POM)[1].purl == "pkg:maven/org.a/b@1.2"


@each_of(
    ("path", "content"),
    [
        ("setup.py", "def (\n"),
        ("setup.cfg", "[options]\ninstall_requires =\n  a b c\n"),
        ("Pipfile", "[packages]\na=1\n"),
        ("Pipfile.lock", "[]"),
        ("uv.lock", "[[package]]\n"),
        ("poetry.lock", "[[package]]\nname = 3\n"),
        ("environment.yml", "a: [\n"),
        ("package-lock.json", "{"),
        ("yarn.lock", "<<<<<<< HEAD\n"),
        ("pnpm-lock.yaml", "packages:\n  'a b': {}\n"),
        ("bun.lock", "{"),
        ("Cargo.toml", "[dependencies]\na=1\n"),
        ("go.mod", "what is this\n"),
        ("Gemfile.lock", "<<<<<<< x\n"),
        ("composer.json", '{"require": {"a": 1}}'),
        ("pom.xml", '<!DOCTYPE x [<!ENTITY a "b">]><project/>'),
        ("pom.xml", "<a>"),
        ("x.csproj", "<a"),
        (".pre-commit-config.yaml", "a: ["),
        (".github/workflows/x.yml", "a: ["),
        (".mcp.json", "{"),
    ],
)
def test_a_manifest_that_cannot_be_read_says_so(path: str, content: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(path, content)
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize(
    "path",
    ["a.ipynb", "x/y/.github/workflows/x.yml", ".devcontainer/devcontainer.json"],
)
def test_an_unreadable_text_file_does_not_block(path: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read(path, "a: [")
    assert caught.value.kind == "not_applicable"


def test_python_of_another_version_still_gives_its_imports() -> None:
    found = read("old.py", "import evil_module\nprint 'x'\n")
    assert [entry.name for entry in found if entry.source.kind == "import"] == [
        "evil_module"
    ]


def test_optional_and_type_imports_add_nothing() -> None:
    text = (
        "from typing import TYPE_CHECKING\nimport os, first\n"
        "if TYPE_CHECKING:\n    import second\nelse:\n    import third\n"
        "try:\n    import fourth\nexcept ImportError:\n    import fifth\n"
        "try:\n    import sixth\nexcept ValueError:\n    pass\n"
        "from . import seventh\nfrom .x import eighth\ndef f():\n    import ninth.part\n"
    )
    found = read("a.py", text)
    assert [entry.name for entry in found] == ["first", "third", "sixth", "ninth"]


def test_javascript_imports() -> None:
    text = (
        "import a from 'a-one'\nimport {x,\n y} from \"@s/b/deep\"; import 'side';\n"
        "export * from 'c/d';\nconst f = require('fs'), g = require('g-one');\n"
        "await import('h-one')\nimport type {T} from 'types-only'\nimport z from './local';"
        " import q from 'node:fs'; import w from '@/alias'\n// import n from 'not-this'\n"
        "/* require('nor-this') */ const s = \"// 'x'\"; import(`k-one`)\n"
        "import {type T2} from 'kept'\n"
    )
    found = read("a.ts", text)
    assert [entry.name for entry in found] == [
        "a-one",
        "@s/b",
        "side",
        "c",
        "g-one",
        "h-one",
        "k-one",
        "kept",
    ]


PATHS = (*dict.fromkeys(case[0].encode() for case in CASES), b"requirements.txt")


def attempt(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    reader = reader_for(path)
    assert reader is not None
    try:
        return reader.read(path, data)
    except ManifestError as error:
        refused = error
    assert refused.reason.isprintable()
    return ()


def check(path: bytes, data: bytes) -> None:
    for entry in attempt(path, data):
        assert entry.line >= 1
        assert 1 <= entry.column <= entry.end_column
        if entry.key and entry.source.kind not in {"self", "import", "url"}:
            assert valid_name(entry.ecosystem, entry.name)


@given(st.sampled_from(PATHS), st.binary(max_size=300))
@settings(max_examples=examples(400), deadline=None)
def test_any_bytes_give_dependencies_or_a_manifest_error(
    path: bytes, data: bytes
) -> None:
    check(path, data)


@given(st.sampled_from(CASES), st.data())
@settings(max_examples=examples(800), deadline=None)
def test_a_damaged_file_gives_dependencies_or_a_manifest_error(
    case: tuple[str, str, tuple[str, ...]], data: st.DataObject
) -> None:
    content = case[1]
    at = data.draw(st.integers(0, len(content)))
    width = data.draw(st.integers(0, 12))
    put = data.draw(
        st.sampled_from(
            [
                "",
                "\n",
                '"',
                "'",
                "{",
                "[",
                "]",
                ":",
                "\\",
                "\x00",
                "é",
                "\u2028",
                "#",
                "$(",
                "`",
                "-",
                "@",
                "  ",
                "<",
                "null",
                "*a",
                "&a ",
                "\ud800",
                "=",
                "git+ssh://x",
                "npm:",
                "1",
            ]
        )
    )
    check(
        case[0].encode(),
        (content[:at] + put + content[at + width :]).encode("utf-8", "surrogatepass"),
    )


_DEEP = 100_000


SLOW_TEXTS = [
    ("x.sh", "pip install " + "a " * 300_000),
    ("x.sh", "'" * 500_000),
    ("x.sh", "$(" * 200_000),
    ("x.sh", '"\\' * 300_000),
    ("x.sh", "<" * 500_000),
    ("x.sh", "bash -c '" + 'bash -c "' * 50_000),
    ("x.sh", "${{" * 200_000),
    ("x.sh", "{{ " * 200_000),
    ("README.md", "```\n" * 200_000),
    ("README.md", "`" * 1_000_000),
    ("README.rst", "a::\n\n  b\n" * 100_000),
    ("a.py", "(" * _DEEP),
    ("a.py", "-" * _DEEP + "1"),
    ("a.py", "x" + ".a" * _DEEP),
    ("a.py", "if 1:\n" * 1000),
    ("a.py", "# /// script\n" + "#\n" * 200_000),
    ("a.py", "1+" * _DEEP + "1"),
    ("a.py", "not " * _DEEP + "1"),
    ("a.py", "\n".join(" " * n + "if 1:" for n in range(1500))),
    ("a.py", "import " + "a," * 100_000 + "b"),
    ("setup.py", "setup(install_requires=" + "[" * 5000),
    ("a.ts", "import " * 100_000),
    ("a.ts", "/*" * 300_000),
    ("a.ts", "import {" + "a, " * 200_000),
    ("a.ts", "`${" * 200_000),
    ("a.ts", "exec(" * 200_000),
    ("package-lock.json", '{"a":' * _DEEP),
    ("package-lock.json", '{"packages": {' + '"\\' * 500_000),
    ("bun.lock", "/" * 1_000_000),
    ("bun.lock", "," * 500_000),
    ("bun.lock", "{" + " " * 500_000 + ","),
    ("yarn.lock", "a@1, " * 200_000 + ":"),
    ("yarn.lock", "a@1:\n" + "  x\n" * 300_000),
    ("pnpm-lock.yaml", "[" * _DEEP),
    ("pnpm-lock.yaml", "- " * 50_000),
    ("pnpm-lock.yaml", "a: &a [*a, *a]\n"),
    ("environment.yml", "{a: " * 50_000),
    (
        ".github/workflows/x.yml",
        "\n".join(
            f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" if n else "a0: &a0 [x]"
            for n in range(500)
        ),
    ),
    (".github/workflows/x.yml", "run: >\n" + "  a\n\n" * 100_000),
    ("uv.lock", "[[package]]\n" * 100_000),
    ("uv.lock", "a = [\n" * 100_000),
    ("uv.lock", "name = " + '"' * 400_000),
    ("Cargo.toml", "a" + ".a" * _DEEP),
    ("go.mod", "require (\n" + "a " * 300_000),
    ("Gemfile", "gem " * 200_000),
    ("Gemfile", "gem 'a'" + " , x" * 100_000),
    ("build.gradle", "api " * 100_000),
    ("build.gradle", "url " * 200_000),
    ("pom.xml", "<a>" * _DEEP),
    ("pom.xml", "<a " + "b='c' " * 100_000 + "/>"),
    ("pom.xml", "<project>" + "<dependency><artifactId>x</artifactId>" * 40),
    ("setup.cfg", "[a]\n" + "b = c\n d\n" * 100_000),
    ("setup.cfg", "a" * 1_000_000),
    ("tox.ini", "[testenv]\ndeps =\n" + " a,b{" * 100_000),
    ("a.ipynb", '{"cells": [' + "[" * _DEEP),
    ("Dockerfile", "RUN " * 200_000),
    ("Dockerfile", "RUN a \\\n" * 100_000),
    ("Dockerfile", "RUN <<A\n" * 50_000),
    (".mcp.json", '{"a": {"command": "x", "args": [' + '"a", ' * 100_000 + "1]}}"),
    ("Gemfile.lock", "GEM\n" + "    " * 200_000),
]


def test_text_made_to_be_slow_is_read_or_refused_quickly() -> None:
    finishes(SLOW_TEXTS, lambda case: attempt(case[0].encode(), case[1].encode()))


LARGE_LOCKS = [
    ("package-lock.json", '"node_modules/p{}": {{"version": "1.0.0"}},'),
    ("yarn.lock", 'p{}@1:\n  version "1"\n'),
    ("uv.lock", '[[package]]\nname = "p{}"\nversion = "1"\n'),
    ("pnpm-lock.yaml", "  p{}@1.0.0:\n    resolution: {{integrity: x}}\n"),
]


def test_large_locks_take_linear_time() -> None:
    def look(case: tuple[str, str]) -> None:
        path, part = case
        heads = {"package-lock.json": '{"packages": {', "pnpm-lock.yaml": "packages:\n"}
        tail = '"": {}}}' if path == "package-lock.json" else ""
        content = (
            heads.get(path, "") + "".join(part.format(n) for n in range(10_000)) + tail
        )
        assert len(read(path, content)) == 10_000

    finishes(LARGE_LOCKS, look)
