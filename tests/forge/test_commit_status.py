"""The verdict as a status of the head, published by a run of the base's side."""

from __future__ import annotations

from typing import Any

import pytest

from tests.forge.test_github_action import KEY, Job, forge, job
from tests.support import forge as make
from zt_gate.errors import GateError

__all__ = ["forge", "job"]


@pytest.fixture
def judge(job: Job) -> Job:
    job.inputs |= {"ZT_STATUS": "zt-gate", "ZT_COMMENT": "false"}
    return job


def finished(job: Job, **changed: Any) -> dict[str, Any]:
    run = {"event": "pull_request", "head_sha": job.head, "head_branch": "topic",
           "head_repository": {"full_name": "acme/shop", "owner": {"login": "acme"}}}  # fmt: skip
    job.pull()
    return {"workflow_run": {**run, **changed}, "repository": make.about()}


def states(job: Job) -> list[tuple[str, str, str]]:
    return [(one["state"], one["context"], one["head"]) for one in job.forge.statuses]


def test_the_verdict_is_published_on_the_head(judge: Job) -> None:
    head = judge.change()
    assert judge.run(finished(judge), "workflow_run") == 0
    assert states(judge) == [
        ("pending", "zt-gate/main", head),
        ("success", "zt-gate/main", head),
    ]
    assert judge.forge.statuses[-1]["description"].startswith("pass: 1 file")
    head = judge.change(text=f'key = "{KEY}"\n')
    assert judge.run(finished(judge), "workflow_run") == 1
    assert states(judge)[-1] == ("failure", "zt-gate/main", head)
    assert KEY not in str(judge.forge.statuses)


def test_a_change_of_the_gate_s_own_workflow_is_judged_by_the_base(judge: Job) -> None:
    """Whatever the pull request's workflow did, this job has its inputs from the base."""
    workflow = ".github/workflows/zt-gate.yml"
    judge.repo.write(
        workflow, "on: pull_request\njobs: {a: {steps: [{run: zt-gate scan}]}}\n"
    )
    judge.base = judge.repo.commit()
    for number, text in enumerate(("on: push\n", "jobs: {}\n", f"# {KEY}\n")):
        judge.repo.git("checkout", "-q", "-B", "topic", judge.base)
        judge.repo.write(workflow, text)
        judge.repo.write(f"{number}.py", f'k = "{KEY}"\n')
        judge.head = judge.repo.commit()
        assert judge.run(finished(judge), "workflow_run") == 1
        assert states(judge)[-1] == ("failure", "zt-gate/main", judge.head)


def test_a_missing_pull_request_is_not_silent(judge: Job) -> None:
    head = judge.change()
    event = finished(judge)
    judge.forge.pulls = []
    with pytest.raises(GateError, match="no open pull request"):
        judge.run(event, "workflow_run")
    assert states(judge) == [("error", "zt-gate", head)]
    assert "no open pull request" in judge.forge.statuses[0]["description"]


def test_a_base_that_cannot_be_judged_is_an_error(judge: Job) -> None:
    judge.change()
    event = finished(judge)
    judge.forge.pulls[0]["base"]["sha"] = "1" * 40
    with pytest.raises(GateError):
        judge.run(event, "workflow_run")
    assert states(judge)[-1][:2] == ("error", "zt-gate/main")


def test_of_several_pull_requests_that_for_the_default_branch_counts(
    judge: Job,
) -> None:
    judge.change()
    event = finished(judge)
    (first,) = judge.forge.pulls
    other = {**first, "base": {**first["base"], "ref": "easy"}}
    judge.forge.pulls = [other, first]
    assert judge.run(event, "workflow_run") == 0
    assert states(judge)[-1][1] == "zt-gate/main"
    judge.forge.pulls = [other, other]
    with pytest.raises(GateError, match="several open pull requests"):
        judge.run(event, "workflow_run")
    judge.forge.pulls = [other]
    assert judge.run(event, "workflow_run") == 0
    assert states(judge)[-1][1] == "zt-gate/easy"  # does not count for main


def test_the_merge_queue_s_commit_gets_one_too(judge: Job) -> None:
    head = judge.change()
    branch = f"gh-readonly-queue/main/pr-7-{judge.base}"
    event = finished(judge, event="merge_group", head_branch=branch)
    assert judge.run(event, "workflow_run") == 0
    assert states(judge)[-1] == ("success", "zt-gate/main", head)
    with pytest.raises(GateError, match="queue"):
        judge.run(finished(judge, event="merge_group"), "workflow_run")


def test_a_status_that_cannot_be_published_is_an_error(judge: Job) -> None:
    judge.change()
    event = finished(judge)
    judge.forge.broken = {"/statuses/": 403}
    assert judge.run(event, "workflow_run") == 3
    assert "statuses: write" in judge.report["errors"][0]
    judge.inputs["ZT_TOKEN"] = ""
    with pytest.raises(GateError, match="status needs the input token"):
        judge.run(event, "workflow_run")


def test_without_the_input_there_is_none(judge: Job) -> None:
    judge.change()
    judge.inputs["ZT_STATUS"] = ""
    assert judge.run(finished(judge), "workflow_run") == 0
    assert not judge.forge.statuses
