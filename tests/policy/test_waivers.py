"""Each way to say yes, through the whole gate in real repositories."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.errors import UsageError
from zt_gate.git import blame
from zt_gate.policy.accepted import ACCEPTED
from zt_gate.review import run

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import SourceKind
    from zt_gate.model.report import JudgedFinding, Report

blame_lines = blame.blame

KEY = "AKIA" + "QYLPMN5HHHFPZAM2"
OTHER = "AKIA" + "QYLPMN5HHHFPZAM7"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("README", "nothing\n")
    made.commit()
    return made


def judged(repo: Repo, kind: SourceKind = "staged", **more: object) -> Report:
    request = run.Request(
        kind=kind,
        folder=repo.path,
        only=("secrets",),
        **more,  # type: ignore[arg-type]
    )
    return run.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})


def staged(repo: Repo, **files: str) -> Report:
    for name, content in files.items():
        repo.write(f"{name}.py", content)
    repo.git("add", "-A")
    return judged(repo)


def the_only(report: Report) -> JudgedFinding:
    (found,) = [
        one for one in report.findings if one.finding.rule.startswith("secrets/aws")
    ]
    return found


OWN = 'zt-gate: ignore[secrets/*] reason="a sample"'


@pytest.mark.parametrize("mark", [OWN, "gitleaks:allow", "pragma: allowlist secret"])
def test_a_mark_that_comes_with_the_change_does_not_help(repo: Repo, mark: str) -> None:
    report = staged(repo, a=f"key = '{KEY}'  # {mark}\n")
    found = the_only(report)
    assert (report.verdict.value, found.state) == ("fail", "active")
    assert "this change adds the ignore" in found.state_reason


@pytest.mark.parametrize("mark", [OWN, "gitleaks:allow"])
def test_a_trusted_mark_holds_for_code_that_moves_and_says_who_made_it(
    repo: Repo, mark: str
) -> None:
    repo.write("a.py", f"key = '{KEY}'  # {mark}\n")
    repo.commit()
    report = staged(repo, a=f"import os\nif os:\n    key = '{KEY}'  # {mark}\n")
    found = the_only(report)
    assert (report.verdict.value, found.state) == ("pass", "ignored")
    assert (found.state_by, found.state_since) == ("Ada", "2026-01-02")


def test_a_trusted_mark_does_not_hold_for_a_line_that_was_edited_or_copied(
    repo: Repo,
) -> None:
    repo.write("a.py", f"key = '{KEY}'  # {OWN}\n")
    repo.commit()
    assert the_only(staged(repo, a=f"key = '{OTHER}'  # {OWN}\n")).state == "active"
    twice = f"key = '{KEY}'  # {OWN}\n" * 2
    assert staged(repo, a=twice).verdict.value == "fail"
    assert staged(repo, a=f"key = '{KEY}'  # {OWN}\n", b=twice).verdict.value == "fail"


def test_a_mark_above_speaks_of_the_line_below_it(repo: Repo) -> None:
    repo.write("a.py", f"# {OWN}\nkey = '{KEY}'\n")
    repo.commit()
    assert (
        the_only(staged(repo, a=f"\n\n# {OWN}\nkey =   '{KEY}'\n")).state == "ignored"
    )
    # What is put between the two is not what the mark was for.
    moved = staged(repo, a=f"# {OWN}\nother = '{OTHER}'\nkey = '{KEY}'\n")
    assert moved.verdict.value == "fail"


def test_an_expired_mark_no_longer_helps_and_says_so(repo: Repo) -> None:
    line = f"key = '{KEY}'  # {OWN} expires=2020-01-01\n"
    repo.write("a.py", line)
    repo.commit()
    found = the_only(staged(repo, a=f"\n  {line}"))
    assert found.state == "active"
    assert found.state_reason == "ignore expired on 2020-01-01: a sample"


def test_a_tree_honours_the_marks_that_are_committed(repo: Repo) -> None:
    repo.write("a.py", f"key = '{KEY}'  # {OWN}\n")
    assert judged(repo, "tree").verdict.value == "fail"
    repo.commit()
    assert judged(repo, "tree").verdict.value == "pass"


def test_an_ignore_in_the_policy_says_who_made_it(repo: Repo) -> None:
    repo.write(
        ".zt-gate.toml",
        '[[ignore]]\nrule = "secrets/*"\npath = "b.py"\nreason = "no"\n'
        '[[ignore]]\nrule = "secrets/*"\npath = "a.py"\nreason = "yes"\n',
    )
    repo.commit(
        env={"GIT_AUTHOR_NAME": "Grace", "GIT_AUTHOR_DATE": "2026-05-06T07:08:09Z"}
    )
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert (found.state, found.state_reason) == ("ignored", "yes")
    assert (found.state_by, found.state_since) == ("Grace", "2026-05-06")


def test_a_mailmap_of_the_change_does_not_rename_who_made_an_exception(
    repo: Repo,
) -> None:
    repo.write("a.py", f"key = '{KEY}'  # {OWN}\n")
    repo.commit()
    repo.write(".mailmap", "Owner <owner@example.org> <ada@example.org>\n")
    assert the_only(staged(repo, a=f"\n  key = '{KEY}'  # {OWN}\n")).state_by == "Ada"


def test_many_marks_in_one_file_cost_two_processes_and_keep_their_authors(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long history makes each look expensive: a hundred of them took minutes."""
    keys = [f"key{n} = '{KEY[:-1]}{letter}'" for n, letter in enumerate("BCDEFG")]
    for number, name in ((3, "Ada"), (6, "Grace")):
        repo.write("a.py", "".join(f"{key}  # {OWN}\n" for key in keys[:number]))
        repo.commit(env={"GIT_AUTHOR_NAME": name})
    asked: list[int | None] = []

    def counted(*args: Any) -> dict[int, blame.Author]:
        asked.append(args[4])
        return blame_lines(*args)

    monkeypatch.setattr(blame, "blame", counted)
    report = staged(repo, a="".join(f"\n  {key}  # {OWN}\n" for key in keys))
    told = sorted((one.finding.location.line, one.state_by) for one in report.findings)
    assert [by for _, by in told] == ["Ada"] * 3 + ["Grace"] * 3
    assert len(asked) == 2
    assert asked[1] is None


