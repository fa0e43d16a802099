"""``zt-gate replay`` scans past commits with the policy of their time."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.engine import give_up
from tests.support.repo import Repo
from tests.support.reports import report as report_with
from tests.support.reports import run as report_run
from tests.test_cli import gate, one_line
from zt_gate.commands import replay as command
from zt_gate.commands.replay import ReplaySummary
from zt_gate.model.finding import Confidence, Finding, Level, Location, Severity
from zt_gate.model.report import JudgedFinding

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
    repository = Repo.create(tmp_path / "repository")
    repository.write("a.py", "x = 1\n")
    repository.commit("first")
    return repository


def replay(repo: Repo, *words: str) -> dict[str, Any]:
    done = gate(
        "replay", "--format", "json", "--scanner", "secrets", *words, cwd=repo.path
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads(done.stdout)
    return summary


def test_each_commit_is_scanned_with_the_policy_of_its_time(repo: Repo) -> None:
    repo.write("b.py", KEY)
    bad = repo.commit("a key")
    repo.write("b.py", "x = 1\n")
    repo.write(".zt-gate.toml", IGNORE + '[audit]\nlog = "runs.jsonl"\n')
    repo.commit("no key, and an ignore")
    repo.write("b.py", KEY)
    repo.commit("a key that is allowed by now")
    repo.write("a.py", "not committed\n")
    summary = replay(repo)
    assert (
        summary["commits"],
        summary["passed"],
        summary["stopped"],
        summary["error"],
    ) == (
        4,
        3,
        1,
        0,
    )
    (rule,) = summary["rules"].values()
    assert rule["examples"][0]["commit"] == bad
    assert rule["examples"][0]["place"].startswith("b.py:1")
    assert KEY[7:40] not in json.dumps(summary)
    assert (repo.path / "a.py").read_text() == "not committed\n"
    assert not (repo.path / ".git" / "zt-gate").exists()
    assert replay(repo, "--last", "1")["commits"] == 1
    assert replay(repo, "--config", ".zt-gate.toml")["stopped"] == 0

    done = gate("replay", "--scanner", "secrets", str(repo.path), cwd=repo.path.parent)
    assert done.returncode == 0, done.stderr
    assert (
        "4 commits: 1 would have been blocked (25.0 %), 0 would have ended in error"
        in (done.stdout)
    )


def test_errors_are_counted_with_their_reason(repo: Repo) -> None:
    repo.write(".zt-gate.toml", "profile = \n")
    repo.commit("a policy that is none")
    repo.write("a.py", "x = 2\n")
    repo.commit("judged by it")
    summary = replay(repo)
    assert (summary["passed"], summary["error"]) == (2, 1)
    assert ".zt-gate.toml:1" in next(iter(summary["errors"]))


def test_unverified_dependencies_are_counted_separately(repo: Repo) -> None:
    repo.write("requirements.txt", "a-package-of-our-own==1.0\n")
    repo.commit("a dependency")
    summary = replay(repo, "--scanner", "dependencies")
    assert (summary["unverified"], summary["error"]) == (1, 0)


def in_process(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> dict[str, Any]:
    """Replay in this process, so that the engine can be made slow with a file."""
    give_up(b"the engine is slow with this file", monkeypatch)
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "ZT_GATE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    parser = ArgumentParser()
    command.arguments(parser)
    words = ["--format", "json", "--scanner", "code", "--scanner", "secrets"]
    assert command.main(parser.parse_args(words)) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


SLOW = (
    "import os\nfrom flask import request\n\n\ndef f():\n"
    "    os.system('ls ' + request.args['q'])  # the engine is slow with this file\n"
)


@pytest.mark.parametrize(
    ("files", "outcome", "rules"),
    [
        ({"slow.py": SLOW}, "error", []),
        ({"slow.py": SLOW, "key.py": KEY}, "stopped", ["secrets/anthropic-api-key"]),
        (
            {"slow.py": SLOW, "fast.py": SLOW.replace("slow with", "fast with")},
            "stopped",
            ["code/python-command-injection"],
        ),
        ({"folder/slow.py": SLOW, "a.txt": "two\n"}, "error", []),
    ],
)
def test_a_file_that_was_given_up_is_listed_and_the_rest_counts(
    files: dict[str, str],
    outcome: str,
    rules: list[str],
    repo: Repo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Any,
) -> None:
    for name, text in files.items():
        repo.write(name, text)
    slow = repo.commit("a slow file")
    repo.write("b.py", "x = 2\n")
    repo.commit("another change")
    summary = in_process(repo, tmp_path, monkeypatch, capsys)
    assert (summary["commits"], summary["passed"], summary[outcome]) == (3, 2, 1)
    assert list(summary["rules"]) == rules
    ((reason, commits),) = summary["errors"].items()
    assert commits == [slow]
    assert f"code could not inspect {next(iter(files))}: semgrep did not" in reason


@pytest.mark.parametrize("place", ["missing", "missing/further", "a-file", "plain"])
def test_a_place_without_a_repository_is_wrong_usage(
    place: str, tmp_path: Path
) -> None:
    """``replay /nope`` ended in "git could not be started" with the exit code 3."""
    (tmp_path / "a-file").write_text("x")
    (tmp_path / "plain").mkdir()
    done = gate("replay", place, cwd=tmp_path)
    assert done.returncode == 2
    expected = "is not in a git repository" if place == "plain" else "no such folder"
    assert expected in one_line(done)


MARK = "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"


def test_a_scanner_that_was_left_out_is_no_unverified_dependency(repo: Repo) -> None:
    repo.write("a.py", "x = 3\n")
    repo.commit("an agent's change, judged strictly" + MARK)
    repo.write("b.py", KEY)
    repo.commit("an agent's key" + MARK)
    repo.write("b.py", "x = 1\n")
    repo.write("requirements.txt", "a-package-of-our-own==1.0\n")
    repo.commit("an agent's dependency" + MARK)
    left_out = ("--scanner", "dependencies", "--last", "3")
    for words, expected in (
        ((*left_out, "--skip", "code"), (2, 0, 1)),
        (left_out, (2, 0, 1)),
        (("--last", "3"), (2, 1, 0)),
    ):
        done = gate(
            "replay",
            "--format",
            "json",
            *(words if "--scanner" in words else ("--scanner", "secrets", *words)),
            cwd=repo.path,
        )
        summary = json.loads(done.stdout)
        found = (summary["passed"], summary["stopped"], summary["unverified"])
        assert found == expected, words
        assert summary["error"] == 0, summary["errors"]


def test_a_merge_includes_the_merged_content(repo: Repo) -> None:
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
def test_wrong_options_are_wrong_usage(words: tuple[str, ...], repo: Repo) -> None:
    assert gate("replay", *words, cwd=repo.path).returncode == 2


def used(*seconds: float) -> ReplaySummary:
    """Return the summary of commits for which ``code`` used these CPU seconds."""
    summary = ReplaySummary()
    for number, value in enumerate(seconds):
        runs = (
            report_run("code", cpu_seconds=value),
            report_run("scope", status="skipped", reason="left out"),
        )
        summary.add(f"{number:040x}", report_with(runs=runs))
    return summary


@pytest.mark.parametrize(
    ("seconds", "median", "ninetieth", "maximum", "number"),
    [
        ((0.5,), 0.5, 0.5, 0.5, 0),
        ((3.0, 1.0), 1.0, 3.0, 3.0, 0),
        ((0.1, 0.3, 0.2), 0.2, 0.3, 0.3, 1),
        (tuple(map(float, range(1, 11))), 5.0, 9.0, 10.0, 9),
        (tuple(map(float, range(150, 0, -1))), 75.0, 135.0, 150.0, 0),
    ],
)
def test_cpu_of_each_scanner_is_summed_up(
    seconds: tuple[float, ...],
    median: float,
    ninetieth: float,
    maximum: float,
    number: int,
) -> None:
    summary = used(*seconds)
    figures = summary.document()["cpu_seconds"]
    assert figures == {
        "code": {
            "median": median,
            "90th percentile": ninetieth,
            "maximum": maximum,
            "commit": f"{number:040x}",
        }
    }
    assert f"{median:9.2f} {ninetieth:8.2f} {maximum:8.2f}  code" in summary.text()


def test_cpu_of_real_commits_is_measured(repo: Repo) -> None:
    repo.write("b.py", "x = 1\n")
    repo.commit("second")
    figures = replay(repo)["cpu_seconds"]
    assert list(figures) == ["secrets"]
    assert figures["secrets"]["maximum"] > 0
    assert "cpu_seconds" in ReplaySummary().document()
    assert "CPU" not in ReplaySummary().text()


def test_replay_shows_what_a_new_rule_would_block() -> None:
    new = Finding(
        "code/new",
        Location("file", b"a.py"),
        "a message",
        Severity.HIGH,
        Confidence.HIGH,
        title="A title",
    )
    item = JudgedFinding(new, Level.WARN, "f" * 32, final_level=Level.BLOCK)
    old = replace(item, final_level=Level.WARN)
    waived = replace(item, state="ignored")
    for found, expected in ((item, 1), (old, 0), (waived, 0)):
        summary = ReplaySummary()
        summary.add("c" * 40, report_with(findings=(found,)))
        rules = summary.document()["new_rules"]
        assert [rule["commits"] for rule in rules.values()] == [1] * expected
        assert ("by new rules" in summary.text()) == bool(expected)
