"""Every way in reads revisions by the same reader: none can be redirected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.planted import key
from tests.support.offenders import check_each
from tests.support.opened import environ
from tests.support.repo import Repo
from tests.test_cli import gate
from zt_gate import api
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = (
    "refs/tags/origin/main", "refs/heads/origin/main", "refs/tags/refs/remotes/origin/main",
    "refs/tags/refs/remotes/origin/HEAD", "refs/tags/origin/HEAD", "refs/tags/HEAD",
    "refs/origin/main", "refs/tags/main",
)  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A clone: ``origin/main`` is strict, the change is not and adds a key."""
    made = Repo.create(tmp_path / "r")
    made.write("a.py", "x = 1\n")
    made.write(".zt-gate.toml", 'profile = "standard"\n')
    made.commit()
    made.git("remote", "add", "origin", str(tmp_path / "none"))
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    made.git("checkout", "-q", "-b", "topic")
    made.write(".zt-gate.toml", 'profile = "advisory"\n')
    made.write("b.py", f'KEY = "{key()}"\n')
    made.commit()
    for ref in HOSTILE:
        made.git("update-ref", ref, "HEAD")
    return made


def test_scan_by_the_api(repo: Repo) -> None:
    def judged(words: dict[str, str]) -> None:
        report = api.scan(
            repo.path,
            scanners=("secrets",),
            environ=environ(repo),
            **words,  # type: ignore[arg-type]
        )
        assert report.verdict == "fail"
        assert report.policy.profile == "standard"

    main = "origin/main"
    check_each(
        (
            {"range": f"{main}..HEAD"},
            {"range": f"{main}...topic", "policy_rev": main},
            {"range": f"refs/remotes/{main}..", "policy_rev": f"remotes/{main}"},
            {"base": main},
            {"base": f"refs/remotes/{main}", "policy_rev": f"{main}~0"},
            {"range": "HEAD~1..HEAD", "policy_rev": main},
        ),
        judged,
    )
    for words in (
        {"base": ":/change"},
        {"range": "main..HEAD"},
        {"policy_rev": "v1-0-gabcdef"},
    ):
        with pytest.raises(GateError) as caught:
            api.scan(repo.path, environ=environ(repo), **words)  # type: ignore[arg-type]
        assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("scan", "--base", "origin/main"), {"CI": "true"}),
        (("hook", "manual"), {"FROM": "origin/main", "TO": "HEAD", "CI": "true"}),
        (("hook", "pre-commit"), {"FROM": "refs/remotes/origin/main", "TO": "topic"}),
    ],
)
def test_the_command_line_and_the_hooks(
    words: tuple[str, ...], variables: dict[str, str], repo: Repo
) -> None:
    env = {
        f"PRE_COMMIT_{name}_REF": variables[name] for name in variables if name != "CI"
    }
    env |= {"CI": variables["CI"]} if "CI" in variables else {}
    done = gate(*words, cwd=repo.path, **env)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "secrets/anthropic-api-key" in done.stdout


def test_a_range_in_a_variable_of_pre_commit_is_wrong_usage(repo: Repo) -> None:
    env = {"PRE_COMMIT_FROM_REF": "HEAD..HEAD", "PRE_COMMIT_TO_REF": "HEAD"}
    done = gate("hook", "pre-commit", cwd=repo.path, **env)
    assert done.returncode == 2
    assert "one revision each" in done.stderr


def test_a_push_does_not_take_its_policy_from_a_tag(repo: Repo) -> None:
    """Without refs/remotes/origin/HEAD git would take the tag of that name."""
    head, zeros = repo.head(), "0" * 40
    done = gate(
        "hook", "pre-push", "origin", "x", cwd=repo.path,
        stdin=f"refs/heads/topic {head} refs/heads/topic {zeros}\n".encode(),
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_same_commit_at_both_ends_is_said(repo: Repo) -> None:
    done = gate("scan", "--range", "HEAD..HEAD", cwd=repo.path)
    assert done.returncode == 0, done.stderr
    assert (
        "nothing to judge: both ends are the same commit"
        in done.stdout.splitlines()[-1]
    )
