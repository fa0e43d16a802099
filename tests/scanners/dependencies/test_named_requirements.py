"""Files that a manifest or a script names as requirements, when only they change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.changes import change_of, file_change
from zt_gate import rulebook
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.scanners.dependencies.quick_check import may_be_requirements

RULES = rulebook.load("dependencies")
DYNAMIC = '[tool.setuptools.dynamic]\ndependencies = {file = ["deps.lst"]}\n'


def added(
    new: dict[str, str], trusted: dict[str, str], old: dict[str, str] | None = None
) -> list[str]:
    before = {path.encode(): text.encode() for path, text in trusted.items()}
    change = change_of({**new}, {**(old or {})})
    found = difference(change, before.get, lambda: tuple(before), RULES)
    return [one.dependency.key for one in found.added]


@pytest.mark.parametrize(
    ("path", "by", "text"),
    [
        ("deps.lst", "requirements.txt", "-r deps.lst\n"),
        ("lists/more.txt", "requirements/base.in", "-r ../lists/more.txt\n"),
        ("pins", "constraints.txt", "-c pins\n"),
        ("deps.lst", "setup.cfg", "[options]\ninstall_requires = file: deps.lst\n"),
        ("deps.lst", "pyproject.toml", DYNAMIC),
        ("deps.lst", "tox.ini", "[testenv]\ndeps = -rdeps.lst\n"),
        ("deps.lst", "Dockerfile", "RUN pip install -r deps.lst\n"),
        ("app/deps.lst", "app/Dockerfile", "RUN pip install --requirement=/srv/deps.lst\n"),
        ("ci/list.txt", ".github/workflows/x.yml", "run: pip install -r ci/list.txt\n"),
        ("ci/list.txt", "Makefile", "x:\n\tcd ci && pip install -r ./list.txt\n"),
    ],
)  # fmt: skip
def test_a_named_file_is_read_when_only_it_changes(
    path: str, by: str, text: str
) -> None:
    new, old = {path: "a-one==1\na-two>=2 # x\n"}, {path: "a-one==1\n"}
    assert added(new, {by: text, path: old[path]}, old) == ["a-two"]
    assert added(new, {by: text.replace(path.rpartition("/")[2], "x.y")}) == []


def test_a_file_that_a_new_script_names_is_read() -> None:
    new = {"deps.lst": "a-one\n", "setup.sh": "pip install -r deps.lst\n"}
    assert added(new, {}) == ["a-one"]


def test_another_file_of_the_same_name_is_not_read() -> None:
    trusted = {"a/requirements.txt": "-r deps.lst\n"}
    assert added({"b/deps.lst": "a-one\n"}, trusted) == []


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("deps.lst", "a\nb==1\n\n# c\n-r x\n", True),
        ("deps", "a[x]>=1; python_version>'3' \\\n", True),
        ("notes.txt", "Just words and more.\n", False),
        ("empty.txt", "\n", False),
        ("a.py", "a\n", False),
        ("data.csv", "a\n", False),
    ],
)
def test_what_may_be_a_list_of_requirements(
    path: str, text: str, expected: bool
) -> None:
    assert may_be_requirements(file_change(path, text)) is expected


@given(st.binary(max_size=200))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert may_be_requirements(file_change("deps.lst", data)) in {True, False}
