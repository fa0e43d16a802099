"""``zt-gate replay``: past commits, judged by the policy of their time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.repo import Repo
from tests.test_cli import gate

if TYPE_CHECKING:
    from pathlib import Path

KEY = (
    'KEY = "'
    + "-".join(("sk", "ant", "api03", ("kQ7vR2xT9mZp4LwB8nYc" * 5)[:93] + "AA"))
    + '"\n'
)
IGNORE = '[[ignore]]\nrule = "secrets/*"\npath = "b.py"\nreason = "an example"\n'


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.py", "x = 1\n")
    made.commit("first")
    return made


def replay(repo: Repo, *words: str) -> dict[str, Any]:
    done = gate(
        "replay", "--format", "json", "--scanner", "secrets", *words, cwd=repo.path
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_each_commit_is_judged_as_it_was_made(repo: Repo) -> None:
    repo.write("b.py", KEY)
    bad = repo.commit("a key")
    repo.write("b.py", "x = 1\n")
    repo.write(".zt-gate.toml", IGNORE + '[audit]\nlog = "runs.jsonl"\n')
    repo.commit("no key, and an ignore")
    repo.write("b.py", KEY)
    repo.commit("a key that is allowed by now")
    repo.write("a.py", "not committed\n")
    told = replay(repo)
    assert (told["commits"], told["passed"], told["stopped"], told["error"]) == (
        4,
        3,
        1,
        0,
    )
    (rule,) = told["rules"].values()
    assert rule["examples"][0]["commit"] == bad
    assert rule["examples"][0]["place"].startswith("b.py:1")
    assert KEY[7:40] not in json.dumps(told)
    assert (repo.path / "a.py").read_text() == "not committed\n"
    assert not (repo.path / ".git" / "zt-gate").exists()
    assert replay(repo, "--last", "1")["commits"] == 1
    assert replay(repo, "--config", ".zt-gate.toml")["stopped"] == 0

    said = gate("replay", "--scanner", "secrets", str(repo.path), cwd=repo.path.parent)
    assert said.returncode == 0, said.stderr
    assert (
        "4 commits: 1 would have been blocked (25.0 %), 0 would have ended in error"
        in (said.stdout)
    )


def test_what_could_not_be_inspected_is_counted_with_its_reason(repo: Repo) -> None:
    repo.write(".zt-gate.toml", "profile = \n")
    repo.commit("a policy that is none")
    repo.write("a.py", "x = 2\n")
    repo.commit("judged by it")
    told = replay(repo)
    assert (told["passed"], told["error"]) == (2, 1)
    assert ".zt-gate.toml:1" in next(iter(told["errors"]))


def test_what_nobody_was_asked_about_is_told_apart(repo: Repo) -> None:
    repo.write("requirements.txt", "a-package-of-our-own==1.0\n")
    repo.commit("a dependency")
    told = replay(repo, "--scanner", "dependencies")
    assert (told["unverified"], told["error"]) == (1, 0)


def test_a_merge_counts_with_what_it_brings(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("b.py", KEY)
    repo.commit("a key")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert replay(repo, "--first-parent")["stopped"] == 1
    assert replay(repo)["stopped"] == 2


@pytest.mark.parametrize(
    "words", [("--last", "0"), ("--scanner", "nothing"), ("--format", "yaml")]
)
def test_wrong_words_are_wrong_usage(words: tuple[str, ...], repo: Repo) -> None:
    assert gate("replay", *words, cwd=repo.path).returncode == 2
