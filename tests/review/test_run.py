"""The policy that a run uses, and requests that are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.errors import UsageError
from zt_gate.review import run

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import SourceKind
    from zt_gate.model.report import Report

LAX = '[levels]\ncode = "info"\n'
STRICT = 'profile = "strict"\n'
BAD = "print(eval(input()))\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A project whose policy was lax before; the tag ``old`` is the last lax commit."""
    made = Repo.create(tmp_path / "repository")
    made.write(".zt-gate.toml", LAX)
    made.commit()
    made.git("tag", "old")
    made.write(".zt-gate.toml", STRICT)
    made.commit()
    return made


def judged(repo: Repo, kind: SourceKind, spec: str = "", **env: str) -> Report:
    request = run.Request(kind=kind, spec=spec, folder=repo.path, only=("code",))
    return run.run(request, {**GIT_ENV, "HOME": str(repo.path.parent), **env})


@pytest.mark.parametrize("env", [{}, {"CI": "true"}])
@pytest.mark.parametrize(
    ("kind", "spec"), [("base", "main"), ("range", "main...topic")]
)
def test_a_branch_from_an_old_commit_is_judged_by_todays_policy(
    kind: SourceKind, spec: str, env: dict[str, str], repo: Repo
) -> None:
    repo.git("checkout", "-q", "-b", "topic", "old")
    repo.write("b.py", BAD)
    repo.commit()
    assert judged(repo, kind, spec, **env).policy.profile == "strict"


@pytest.fixture
def merged(repo: Repo) -> Repo:
    """A pull request with its own policy, checked out as a merge, as CI systems do."""
    repo.git("checkout", "-q", "-b", "topic")
    repo.write(".zt-gate.toml", LAX)
    repo.write("b.py", BAD)
    repo.commit()
    repo.git("checkout", "-q", "--detach", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    return repo


@pytest.mark.parametrize(
    "env",
    [{}, {"CI": "1"}, {"TF_BUILD": "True"}, {"JENKINS_URL": "https://ci.example.org"}],
)
def test_a_checked_out_merge_of_the_change_does_not_bring_its_policy(
    env: dict[str, str], merged: Repo
) -> None:
    report = judged(merged, "range", "main...topic", **env)
    assert (report.policy.profile, report.verdict.value) == ("strict", "fail")


def test_in_ci_a_range_without_head_is_judged_by_the_policy_of_its_base(
    merged: Repo,
) -> None:
    merged.git("commit", "-q", "--allow-empty", "-m", "on top of the merge")
    for name in (
        "CI",
        "TF_BUILD",
        "JENKINS_URL",
        "TEAMCITY_VERSION",
        "CODEBUILD_BUILD_ID",
    ):
        report = judged(merged, "range", "main...topic", **{name: "true"})
        assert report.policy.profile == "strict", name


def test_a_later_commit_does_not_set_the_policy_of_a_pushed_range(
    merged: Repo,
) -> None:
    """A push of all but the last commit of a branch, and that commit has the waivers."""
    merged.git("checkout", "-q", "topic")
    merged.git("commit", "-q", "--allow-empty", "-m", "one more")
    assert (
        judged(merged, "range", "main..topic~", CI="false").policy.profile == "strict"
    )


def test_locally_an_older_range_is_judged_by_heads_policy(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "topic", "old")
    repo.write("b.py", BAD)
    repo.commit()
    repo.git("checkout", "-q", "main")
    report = judged(repo, "range", "old..topic", CI="false")
    assert report.policy.rev == repo.head()


def test_a_range_from_nothing_is_judged_by_the_defaults(repo: Repo) -> None:
    report = judged(repo, "range", f"{'0' * 40}..HEAD", CI="true")
    assert (report.policy.rev, report.policy.profile) == ("", "standard")


def test_a_rule_that_the_policy_names_must_exist(repo: Repo) -> None:
    repo.write(".zt-gate.toml", '[levels]\n"code/python-code-executoin" = "info"\n')
    repo.commit()
    with pytest.raises(
        UsageError, match=r":2: unknown rule .* did you mean 'code/python-code"
    ):
        judged(repo, "staged")


@pytest.mark.parametrize("skip", [("code",), ("code", "secrets")])
def test_a_run_without_any_scanner_is_refused(
    skip: tuple[str, ...], repo: Repo
) -> None:
    request = run.Request(folder=repo.path, only=("code",), skip=skip)
    with pytest.raises(UsageError, match="no scanner"):
        run.run(request, GIT_ENV)
