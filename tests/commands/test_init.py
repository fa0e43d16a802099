"""``zt-gate init`` creates the missing files and changes nothing else."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line
from zt_gate.commands.init import has_hooks, with_hooks
from zt_gate.commands.init_files import (
    JUDGE_WORKFLOW,
    POLICY_TEXT,
    PRE_COMMIT,
    WORKFLOW,
    action_of,
    judge_workflow_text,
    policy_text,
    pre_commit_block,
    workflow_text,
)
from zt_gate.commands.installed_from import InstallSource
from zt_gate.doctor import gate_workflows
from zt_gate.policy.load import parse
from zt_gate.scanners import registered

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "a1" * 20
KNOWN = InstallSource("https://github.com/acme/zt-gate", COMMIT, "v0.1.0")
#: The options that name it.
FROM = ("--repository", KNOWN.address, "--commit", COMMIT)
ALL = ("--pre-commit", "--github", *FROM)
BLOCK = pre_commit_block(KNOWN)
#: What must never be in a file of the user.
PLACEHOLDER = re.compile(
    r"\bOWNER\b|FULL_COMMIT|_SHA\b|COMMIT_ID|[<{]\w+[>}]|\bTODO\b|example\.(?:com|org)|\bX{3,}"
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo.create(tmp_path / "repository")


def test_it_creates_all_files_once_and_overwrites_none(repo: Repo) -> None:
    (repo.path / "inner").mkdir()
    done = gate("init", *ALL, cwd=repo.path / "inner")
    assert done.returncode == 0, done.stderr
    assert "zt-gate doctor" in done.stderr
    names = (".zt-gate.toml", PRE_COMMIT, WORKFLOW, JUDGE_WORKFLOW)
    for name in names:
        (repo.path / name).write_text("# mine\n" + (repo.path / name).read_text())
    again = gate("init", *ALL, cwd=repo.path)
    assert again.returncode == 0
    assert all((repo.path / name).read_text().startswith("# mine\n") for name in names)


def test_the_policy_is_valid_with_and_without_its_comments() -> None:
    table = POLICY_TEXT.replace("# [", "[")
    lines = [
        line.removeprefix("# ")
        if " = " in line and not line.startswith("profile")
        else line
        for line in table.split("\n")
    ]
    for text in (
        POLICY_TEXT,
        "\n".join(line for line in lines if not line.startswith("# ")),
    ):
        policy = parse(
            text.encode(),
            ".zt-gate.toml",
            scanners=registered(),
            rules=("code/python-sql-injection",),
        )
        assert policy.profile == "standard"
    assert policy.scope.restricted == ("/infra/",)


def test_a_project_with_its_policy_in_pyproject(repo: Repo) -> None:
    repo.write("pyproject.toml", '[tool.zt-gate]\nprofile = "strict"\n')
    done = gate("init", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert not (repo.path / ".zt-gate.toml").exists()


def test_the_workflows_have_no_fault() -> None:
    action = action_of(KNOWN, "")
    texts = {
        WORKFLOW.encode(): workflow_text(action).encode(),
        JUDGE_WORKFLOW.encode(): judge_workflow_text(action).encode(),
    }
    (judge, job), failed = gate_workflows.jobs_in(sorted(texts), texts.get)
    assert failed == ()
    assert (job.faults, job.context) == ((), "zt-gate")
    assert (judge.faults, judge.status, judge.after) == ((), "zt-gate", {"zt-gate"})


def test_zizmor_finds_nothing_in_the_workflows(tmp_path: Path) -> None:
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "zt-gate.yml").write_text(workflow_text(action_of(KNOWN, "")))
    (folder / "judge.yml").write_text(judge_workflow_text(action_of(KNOWN, "")))
    zizmor = os.path.join(os.path.dirname(sys.executable), "zizmor")
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "No findings to report" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "old",
    [
        b"repos:\n- repo: meta\n  hooks:\n  - id: identity",
        b"repos:\n    # first\n    - repo: meta\n      hooks: [{id: x}]\n\n# x\nfail_fast: true\n",
        b"repos: []\n",
    ],
)
def test_hooks_are_added_and_nothing_else_changes(old: bytes) -> None:
    new = with_hooks(old, BLOCK)
    if old == b"repos: []\n":
        assert new is None
        return
    assert new is not None
    before, after = yaml.safe_load(old), yaml.safe_load(new)
    assert after["repos"][:-1] == before.pop("repos")
    assert after["repos"][-1:] == yaml.safe_load(BLOCK)
    assert {key: value for key, value in after.items() if key != "repos"} == before
    assert set(old.splitlines()) <= set(new.splitlines())
    assert (has_hooks(old), has_hooks(new)) == (False, True)


@given(st.text(alphabet="repos: -\n#[]{}&*!|>ab", max_size=80))
def test_an_invalid_configuration_is_not_changed(text: str) -> None:
    new = with_hooks(b"repos:\n" + text.encode(), BLOCK)
    assert new is None or b"zt-gate" in new


def test_no_link_is_followed(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    os.symlink(outside, repo.path / ".github")
    done = gate("init", "--github", *FROM, cwd=repo.path)
    assert done.returncode == 3
    assert WORKFLOW in one_line(done)
    assert not list(outside.iterdir())
    os.symlink(outside / "policy", repo.path / "x")
    (repo.path / ".zt-gate.toml").unlink()
    os.rename(repo.path / "x", repo.path / ".zt-gate.toml")
    assert "already exists" in gate("init", cwd=repo.path).stdout
    assert not list(outside.iterdir())


def written(repo: Repo) -> dict[str, str]:
    names = (".zt-gate.toml", PRE_COMMIT, WORKFLOW, JUDGE_WORKFLOW)
    return {
        name: (repo.path / name).read_text()
        for name in names
        if (repo.path / name).exists()
    }


ORIGINS = [
    KNOWN,
    InstallSource("https://github.com/acme/zt-gate", COMMIT),
    InstallSource("https://gitlab.com/group/sub/zt-gate", COMMIT),
    InstallSource("ssh://git@git.acme.test:2222/tools/zt-gate.git", COMMIT),
    InstallSource("https://github.com/acme/zt-gate", tag="v0.1.0"),
    InstallSource("https://github.com/acme/zt-gate"),
    InstallSource(commit=COMMIT),
    InstallSource(),
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_file_has_a_placeholder(origin: InstallSource) -> None:
    """Whatever is known: each file that init can write has working values or no text."""
    texts = [policy_text(origin), pre_commit_block(origin)]
    action = action_of(origin, "")
    if action:
        texts += [workflow_text(action), judge_workflow_text(action)]
    for text in texts:
        rest = re.sub(r"\$\{\{.*?\}\}|permissions: \{\}", "", text)
        assert not PLACEHOLDER.search(rest), text
    assert bool(action) == (origin.host == "github.com" and bool(origin.commit))
    assert bool(pre_commit_block(origin)) == bool(
        origin.address and (origin.commit or origin.tag)
    )
    schema = texts[0].startswith("#:schema https://")
    assert schema == (
        bool(origin.commit) and origin.host in {"github.com", "gitlab.com"}
    )


def test_the_files_name_what_the_options_name(repo: Repo) -> None:
    done = gate("init", *ALL, cwd=repo.path)
    assert done.returncode == 0, done.stderr
    files = written(repo)
    assert len(files) == 4
    assert files[".zt-gate.toml"].startswith(
        f"#:schema https://raw.githubusercontent.com/acme/zt-gate/{COMMIT}/docs/"
    )
    (entry,) = yaml.safe_load(files[PRE_COMMIT])["repos"]
    assert (entry["repo"], entry["rev"]) == (KNOWN.address, COMMIT)
    for name in (WORKFLOW, JUDGE_WORKFLOW):
        assert f"uses: acme/zt-gate@{COMMIT}\n" in files[name]
        assert name in done.stderr  # in the command that adds them to git
    assert not any(PLACEHOLDER.search(line) for line in done.stderr.splitlines())


def test_a_commit_of_digits_is_quoted(repo: Repo) -> None:
    digits = "1" * 40
    gate("init", "--pre-commit", *FROM[:3], digits, cwd=repo.path)
    (entry,) = yaml.safe_load(written(repo)[PRE_COMMIT])["repos"]
    assert entry["rev"] == digits


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--commit", "main"], "full commit id"),
        (["--commit", COMMIT[:12]], "full commit id"),
        (["--repository", "/srv/zt-gate"], "https or ssh"),
        (["--repository", "https://h/a/$(touch ran)"], "https or ssh"),
        (["--repository", "https://h/a b"], "https or ssh"),
        (["--repository", "file:///srv/zt-gate"], "https or ssh"),
    ],
)
def test_what_is_no_address_or_commit_is_refused(
    words: list[str], message: str, repo: Repo
) -> None:
    done = gate("init", "--pre-commit", *words, cwd=repo.path)
    assert done.returncode == 2
    assert message in one_line(done)
    assert written(repo) == {}


def test_what_is_not_known_is_left_out_and_said(repo: Repo) -> None:
    words = ("--repository", "https://github.com/acme/zt-gate")
    done = gate("init", "--pre-commit", "--github", *words, cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert set(written(repo)) == {".zt-gate.toml"}
    for name in (PRE_COMMIT, WORKFLOW, JUDGE_WORKFLOW):
        assert name in done.stdout
        assert name not in done.stderr
    assert "without --commit" in done.stdout
    assert "zt-gate hook install" in done.stderr


def test_github_cannot_use_an_action_from_elsewhere(repo: Repo) -> None:
    words = ("--repository", "https://git.acme.test/tools/zt-gate", "--commit", COMMIT)
    done = gate("init", "--pre-commit", "--github", *words, cwd=repo.path)
    assert set(written(repo)) == {".zt-gate.toml", PRE_COMMIT}
    assert "GitHub cannot use an action from https://git.acme.test" in done.stdout
    # Its own server takes it.
    repo.git("remote", "add", "origin", "git@git.acme.test:shop/web.git")
    gate("init", "--github", *words, cwd=repo.path)
    assert f"uses: tools/zt-gate@{COMMIT}\n" in written(repo)[WORKFLOW]


def test_a_fork_of_any_name_is_recognised_in_the_configuration(repo: Repo) -> None:
    repo.write(
        PRE_COMMIT,
        "repos:\n- repo: https://github.com/acme/gate.git\n  hooks: [{id: zt-gate}]\n",
    )
    done = gate("init", "--pre-commit", cwd=repo.path)
    assert f"{PRE_COMMIT} already contains zt-gate" in done.stdout


def on_a_terminal(repo: Repo, answers: list[str], *words: str) -> tuple[int, str]:
    """Run init on a pseudo-terminal; each question takes the next answer."""
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "zt_gate", "init", *words],
        cwd=repo.path, env={**GIT_ENV, "HOME": str(repo.path.parent)},
        stdin=child, stdout=child, stderr=child, close_fds=True,
    ) as process:  # fmt: skip
        os.close(child)
        output = ""
        remaining = list(answers)
        while True:
            select.select([parent], [], [])
            try:
                data = os.read(parent, 4096)
            except OSError:  # Linux: the last program closed the terminal
                break
            if not data:
                break
            output += data.decode()
            if remaining and output.endswith("zt-gate: "):
                os.write(parent, f"{remaining.pop(0)}\n".encode())
        code = process.wait()
    os.close(parent)
    assert remaining == [], output
    return code, output


def test_a_person_is_asked_for_what_is_not_known(repo: Repo) -> None:
    words = ("--pre-commit", "--repository", KNOWN.address)
    code, output = on_a_terminal(repo, [COMMIT.upper()], *words)
    assert code == 0, output
    (entry,) = yaml.safe_load(written(repo)[PRE_COMMIT])["repos"]
    assert (entry["repo"], entry["rev"]) == (KNOWN.address, COMMIT)


@pytest.mark.parametrize("answer", ["", "main", "OWNER"])
def test_without_an_answer_the_file_is_left_out(answer: str, repo: Repo) -> None:
    words = ("--pre-commit", "--repository", KNOWN.address)
    code, output = on_a_terminal(repo, [answer], *words)
    assert code == 0, output
    assert PRE_COMMIT not in written(repo)
    assert "left out" in output
