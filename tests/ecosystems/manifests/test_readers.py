"""The readers return dependencies or raise ManifestError, whatever the bytes are."""

from __future__ import annotations

import codecs
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.ecosystems.manifests import reader_for
from zt_gate.ecosystems.manifests.base import (
    Dependency,
    ManifestError,
    leaves_repository,
    normalise,
    valid_name,
)

PATHS = (b"requirements.txt", b"pyproject.toml", b"package.json", b".npmrc")


def read(path: str, content: str | bytes) -> tuple[Dependency, ...]:
    reader = reader_for(path.encode())
    assert reader is not None
    return reader.read(
        path.encode(), content.encode() if isinstance(content, str) else content
    )


def attempt(
    path: bytes, data: bytes
) -> tuple[tuple[Dependency, ...], ManifestError | None]:
    """Read a file; only a ManifestError may come instead of dependencies."""
    reader = reader_for(path)
    assert reader is not None
    try:
        return reader.read(path, data), None
    except ManifestError as error:
        return (), error


def keys(path: str, content: str | bytes) -> list[str]:
    return [
        entry.key
        for entry in read(path, content)
        if entry.key and entry.source.kind != "self"
    ]


def sources(path: str, content: str) -> list[tuple[str, str]]:
    return [(entry.source.kind, entry.source.target) for entry in read(path, content)]


@pytest.mark.parametrize(
    "path",
    [
        "requirements.txt", "dev-requirements.txt", "requirements-dev.in",
        "a/requirements/base.txt", "requirements/dev.in", "constraints.txt",
        "Requirements.TXT", "a/pyproject.toml", "package.json", "web/package.json", ".npmrc",
    ],
)  # fmt: skip
def test_manifests_are_recognised(path: str) -> None:
    assert reader_for(path.encode()) is not None
    assert format_of(path.encode()) is not None


@pytest.mark.parametrize(
    "path",
    ["MANIFEST.in", "config.h.in", "notes.txt", "node_modules/x/package.json",
     "tsconfig.json", "a.toml"],
)  # fmt: skip
def test_other_files_are_not(path: str) -> None:
    assert reader_for(path.encode()) is None


_PARTS = st.sampled_from(
    [b"requirements", b"Constraints", b"reqs", b"deps", b"dev-", b".txt", b".in", b".pip", b"/",
     b"pyproject.toml", b"package.json", b".npmrc", b"a", b"REQUIRES", b"-test"]
)  # fmt: skip


@given(st.lists(_PARTS, max_size=5).map(b"".join))
def test_the_quick_check_misses_no_manifest(path: bytes) -> None:
    assert format_of(path) is not None or reader_for(path) is None


@given(st.sampled_from(PATHS), st.binary(max_size=400))
def test_any_bytes_give_dependencies_or_a_manifest_error(
    path: bytes, data: bytes
) -> None:
    found, refused = attempt(path, data)
    assert refused is None or refused.reason.isprintable()
    for entry in found:
        assert entry.line >= 1
        assert 1 <= entry.column <= entry.end_column
        assert not entry.name or valid_name(entry.ecosystem, entry.name)


_WORDS = st.sampled_from(
    ["a", "b.c", "[", "]", "{", "}", '"', "'", '"""', "'''", "=", ".", ",", "\n", "\\", "#", " ",
     "dependencies", "project", "tool.uv.sources", "tool.poetry.dependencies", ":", "-r", "-e",
     "--hash", "@", "https://x/y", "git+ssh://g", "==1", ";", "\x0c", "\r", "npm:", "overrides",
     "\ud800", "é", "1e999", "${X}", "*", "/", ".."]
)  # fmt: skip


@given(st.sampled_from(PATHS), st.lists(_WORDS, max_size=40))
@example(b"package.json", ['{"dependencies": {"\\ud800": "1"}}'])
@example(b"package.json", ['{"overrides": {"": "1"}}'])
@example(b"requirements.txt", ["-"])
@example(b"pyproject.toml", ["[dependency-groups]\nx = 3"])
@example(
    b"pyproject.toml", ["[tool]\nuv = 3\npoetry = []\npdm = 'x'\nhatch.envs.a = 1"]
)
@example(b"pyproject.toml", ["[tool.setuptools.dynamic]\ndependencies.file = 3"])
@example(
    b"pyproject.toml", ["[tool.uv]\nindex = [1]\nindex-url = 3\nsources.x = [[1]]"]
)
def test_any_words_give_dependencies_or_a_manifest_error(
    path: bytes, words: list[str]
) -> None:
    found, refused = attempt(path, "".join(words).encode("utf-8", "surrogatepass"))
    assert not found or refused is None


def test_requirements_as_pip_reads_them() -> None:
    text = (
        "# comment\n"
        "Flask==1.0  # x\n"
        'requests[socks]>=2 ; python_version<"3" --hash=sha256:aa \\\n'
        "    --hash=sha256:bb\n"
        "num\\\n"
        "py\n"
        "zope.interface\n"
    )
    found = read("requirements.txt", text)
    assert [(entry.key, entry.line) for entry in found] == [
        ("flask", 2), ("requests", 3), ("numpy", 5), ("zope-interface", 7),
    ]  # fmt: skip
    assert (found[0].column, found[0].end_column) == (1, 6)
    assert found[0].constraint == "==1.0"


