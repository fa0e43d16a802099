"""``zt-gate baseline`` records what was seen, and lists what was not."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import give_up
from tests.support.repo import Repo
from tests.test_cli import gate, one_line
from zt_gate.commands import baseline as command
from zt_gate.errors import GateError
from zt_gate.policy import baseline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNSAFE = (
    "import os\nfrom flask import request\n\n\n"
    "def f():\n    os.system('ls ' + request.args['q'])\n"
)
SLOW = UNSAFE + "# the engine is slow with this file\n"
KEY = (
    'KEY = "'
    + "-".join(("sk", "ant", "api03", ("kQ7vR2xT9mZp4LwB8nYc" * 5)[:93] + "AA"))
    + '"\n'
)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    monkeypatch.chdir(made.path)
    # An earlier result must not come from the developer's cache.
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "ZT_GATE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        "zt_gate.review.running_agent.refuse_agent", lambda *_args: None
    )
    return made


def write(*words: str) -> int:
    """Write the baseline in this process, so that a test can slow down the engine."""
    parser = ArgumentParser()
    command.arguments(parser)
    return command.main(parser.parse_args(["--offline", *words]))


def recorded(repo: Repo) -> set[bytes]:
    data = (repo.path / os.fsdecode(baseline.FILE)).read_bytes()
    return {entry.path for entry in baseline.parse(data).entries}


def one_slow_file(repo: Repo) -> tuple[str, ...]:
    repo.write("slow.py", SLOW)
    return ("slow.py",)


def slow_files_of_two_languages(repo: Repo) -> tuple[str, ...]:
    repo.write("slow.py", SLOW)
    repo.write("slow.js", "eval(location.hash)  // the engine is slow with this file\n")
    return ("slow.py", "slow.js")


def slow_files_in_a_folder(repo: Repo) -> tuple[str, ...]:
    names = tuple(f"folder/slow{number}.py" for number in range(3))
    for name in names:
        repo.write(name, SLOW)
    return names


def a_slow_file_with_an_unusual_name(repo: Repo) -> tuple[str, ...]:
    repo.write("slow\x1b[31m.py", SLOW)
    return (r"slow\x1b[31m.py",)


@pytest.mark.parametrize(
    "slow",
    [
        one_slow_file,
        slow_files_of_two_languages,
        slow_files_in_a_folder,
        a_slow_file_with_an_unusual_name,
    ],
)
def test_a_file_that_was_given_up_costs_only_itself(
    slow: Callable[[Repo], tuple[str, ...]],
    repo: Repo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_up(b"the engine is slow with this file", monkeypatch)
    names = slow(repo)
    repo.write("fast.py", UNSAFE)
    repo.write("key.py", KEY)
    assert write("--scanner", "code", "--scanner", "secrets") == 0
    assert recorded(repo) == {b"fast.py", b"key.py"}
    shown = capsys.readouterr()
    assert "2 recorded, 2 added, 0 removed" in shown.out
    head, *lines = shown.err.splitlines()[1:]
    assert head == (
        f"Not inspected, so findings there are not in the baseline ({len(names)}):"
    )
    for name in names:
        assert any(f"code: {name}: " in line for line in lines), shown.err
    assert len(lines) == len(names)


def test_what_was_given_up_is_recorded_by_a_later_run(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("slow.py", SLOW)
    repo.write("fast.py", UNSAFE)
    with monkeypatch.context() as patch:
        give_up(b"the engine is slow with this file", patch)
        assert write("--scanner", "code") == 0
    assert recorded(repo) == {b"fast.py"}
    assert write("--scanner", "code") == 0
    assert recorded(repo) == {b"fast.py", b"slow.py"}


def test_pruning_refuses_where_something_was_not_seen(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo.write("fast.py", UNSAFE)
    assert write("--scanner", "code") == 0
    before = (repo.path / ".zt-gate-baseline").read_bytes()
    repo.write("slow.py", SLOW)
    give_up(b"the engine is slow with this file", monkeypatch)
    with pytest.raises(GateError, match=r"not pruned.*slow\.py"):
        write("--prune")
    assert (repo.path / ".zt-gate-baseline").read_bytes() == before


def test_a_scanner_that_saw_nothing_refuses_and_names_the_way_on(repo: Repo) -> None:
    repo.write(".zt-gate.toml", "[scanners.secrets]\ndeadline-seconds = 0.000001\n")
    repo.write("big.txt", "some words of text in a line\n" * 200_000)
    repo.commit()
    with pytest.raises(GateError, match="a scanner saw nothing: secrets ") as caught:
        write()
    assert "; without it: zt-gate baseline --scanner " in str(caught.value)
    assert "--scanner secrets" not in str(caught.value)
    assert not (repo.path / ".zt-gate-baseline").exists()
    assert write("--scanner", "injection") == 0


def test_prune_removes_and_adds_nothing(repo: Repo, capsys: Any) -> None:
    repo.write("old.py", KEY)
    repo.write("kept.py", KEY)
    assert write("--scanner", "secrets") == 0
    (repo.path / "old.py").unlink()
    repo.write("new.py", KEY)
    assert write("--prune") == 0
    assert recorded(repo) == {b"kept.py"}
    assert "1 recorded, 0 added, 1 removed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prune",), "there is no .zt-gate-baseline to prune"),
        (("--prune", "--scanner", "secrets"), "--prune needs all findings"),
        (("--prune", "--import", "x"), "--prune needs all findings"),
        (("--scanner", "nothing"), "--scanner takes "),
    ],
)
def test_wrong_options_are_wrong_usage(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    made = Repo.create(tmp_path / "other")
    done = gate("baseline", *words, cwd=made.path)
    assert done.returncode == 2
    assert said in one_line(done)
