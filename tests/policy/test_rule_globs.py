from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from tests.support.property_tests import examples
from tests.support.repo import Repo
from zt_gate.policy.rule_globs import GlobError, compile_glob, rule_matches


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    return Repo.create(tmp_path_factory.mktemp("match") / "repo")


def ignored_by_git(repo: Repo, pattern: str, paths: list[str]) -> set[str]:
    (repo.path / ".gitignore").write_text(pattern + "\n")
    out = repo.git(
        "check-ignore",
        "--no-index",
        "--stdin",
        "-z",
        stdin="\0".join(paths).encode(),
        check=False,
    )
    return set(out.decode().split("\0")) - {""}


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*.py", ["a.py", "x/y/a.py", "d.py/x"], ["a.pyc", "a.py.txt"]),
        ("/a.py", ["a.py"], ["x/a.py"]),
        ("docs/", ["docs/a", "x/docs/a/b"], ["docs", "mydocs/a"]),
        ("docs", ["docs", "docs/a", "x/docs"], ["docs2"]),
        ("src/*.py", ["src/a.py"], ["src/x/a.py", "y/src/a.py"]),
        (
            "src/**/a",
            ["src/a", "src/x/a", "src/x/y/a", "src/x/a/b"],
            ["src/b", "x/src/a"],
        ),
        ("src/**", ["src/a", "src/a/b"], ["src", "x/src/a"]),
        ("**/a", ["a", "x/a", "x/a/b"], ["ab"]),
        ("a?c", ["abc", "x/abc"], ["ac", "a/c"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "[a-c]x"]),
        ("[!a-c]x", ["dx"], ["ax", "/x"]),
        ("[]x]", ["]", "x"], ["[", "y"]),
        (r"\[id\]/*.ts", ["[id]/a.ts"], ["i/a.ts"]),
        (r"\*", ["*"], ["a"]),
        ("**", ["a", "a/b"], []),
        ("*", ["a", "a/b"], []),
        ("/", [], []),
    ],
)
def test_like_gitignore(
    pattern: str, yes: list[str], no: list[str], repo: Repo
) -> None:
    if not yes:
        if pattern == "/":
            with pytest.raises(GlobError):
                compile_glob(pattern)
        return
    glob = compile_glob(pattern)
    assert [path for path in yes if not glob.matches(path.encode())] == []
    assert [path for path in no if glob.matches(path.encode())] == []
    paths = [path for path in (*yes, *no) if not path.startswith("/")]
    assert ignored_by_git(repo, pattern, paths) == set(yes)


PIECES = st.text(alphabet="ab*?[]!-\\.", min_size=1, max_size=4)
SLASH = st.sampled_from(["", "/"])
PATTERNS = st.lists(
    st.one_of(PIECES, st.just("**"), st.just("a")), min_size=1, max_size=4
).map("/".join)
NAMES = st.text(alphabet="ab.-[]", min_size=1, max_size=3).filter(
    lambda n: n not in {".", ".."}
)
PATHS = st.lists(
    st.lists(NAMES, min_size=1, max_size=4).map("/".join),
    min_size=1,
    max_size=12,
    unique=True,
)


@settings(max_examples=examples(150), deadline=None)
@given(pattern=PATTERNS, paths=PATHS, lead=SLASH, trail=SLASH)
def test_git_itself_agrees(
    repo: Repo, pattern: str, paths: list[str], lead: str, trail: str
) -> None:
    text = lead + pattern + trail
    try:
        glob = compile_glob(text)
    except GlobError:
        return
    assert {p for p in paths if glob.matches(p.encode())} == ignored_by_git(
        repo, text, paths
    )


@each_of("pattern", ["", "/", "//", "!a", "a//b", "./a", "a/../b", "a\nb", "a\0",
                                     "a\\", "[a", "x" * 1025])  # fmt: skip
def test_what_is_no_glob(pattern: str) -> None:
    with pytest.raises(GlobError):
        compile_glob(pattern)


def test_paths_are_bytes_and_may_be_anything() -> None:
    assert compile_glob("*.p\udcff").matches(b"x/a\n\xfe.p\xff")
    assert compile_glob(b"caf?").matches(b"caf\xe9")
    assert not compile_glob("a").matches(b"A")


def test_the_change_as_a_whole_is_covered_by_everything_only() -> None:
    assert [compile_glob(p).matches(None) for p in ("*", "**", "/**", "*.py", "a", "**/a")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip


def test_no_pattern_takes_exponential_time() -> None:
    def does_not_match(case: tuple[str, bytes]) -> None:
        pattern, path = case
        assert not compile_glob(pattern).matches(path)

    stars = ("*a" * 400 + "b", b"a" * 4000)
    deep = ("**/a/" * 150 + "b", b"a/" * 2000 + b"c")
    finishes([stars, deep], does_not_match)


@each_of(
    ("glob", "rule", "fits"),
    [
        ("secrets/*", "secrets/aws-access-key", True),
        ("secrets", "secrets/aws-access-key", True),
        ("secrets/aws-*", "secrets/aws-access-key", True),
        ("secrets/aws-access-key", "secrets/aws-access-key", True),
        ("*", "secrets/aws-access-key", True),
        ("*/aws-*", "secrets/aws-access-key", True),
        ("secrets/aws", "secrets/aws-access-key", False),
        ("code/*", "secrets/aws-access-key", False),
        ("*", "gate/unreadable", False),
        ("*/*", "gate/unreadable", False),
        ("g*/unreadable", "gate/unreadable", False),
        ("gate/*", "gate/unreadable", True),
        ("gate/unreadable", "gate/unreadable", True),
        ("gate/unreadable", "gate/policy-changed", False),
    ],
)
def test_rule_globs(glob: str, rule: str, fits: bool) -> None:
    assert rule_matches(glob, rule) is fits