def test_a_form_feed_ends_a_comment_as_it_does_for_pip() -> None:
    assert keys("requirements.txt", "# harmless\x0cevil-package\n") == ["evil-package"]
    assert keys("requirements.txt", "# harmless\u2028evil-package\n") == [
        "evil-package"
    ]
    assert keys("requirements.txt", "# harmless\revil-package\n") == ["evil-package"]


def test_a_comment_does_not_swallow_a_continuation() -> None:
    assert keys("requirements.txt", "# note \\\nevil\n") == ["evil"]


@pytest.mark.parametrize(
    "codec", ["utf-8-sig", "utf-16", "utf-32", "utf-16-be", "utf-16-le"]
)
def test_byte_order_marks_are_read_as_pip_reads_them(codec: str) -> None:
    marks = {"utf-16-be": codecs.BOM_UTF16_BE, "utf-16-le": codecs.BOM_UTF16_LE}
    assert keys(
        "requirements.txt", marks.get(codec, b"") + "flask\n".encode(codec)
    ) == ["flask"]


def test_an_unusual_declared_encoding_is_unreadable() -> None:
    with pytest.raises(ManifestError, match="encoding"):
        read("requirements.txt", "# -*- coding: utf-7 -*-\nflask\n")


def test_sources_in_requirements() -> None:
    text = (
        "--index-url https://a.example/simple\n--extra-index=https://b.example/s\n"
        "-ihttps://c.example/s\n-e git+https://h.example/x.git#egg=foo\n./local\n../out\n"
        "https://h.example/a-1.0-py3-none-any.whl\nname @ https://h.example/n.zip\n"
        "-r other.txt\n-cmore.txt\nwheels/x-1-py3-none-any.whl\n"
    )
    assert sources("requirements.txt", text) == [
        ("index", "https://a.example/simple"),
        ("index", "https://b.example/s"),
        ("index", "https://c.example/s"),
        ("vcs", "git+https://h.example/x.git#egg=foo"),
        ("path", "./local"),
        ("path", "../out"),
        ("url", "https://h.example/a-1.0-py3-none-any.whl"),
        ("url", "https://h.example/n.zip"),
        ("include", "other.txt"),
        ("include", "more.txt"),
        ("path", "wheels/x-1-py3-none-any.whl"),
    ]


@pytest.mark.parametrize(
    "line", ["two words", "a==", "--no-such-option", "-r", "na$me", "a;b;c"]
)
def test_lines_that_pip_refuses_make_the_file_unreadable(line: str) -> None:
    with pytest.raises(ManifestError) as caught:
        read("requirements.txt", f"flask\n{line}\n")
    assert caught.value.line == 2


PYPROJECT = """
[build-system]
requires = ["hatchling>=1"]
[project]
name = "own-name"
dependencies = [
  "a-one>=1", 'a-two',
]
optional-dependencies.extra = ["a-three"]
[dependency-groups]
dev = ["a-four", {include-group = "other"}]
[tool.poetry.dependencies]
python = "^3.11"
b-one = "^1"
b-two = { git = "https://h.example/y.git" }
[tool.poetry.group.dev.dependencies]
b-three = { version = "1", source = "priv" }
[[tool.poetry.source]]
name = "priv"
url = "https://priv.example/simple"
[tool.pdm.dev-dependencies]
test = ["c-one", "-e file:///abs/path"]
[tool.hatch.envs.lint]
dependencies = ["d-one"]
[tool.uv]
dev-dependencies = ["e-one"]
[tool.uv.sources]
a-one = { index = "inner" }
a-two = { path = "../elsewhere" }
[[tool.uv.index]]
name = "inner"
url = "https://inner.example/simple"
[tool.setuptools.dynamic]
dependencies = { file = ["deps.lst"] }
"""


def test_every_table_of_pyproject() -> None:
    found = {
        entry.name: entry for entry in read("pyproject.toml", PYPROJECT) if entry.name
    }
    assert found.pop("own-name").source.kind == "self"
    assert set(found) == {
        "hatchling", "a-one", "a-two", "a-three", "a-four", "b-one", "b-two", "b-three", "c-one",
        "d-one", "e-one",
    }  # fmt: skip
    assert (found["a-one"].source.kind, found["a-one"].source.target) == (
        "index", "https://inner.example/simple",
    )  # fmt: skip
    assert found["a-two"].source.kind == "path"
    assert found["b-two"].source.kind == "vcs"
    assert found["b-three"].source.target == "https://priv.example/simple"
    lines = PYPROJECT.split("\n")
    for name, entry in found.items():
        assert lines[entry.line - 1][entry.column - 1 : entry.end_column - 1] == name
    kinds = {
        source
        for source in sources("pyproject.toml", PYPROJECT)
        if source[0] != "registry"
    }
    assert {("index", "https://priv.example/simple"), ("include", "deps.lst")} <= kinds