def test_accept_is_bound_to_what_is_judged(repo: Repo) -> None:
    report = staged(repo, a=f"key = '{KEY}'\n")
    found = the_only(report)
    own = f"{found.fingerprint}@{report.change_digest}"
    report = judged(repo, accept=(own,))
    assert (report.verdict.value, the_only(report).state) == ("pass", "approved")
    assert the_only(report).state_reason == ACCEPTED
    unknown = f"{'0' * 32}@{report.change_digest}"
    assert judged(repo, accept=(unknown,)).verdict.value == "fail"
    for other in ("1" * 40, "2" * 64, repo.git("rev-parse", "HEAD").decode().strip()):
        report = judged(repo, accept=(f"{found.fingerprint}@{other}",))
        assert report.verdict.value == "fail"
        assert other[:12] in the_only(report).state_reason
    with_both = (f"{found.fingerprint}@{'1' * 40}", own)
    assert judged(repo, accept=with_both).verdict.value == "pass"


def test_accept_of_a_range_is_bound_to_its_head(repo: Repo) -> None:
    base = repo.git("rev-parse", "HEAD").decode().strip()
    repo.write("a.py", f"key = '{KEY}'\n")
    head = repo.commit()
    words = {"kind": "range", "spec": f"{base}..{head}"}
    report = judged(repo, **words)
    found = report.findings[0].fingerprint
    accepted = tuple(f"{item.fingerprint}@{head}" for item in report.findings)
    assert judged(repo, **words, accept=accepted).verdict.value == "pass"
    for other in (base, report.change_digest):
        report = judged(repo, **words, accept=(f"{found}@{other}",))
        assert report.verdict.value == "fail"
    repo.write("b.py", "x = 1\n")
    words["spec"] = f"{base}..{repo.commit()}"
    assert judged(repo, **words, accept=accepted).verdict.value == "fail"


@pytest.mark.parametrize(
    "form", ["{0}", "{1}", "{0}@", "{0}@{2}", "{0}@HEAD", "@{3}", "{1}@{3}", "{0}@{3}@", "{0} @{3}"]
)  # fmt: skip
def test_a_malformed_accept_is_wrong_usage(form: str, repo: Repo) -> None:
    value = form.format("a" * 32, "a" * 12, "b" * 12, "b" * 40)
    with pytest.raises(UsageError, match="FINGERPRINT@HEAD"):
        judged(repo, accept=(value,))


BEFORE = """\
import subprocess
from flask import request
def run(x):
    return eval(input())  # nosec
def g():
    cmd = "ls"
    subprocess.run(cmd, shell=True)  # nosec
"""
AFTER = """\
import subprocess
from flask import request
def g():
    cmd = request.args["x"]
    if cmd:
        subprocess.run(cmd, shell=True)  # nosec
def run(x):
    if x:
        return eval(input())  # nosec
"""


