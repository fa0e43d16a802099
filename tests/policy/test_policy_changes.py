from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.changes import change_of, file_change
from tests.support.offenders import each_of
from zt_gate.model.change import Blob, ChangeSet, ContentUnavailableError, FileChange
from zt_gate.policy.policy_changes import find_policy_changes

PLAIN = "[project]\nname = 'x'\n"
WITH = PLAIN + "[tool.zt-gate]\nprofile = 'strict'\n"
OTHER = PLAIN + "[tool.zt-gate]\nprofile = 'advisory'\n"
REWRITTEN = "tool.zt-gate.profile = 'strict'\nproject.name = 'y'\n"


def paths(change: ChangeSet) -> list[bytes]:
    return [item.path for item in find_policy_changes(change)]


def of(*files: FileChange) -> ChangeSet:
    return ChangeSet("staged", "0", "index", "0", files)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        (None, "", True),
        ("profile = 'strict'", None, True),
        ("profile = 'strict'", "profile = 'advisory'", True),
        ("a = = 1", "b = = 1", True),
    ],
)
def test_every_change_of_the_policy_file_counts(
    old: str | None, new: str | None, counts: bool
) -> None:
    assert (
        paths(of(file_change(".zt-gate.toml", new, old))) == [b".zt-gate.toml"] * counts
    )


@each_of(
    ("old", "new", "counts"),
    [
        (None, PLAIN, False),
        (None, WITH, True),
        (WITH, None, True),
        (PLAIN, WITH, True),
        (WITH, PLAIN, True),
        (WITH, OTHER, True),
        (WITH, REWRITTEN, False),
        (PLAIN, PLAIN + "x = 1", False),
        (PLAIN, r'[tool."zt\u002dgate"]', True),
        (WITH, "a = = 1", True),
        (WITH, WITH + "\na = = 1", True),
        (PLAIN, "a = = 1", False),
        (PLAIN, "tool = 1 # zt-gate", False),
        (WITH, "tool.zt-gate = 1", True),
    ],
)
def test_pyproject_counts_where_the_table_differs(
    old: str | None, new: str | None, counts: bool
) -> None:
    assert (
        paths(of(file_change("pyproject.toml", new, old)))
        == [b"pyproject.toml"] * counts
    )


def test_only_the_root_has_a_policy() -> None:
    assert paths(change_of({"x/.zt-gate.toml": "a", "x/pyproject.toml": WITH})) == []


def test_renames_move_the_policy_and_copies_do_not() -> None:
    away = file_change(
        "b.toml", "x = 1", "x = 1", status="R", old_path=b".zt-gate.toml"
    )
    hither = file_change(
        ".zt-gate.toml", "x = 1", "x = 1", status="R", old_path=b"b.toml"
    )
    project = file_change(
        "old.toml", WITH, WITH, status="R", old_path=b"pyproject.toml"
    )
    copied = replace(away, status="C")
    assert paths(of(away)) == paths(of(hither)) == [b".zt-gate.toml"]
    assert paths(of(project)) == [b"pyproject.toml"]
    assert paths(of(copied)) == []
    assert (
        paths(of(file_change("pyproject.toml", WITH, WITH, status="C", old_path=b"x")))
        != []
    )


def test_a_tree_changes_nothing() -> None:
    change = replace(
        change_of({".zt-gate.toml": "", "pyproject.toml": WITH}), kind="tree"
    )
    assert find_policy_changes(change) == ()


def test_what_cannot_be_read_counts() -> None:
    def fail(_limit: int) -> bytes:
        raise ContentUnavailableError("gone")

    gone = Blob("f" * 40, fail)
    known = file_change("pyproject.toml", PLAIN, PLAIN + "\n")
    assert paths(of(replace(known, new=gone))) == [b"pyproject.toml"]
    assert paths(of(replace(known, old=gone))) == [b"pyproject.toml"]
    assert paths(of(replace(known, old=gone, new=gone))) == [b"pyproject.toml"]
    assert paths(of(replace(known, path=b".zt-gate.toml", new=gone))) == [
        b".zt-gate.toml"
    ]


def test_the_content_tells_one_change_from_another() -> None:
    def content(path: str, new: str | None, old: str) -> str:
        return find_policy_changes(of(file_change(path, new, old)))[0].content

    assert content(".zt-gate.toml", "a", "x") == content(".zt-gate.toml", "a", "y")
    assert content(".zt-gate.toml", "a", "x") != content(".zt-gate.toml", "b", "x")
    assert content(".zt-gate.toml", None, "x") != content(".zt-gate.toml", "", "x")
    assert content("pyproject.toml", WITH, PLAIN) == content(
        "pyproject.toml", REWRITTEN, OTHER
    )
    assert content("pyproject.toml", WITH, PLAIN) != content(
        "pyproject.toml", OTHER, PLAIN
    )