def test_package_json_sections_aliases_and_overrides() -> None:
    text = json.dumps(
        {
            "name": "own",
            "dependencies": {
                "left-pad": "^1",
                "alias": "npm:@t/real@2",
                "w": "workspace:*",
            },
            "devDependencies": {"dev": "latest"},
            "peerDependencies": {"peer": "*"},
            "optionalDependencies": {"opt": "1"},
            "bundledDependencies": ["bundled"],
            "overrides": {"a": {"b@1": "npm:evil@2", ".": "3"}},
            "resolutions": {"**/foo/@s/bar@npm:1": "2"},
            "pnpm": {"overrides": {"q>zed@1": "2"}},
        },
        indent=1,
    )
    assert keys("package.json", text) == [
        "left-pad", "@t/real", "w", "dev", "peer", "opt", "bundled", "evil", "a", "@s/bar", "zed",
    ]  # fmt: skip
    lines = text.split("\n")
    first = read("package.json", text)[1]
    assert (
        lines[first.line - 1][first.column - 1 : first.end_column - 1] == '"left-pad"'
    )


@each_of(
    ("spec", "kind"),
    [("user/repo", "vcs"), ("github:u/r", "vcs"), ("git+ssh://git@h.example/r.git", "vcs"),
     ("https://h.example/x.tgz", "url"), ("file:../x", "path"), ("link:./x", "path"),
     ("^1.2", "registry"), ("npm:^1.2", "registry"), ("latest", "registry"), ("jsr:@a/b", "index"),
     ("git@h.example:u/r.git", "vcs"), ("patch:x@npm%3A1#./p.patch", "registry")],
)  # fmt: skip
def test_kinds_of_npm_specs(spec: str, kind: str) -> None:
    (entry,) = read("package.json", json.dumps({"dependencies": {"x": spec}}))
    assert entry.source.kind == kind


def test_a_duplicate_key_gives_two_entries() -> None:
    text = '{"dependencies": {"evil": "1"}, "dependencies": {"good": "1"}}'
    assert keys("package.json", text) == ["evil", "good"]


@each_of(
    "text",
    ["[]", "{", '{"dependencies": {"../x": "1"}}', '{"dependencies": {"a b": "1"}}',
     '{"dependencies": {"a": 1}}', '{"dependencies": {"a": {"b": "c"}}}', '{"x": NaN}',
     '{"dependencies": {"a": "npm:x%2fy@1"}}', "[" * 200_000, '{"a":' * 5000, ""],
)  # fmt: skip
def test_package_json_that_npm_refuses(text: str) -> None:
    with pytest.raises(ManifestError):
        read("package.json", text)


SLOW_TEXTS = [
    ("pyproject.toml", "x" + ".a" * 200_000 + " = 1"),
    ("pyproject.toml", "x = " + "[" * 100_000),
    ("pyproject.toml", '"\\' * 300_000),
    ("pyproject.toml", '"""' + '""x' * 200_000),
    ("pyproject.toml", "'" * 500_000),
    ("package.json", '"\\' * 1_000_000),
    ("requirements.txt", "a\\\n" * 500_000),
    ("requirements.txt", "a" + " " * 1_000_000 + "b"),
    ("requirements.txt", "https://" + "a" * 30_000),
]


def test_text_made_to_be_slow_is_refused_quickly() -> None:
    def is_refused(case: tuple[str, str]) -> None:
        with pytest.raises(ManifestError):
            read(*case)

    finishes(SLOW_TEXTS, is_refused)


def test_many_entries_take_linear_time() -> None:
    def look(case: tuple[str, str, int]) -> None:
        path, text, count = case
        assert len(read(path, text)) == count

    table = json.dumps({"dependencies": {f"p{n}": "1" for n in range(50_000)}})
    places = "".join(f"'p{n}',\n" for n in range(20_000))
    cases = [
        ("package.json", table, 50_000),
        ("requirements.txt", "-e 'a b'/x\n" * 20_000, 20_000),
        ("pyproject.toml", f"[project]\ndependencies = [{places}]", 20_000),
    ]
    finishes(cases, look)


def test_npmrc_names_registries() -> None:
    text = "; note\nregistry = https://r.example/\n@s:registry=https://s.example\nsave-exact=true\n"
    assert sources(".npmrc", text) == [
        ("index", "https://r.example/"), ("index", "https://s.example"),
    ]  # fmt: skip


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(name: str) -> None:
    assert normalise("pypi", normalise("pypi", name)) == normalise("pypi", name)


@pytest.mark.parametrize(
    ("manifest", "target", "out"),
    [(b"a/b/x.txt", "../../c", False), (b"a/x.txt", "../../c", True), (b"x", "/etc", True),
     (b"x", "C:\\x", True), (b"x", "~/x", True), (b"x", "./a/../b", False),
     (b"x", "a/../../b", True)],
)  # fmt: skip
def test_paths_that_leave_the_repository(
    manifest: bytes, target: str, out: bool
) -> None:
    assert leaves_repository(manifest, target) is out