def test_a_marked_line_that_new_data_reaches_has_to_be_looked_at_again(
    repo: Repo,
) -> None:
    """The mark was made for a command that nobody outside could choose."""
    repo.write("a.py", BEFORE)
    repo.commit()
    repo.write("a.py", AFTER)
    repo.git("add", "-A")
    request = run.Request(folder=repo.path, only=("code",))
    report = run.run(request, {**GIT_ENV, "HOME": str(repo.path.parent)})
    states = {
        one.finding.rule: (one.state, one.state_reason) for one in report.findings
    }
    assert states["code/python-command-injection"] == (
        "active",
        "the ignore on the line does not apply: the change adds a data flow to this line",
    )
    assert states["code/python-code-execution"][0] == "ignored"
    assert report.verdict.value == "fail"


#: Starts the gate as ``python -m zt_gate``; whoever runs the tests may be an agent.
STARTED_BY_NOBODY = (
    "import sys; from zt_gate.system import ancestors\n"
    "ancestors.ancestors = lambda: ()\n"
    "from zt_gate.cli import main; sys.exit(main(sys.argv[1:]))\n"
)


def cli(repo: Repo, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", "-c", STARTED_BY_NOBODY, *words],
        cwd=repo.path,
        env={**GIT_ENV, "HOME": str(repo.path.parent), **env},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def test_the_baseline_knows_what_was_there_and_not_its_copy(repo: Repo) -> None:
    repo.write("a.py", f"key = '{KEY}'\n")
    repo.commit()
    made = cli(repo, "baseline", "--scanner", "secrets", "--offline")
    assert (made.returncode, made.stdout) == (
        0,
        ".zt-gate-baseline: 1 recorded, 1 added, 0 removed\n",
    )
    first = (repo.path / ".zt-gate-baseline").read_bytes()
    assert KEY.encode() not in first
    # Not yet on the trusted side.
    assert the_only(judged(repo, "tree")).state == "active"
    repo.commit()
    assert the_only(judged(repo, "tree")).state == "baseline"
    moved = the_only(staged(repo, a=f"\nif 1:\n    key = '{KEY}'\n"))
    assert (moved.state, moved.state_by) == ("baseline", "Ada")
    again = staged(repo, a=f"key = '{KEY}'\nkey = '{KEY}'\n")
    assert again.verdict.value == "fail"
    assert "adds it again" in the_only(again).state_reason
    repo.git("reset", "-q", "--hard")
    assert cli(repo, "baseline", "--scanner", "secrets", "--offline").stdout.endswith(
        "1 recorded, 0 added, 0 removed\n"
    )
    assert (repo.path / ".zt-gate-baseline").read_bytes() == first


def test_a_baseline_in_the_change_does_not_help(repo: Repo) -> None:
    repo.write("a.py", f"key = '{KEY}'\n")
    repo.git("add", "-A")
    assert cli(repo, "baseline", "--scanner", "secrets", "--offline").returncode == 0
    repo.git("add", "-A")
    assert judged(repo).verdict.value == "fail"


def test_a_broken_baseline_on_the_trusted_side_is_an_error_of_configuration(
    repo: Repo,
) -> None:
    repo.write(".zt-gate-baseline", "nothing\n")
    repo.commit()
    with pytest.raises(UsageError, match="zt-gate-baseline:1: the header is missing"):
        staged(repo, a="x = 1\n")


def test_what_other_tools_know_is_imported_and_their_plugins_are_not_run(
    repo: Repo,
) -> None:
    from hashlib import sha1

    repo.write("a.py", f"key = '{KEY}'\n")
    repo.write("b.py", f"key = '{OTHER}'\n")
    table = {
        "plugins_used": [{"name": "Evil", "path": "file://evil.py"}],
        "filters_used": [{"path": "file://evil.py::run"}],
        "results": {"a.py": [{"hashed_secret": sha1(KEY.encode()).hexdigest()}]},
    }
    repo.write(".secrets.baseline", json.dumps(table))
    repo.write("evil.py", "open('ran', 'w')\n")
    repo.write(".gitleaksignore", f"# known\n{'a' * 40}:b.py:aws-access-token:1\n")
    words = ("baseline", "--scanner", "secrets", "--offline", "--import")
    assert "1 recorded" in cli(repo, *words, ".secrets.baseline").stdout
    assert " a.py" in (repo.path / ".zt-gate-baseline").read_text()
    assert "2 recorded, 1 added" in cli(repo, *words, ".gitleaksignore").stdout
    assert not (repo.path / "ran").exists()
    wrong = cli(repo, *words, "a.py")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def answered(
    repo: Repo, *words: str, answers: tuple[str, ...], **env: str
) -> tuple[int, str]:
    """Run a command at a terminal of its own and type the answers."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(repo.path)
        environ = {**GIT_ENV, "HOME": str(repo.path.parent), **env}
        command = [sys.executable, "-I", "-c", STARTED_BY_NOBODY, *words]
        os.execve(sys.executable, command, environ)
    shown = b""
    left = list(answers)
    try:
        while chunk := os.read(terminal, 4096):
            shown += chunk
            asked = re.search(rb"(reason|type ([0-9a-f]{4}) to approve): $", shown)
            if asked and left:
                answer = left.pop(0).replace("ID", (asked[2] or b"").decode())
                os.write(terminal, answer.encode() + b"\n")
                shown += b"."
    except OSError:  # Linux: the other side is closed
        pass
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode(
        errors="replace"
    )


def test_an_approval_is_given_on_a_terminal_for_this_machine(repo: Repo) -> None:
    before = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    refused = cli(repo, "approve")
    assert (refused.returncode, "terminal" in refused.stderr) == (2, True)
    assert answered(repo, "approve", answers=("seen", "no"))[0] == 2
    assert judged(repo).verdict.value == "fail"
    code, shown = answered(
        repo, "approve", before.fingerprint[:8], answers=("a sample", "ID")
    )
    assert (code, "1 approved" in shown, KEY in shown) == (0, True, False)
    assert "(not proven)" in shown
    assert "(not proven)" in cli(repo, "approve", "--list").stdout
    after = judged(repo)
    assert (after.verdict.value, the_only(after).state) == ("pass", "approved")
    assert the_only(after).state_reason == "a sample"
    record = next((repo.path.parent / ".local/state/zt-gate/approvals").iterdir())
    assert KEY not in record.read_text()
    in_ci = run.Request(folder=repo.path, only=("secrets",))
    environ = {**GIT_ENV, "HOME": str(repo.path.parent), "CI": "true"}
    assert run.run(in_ci, environ).verdict.value == "fail"
    assert answered(repo, "approve", "--revoke", answers=())[0] == 0
    assert judged(repo).verdict.value == "fail"


def test_ignore_writes_what_the_policy_reads(repo: Repo) -> None:
    words = ("ignore", "secrets/*", "a.py", "--reason", 'a "sample" \\ of one')
    assert cli(repo, *words).returncode == 0
    assert (
        cli(
            repo, "ignore", "code", "b/**", "--reason", "b", "--expires", "never"
        ).returncode
        == 0
    )
    repo.commit()
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert (found.state, found.state_reason) == ("ignored", 'a "sample" \\ of one')
    assert found.state_expires
    bad = cli(repo, "ignore", "nothing/here", "a.py", "--reason", "x")
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
    lines = (repo.path / ".zt-gate.toml").read_text()
    assert lines.count("[[ignore]]") == 2


IGNORE_ENTRY = '[[ignore]]\nrule = "secrets/*"\npath = "a.py"\nreason = "x"\n'
INCOMING_POLICIES = {
    ".zt-gate.toml": IGNORE_ENTRY,
    "pyproject.toml": IGNORE_ENTRY.replace("[[ignore]]", "[[tool.zt-gate.ignore]]"),
}


@pytest.mark.parametrize("name", INCOMING_POLICIES)
def test_an_ignore_in_the_changed_policy_says_why_it_does_not_help(
    repo: Repo, name: str
) -> None:
    repo.write(name, INCOMING_POLICIES[name])
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert found.state == "active"
    assert f"this change adds the ignore in {name}" in found.state_reason
    assert "takes effect after it is merged" in found.state_reason


def test_an_allowance_in_the_change_says_why_it_does_not_help(repo: Repo) -> None:
    allowance = '[paths]\n"*.py" = { allow = ["secrets/*"], reason = "x" }\n'
    repo.write(".zt-gate.toml", allowance)
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert found.state == "active"
    assert "this change adds the ignore in .zt-gate.toml" in found.state_reason


def test_a_baseline_in_the_change_says_why_it_does_not_help(repo: Repo) -> None:
    entry = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    line = f"{entry.fingerprint} {entry.finding.rule} a.py\n"
    repo.write(".zt-gate-baseline", f"# zt-gate baseline 1 {'0' * 32}\n{line}")
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert found.state == "active"
    assert "this change adds the entry in the baseline" in found.state_reason


def test_an_ignore_of_the_change_for_another_path_explains_nothing(repo: Repo) -> None:
    repo.write(".zt-gate.toml", IGNORE_ENTRY.replace("a.py", "b.py"))
    found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
    assert (found.state, found.state_reason) == ("active", "")


def test_an_invalid_policy_in_the_change_explains_nothing(repo: Repo) -> None:
    for text in ("[[ignore]\n", 'profile = "x"\n', "\x00", "[[ignore]]\nrule = 1\n"):
        repo.write(".zt-gate.toml", text)
        found = the_only(staged(repo, a=f"key = '{KEY}'\n"))
        assert (found.state, found.state_reason) == ("active", "")
