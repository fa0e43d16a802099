"""Which inputs of the running job count, and how one maintainer approves a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.forge.test_github_action import KEY, WORKFLOW, Job
from tests.support import forge as make
from tests.support.forge import ADA, AGENT, EVE, Forge
from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GATE = """\
on: pull_request
jobs:
  judge:
    runs-on: ubuntu-latest
    steps:
      - uses: example/zt-gate@v1
        with:
          offline: true
"""
SECRET = f'key = "{KEY}"\n'
SETTINGS = {"comment": "ZT_COMMENT", "config": "ZT_CONFIG", "profile": "ZT_PROFILE",
            "accept": "ZT_ACCEPT", "fail-on": "ZT_FAIL_ON", "task": "ZT_TASK",
            "require-human-approval": "ZT_APPROVAL", "approved-head": "ZT_APPROVED_HEAD",
            "labels": "ZT_LABELS"}  # fmt: skip


@pytest.fixture
def forge() -> Iterator[Forge]:
    with Forge(commits=[make.commit()]) as server:
        yield server


@pytest.fixture
def job(tmp_path: Path, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, forge, monkeypatch)


def with_inputs(**inputs: str) -> str:
    rows = (
        f"          {name.replace('_', '-')}: {text}\n" for name, text in inputs.items()
    )
    return GATE + "".join(rows)


def on_base(job: Job, **inputs: str) -> None:
    job.repo.write(WORKFLOW, with_inputs(**inputs))
    job.base = job.head = job.repo.commit()


def rules(job: Job) -> dict[str, str]:
    return {
        item["rule"]: item["state"]
        for item in job.report["findings"]
        if item["level"] == "block"
    }


@pytest.mark.parametrize(
    ("inputs", "given"),
    [
        ({"profile": "advisory"}, {"ZT_PROFILE": "advisory"}),
        ({"config": "loose.toml"}, {"ZT_CONFIG": "loose.toml"}),
        ({"fail_on": "critical"}, {"ZT_FAIL_ON": "critical"}),
    ],
)
def test_a_loosened_input_does_not_count_and_blocks(
    inputs: dict[str, str], given: dict[str, str], job: Job
) -> None:
    job.repo.write("loose.toml", 'profile = "advisory"\n')
    on_base(job, profile="standard")
    job.change(WORKFLOW, with_inputs(**inputs))
    job.change(text=SECRET)
    job.inputs |= given
    assert job.run(job.pull()) == 1
    found = rules(job)
    assert found.pop("tampering/gate-job-changed") == "active"
    assert found
    assert set(found.values()) == {"active"}
    assert "counts as the base's workflow has it" in job.summary


@pytest.mark.parametrize("kind", ["pull_request", "merge_group", "push"])
def test_a_dropped_approval_is_still_required(kind: str, job: Job) -> None:
    on_base(job, require_human_approval="always")
    job.change(WORKFLOW, GATE)
    events: dict[str, dict[str, Any]] = {
        "pull_request": job.pull(),
        "merge_group": {"merge_group": {
            "head_sha": job.head, "base_sha": job.base, "base_ref": "refs/heads/main",
            "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{job.base}"}},
        "push": {"ref": "refs/heads/topic", "before": job.base, "after": job.head},
    }  # fmt: skip
    job.forge.pulls = [make.pull(job.base, job.head)]
    event = {**events[kind], "repository": make.about()}
    assert job.run(event, kind) == 1
    assert rules(job)["tampering/gate-job-changed"] == "active"
    if kind != "push":  # a push has no review
        assert rules(job)["gate/not-reviewed"] == "active"


def test_what_the_change_tightens_counts_and_does_not_block(job: Job) -> None:
    on_base(job, profile="standard", labels="robot")
    job.change(WORKFLOW, with_inputs(profile="strict", labels="'robot, other'"))
    job.inputs |= {"ZT_PROFILE": "strict", "ZT_LABELS": "robot, other"}
    assert job.run(job.pull()) == 0
    assert job.report["policy"]["profile"] == "strict"
    assert job.run(job.pull(labels=[{"name": "other"}])) == 0
    assert job.report["origin"]["ai"]


def test_an_expression_counts_only_in_an_equal_job(job: Job) -> None:
    on_base(job, profile="${{ vars.PROFILE }}")
    job.inputs["ZT_PROFILE"] = "advisory"
    job.change(text=SECRET)
    assert job.run(job.pull()) == 0
    assert job.report["policy"]["profile"] == "advisory"
    job.change(WORKFLOW, with_inputs(profile="${{ vars.OTHER }}"))
    assert job.run(job.pull()) == 1
    assert job.report["policy"]["profile"] == "strict"


def test_without_a_job_on_the_base_defaults_count_and_the_new_one_warns(
    job: Job,
) -> None:
    job.repo.git("rm", "-q", WORKFLOW)
    job.base = job.head = job.repo.commit()
    job.change(WORKFLOW, with_inputs(profile="advisory"))
    job.change(text=SECRET)
    job.inputs["ZT_PROFILE"] = "advisory"
    assert job.run(job.pull()) == 1
    assert job.report["policy"]["profile"] == "standard"
    levels = {item["rule"]: item["level"] for item in job.report["findings"]}
    assert levels["tampering/gate-job-added"] == "warn"
    assert "the base has no job that runs zt-gate" in job.summary


def test_a_workflow_of_the_trusted_side_counts_as_it_stands(job: Job) -> None:
    on_base(job)
    job.change(text=SECRET)
    job.inputs["ZT_PROFILE"] = "advisory"
    assert job.run(job.pull(), "pull_request_target") == 0
    assert job.report["policy"]["profile"] == "advisory"
    assert job.run(job.pull()) == 1


def test_a_renamed_job_has_the_inputs_of_the_base(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    del monkeypatch
    on_base(job, require_human_approval="always")
    job.change(WORKFLOW, GATE.replace("judge:", "other:"))
    assert job.run(job.pull()) == 1
    assert {"gate/not-reviewed", "tampering/gate-job-changed"} <= rules(job).keys()


def test_an_advisory_policy_does_not_let_the_gate_be_changed(job: Job) -> None:
    job.repo.write(
        ".zt-gate.toml", 'profile = "advisory"\n[levels]\ntampering = "info"\n'
    )
    on_base(job)
    job.change(WORKFLOW, GATE.replace("@v1", "@v2"))
    assert job.run(job.pull()) == 1
    job.forge.approve(make.BOB, job.head)
    assert job.run(job.pull()) == 0
    assert rules(job)["tampering/gate-job-changed"] == "approved"


def test_accept_is_the_bases_and_bound_to_the_head(job: Job) -> None:
    on_base(job, accept="${{ vars.ACCEPT }}")
    job.change(text=SECRET)
    assert job.run(job.pull()) == 1
    accepted = [f"{item['fingerprint']}@{job.head}" for item in job.report["findings"]]
    job.inputs["ZT_ACCEPT"] = " ".join(accepted)
    assert job.run(job.pull()) == 0
    job.change("c.txt")
    assert job.run(job.pull()) == 1
    job.change(WORKFLOW, with_inputs(accept=" ".join(accepted)))
    assert job.run(job.pull()) == 1
    assert rules(job)["tampering/gate-job-changed"] == "active"


# One maintainer: a variable


def test_a_variable_approves_exactly_this_head(job: Job) -> None:
    on_base(job, approved_head="${{ vars.ZT_GATE_APPROVED_HEAD }}",
            require_human_approval="always")  # fmt: skip
    job.change(text=SECRET)
    job.inputs |= {"ZT_APPROVED_HEAD": job.head, "ZT_APPROVAL": "always"}
    assert job.run(job.pull()) == 0
    assert set(rules(job).values()) == {"approved"}
    for other in (job.base, job.head[:12], "HEAD", job.head.upper()):
        job.inputs["ZT_APPROVED_HEAD"] = other
        assert job.run(job.pull()) == 1, other
        assert "approved-head not counted" in job.summary


@pytest.mark.parametrize(
    "after",
    [
        with_inputs(approved_head="${{ github.sha }}"),
        with_inputs(approved_head="${{ vars.A }}").replace("@v1", "@v2"),
        with_inputs(approved_head="${{ vars.A }}", profile="strict"),
        with_inputs(approved_head="${{ vars.A }}").replace("judge:", "other:"),
    ],
)
def test_a_variable_does_not_count_in_another_job_than_the_bases(
    after: str, job: Job
) -> None:
    on_base(job, approved_head="${{ vars.A }}")
    job.change(WORKFLOW, after)
    job.change(text=SECRET)
    job.inputs["ZT_APPROVED_HEAD"] = job.head
    assert job.run(job.pull()) == 1
    assert set(rules(job).values()) == {"active"}


def test_a_new_job_cannot_approve_itself(job: Job) -> None:
    on_base(job, approved_head="${{ vars.A }}")
    second = GATE.partition("jobs:\n")[2].replace("judge:", "more:")
    job.change(WORKFLOW, with_inputs(approved_head="${{ vars.A }}") + second
               + "          approved-head: ${{ github.sha }}\n")  # fmt: skip
    job.change(text=SECRET)
    job.inputs |= {"ZT_APPROVED_HEAD": job.head, "GITHUB_JOB": "more"}
    assert job.run(job.pull()) == 1
    assert set(rules(job).values()) == {"active"}


def test_a_job_of_a_workflow_that_the_base_lacks_cannot_approve_itself(
    job: Job,
) -> None:
    on_base(job, approved_head="${{ vars.A }}", config="${{ vars.C }}",
            accept="${{ vars.B }}")  # fmt: skip
    added = with_inputs(approved_head="${{ github.sha }}")
    path = ".github/workflows/more.yml"
    job.change(path, added)
    job.change(text=SECRET)
    job.inputs |= {"ZT_APPROVED_HEAD": job.head, "ZT_CONFIG": "x.toml"}
    for name in ("judge", "other"):
        job.inputs |= {"GITHUB_JOB": name,
                       "GITHUB_WORKFLOW_REF": f"acme/shop/{path}@refs/pull/7/merge"}  # fmt: skip
        assert job.run(job.pull()) == 1
        assert "approved" not in rules(job).values()


@pytest.mark.parametrize(
    "step",
    [
        "uses: acme/review-action@v1",
        "run: docker run acme/review:1 scan",
    ],
)
def test_the_running_job_is_the_gates_whatever_it_is_called(
    step: str, job: Job
) -> None:
    text = GATE.partition("      - uses")[0] + f"      - {step}\n"
    job.repo.write(WORKFLOW, text)
    job.base = job.head = job.repo.commit()
    job.change(WORKFLOW, text.replace("steps:", "steps:\n      - run: make"))
    assert job.run(job.pull()) == 1
    assert rules(job)["tampering/gate-job-changed"] == "active"


# One maintainer: a dispatch


def dispatch(job: Job, head: str, who: dict[str, Any], ref: str = "main") -> int:
    job.head = job.base  # GITHUB_SHA is the default branch's
    event = {"ref": f"refs/heads/{ref}", "inputs": {"head": head}, "sender": who,
             "repository": make.about()}  # fmt: skip
    return job.run(event, "workflow_dispatch")


def test_a_dispatch_on_the_default_branch_approves_a_head(job: Job) -> None:
    job.repo.write(".github/CODEOWNERS", "* @ada\n")
    on_base(job)
    job.change(WORKFLOW, GATE.replace("@v1", "@v2"))
    head = job.change(text=SECRET)
    job.forge.permissions["ada"] = "admin"
    assert dispatch(job, head, ADA) == 0
    assert set(rules(job).values()) == {"approved"}
    source = job.report["source"]
    assert (source["base"], source["head"]) == (job.base, head)
    assert "@ada" in str(job.report["findings"])
    found = [(one["state"], one["context"], one["head"]) for one in job.forge.statuses]
    assert found == [
        ("pending", "zt-gate/main", head),
        ("success", "zt-gate/main", head),
    ]
    job.forge.broken["/statuses/"] = 403
    assert dispatch(job, head, ADA) == 3
    assert "statuses: write" in job.report["errors"][0]


@pytest.mark.parametrize(
    ("who", "permission", "owner"),
    [
        (AGENT, "admin", "Copilot"),
        (make.user("helper[bot]", 5), "admin", "helper"),
        (make.user("app", 5, "Bot"), "admin", "app"),
        (EVE, "read", "eve"),
        (EVE, "", "eve"),
        (ADA, "admin", "bob"),
    ],
)
def test_a_dispatch_by_others_approves_nothing(
    who: dict[str, Any], permission: str, owner: str, job: Job
) -> None:
    job.repo.write(".github/CODEOWNERS", f"* @{owner}\n")
    on_base(job)
    head = job.change(text=SECRET)
    if permission:
        job.forge.permissions[who["login"]] = permission
    assert dispatch(job, head, who) == 1
    assert set(rules(job).values()) == {"active"}
    assert "gate/not-reviewed" in rules(job)


def test_a_dispatch_elsewhere_or_of_no_commit_is_an_error(job: Job) -> None:
    on_base(job)
    head = job.change(text=SECRET)
    job.forge.permissions["ada"] = "admin"
    for given, ref in ((head, "topic"), (head[:12], "main"), ("topic", "main")):
        with pytest.raises(UsageError):
            dispatch(job, given, ADA, ref)
    job.inputs["GITHUB_TRIGGERING_ACTOR"] = "eve"
    with pytest.raises(GateError, match="started this run again"):
        dispatch(job, head, ADA)
