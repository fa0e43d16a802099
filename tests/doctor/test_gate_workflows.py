"""Finding the jobs that run zt-gate, and each fault of such a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bounded import finishes
from tests.support.offenders import each_of
from zt_gate.doctor.gate_workflows import Job, jobs_in

if TYPE_CHECKING:
    from collections.abc import Callable

SHA = "1" * 40
PATH = b".github/workflows/gate.yml"
ACTION = b"name: zt-gate\nruns: {using: composite, steps: []}\n"


def good() -> dict[str, object]:
    return {
        "on": {"pull_request": None},
        "permissions": {"contents": "read", "security-events": "write"},
        "jobs": {
            "gate": {
                "runs-on": "ubuntu-24.04",
                "steps": [
                    {"uses": f"actions/checkout@{SHA}", "with": {"fetch-depth": 0}},
                    {"uses": f"someone/zt-gate@{SHA}"},
                ],
            }
        },
    }


def found(
    text: str | bytes, **others: bytes
) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    files = {PATH: text.encode() if isinstance(text, str) else text}
    files |= {name.replace("__", "/").encode(): data for name, data in others.items()}
    return jobs_in([PATH, b"README.md"], files.get)


def the_job(workflow: dict[str, object], **others: bytes) -> Job:
    (job,), failed = found(yaml.safe_dump(workflow), **others)
    assert not failed
    return job


def test_a_job_without_faults() -> None:
    job = the_job(good())
    assert (job.name, job.context, job.faults) == ("gate", "gate", ())


def replaced(step: dict[str, object]) -> Callable[..., object]:
    return lambda _w, job, _s: job["steps"].__setitem__(1, step)


def run(script: str, **more: object) -> Callable[..., object]:
    return replaced({"run": script, **more})


FAULTS: dict[str, tuple[str, Callable[..., object]]] = {
    "no pull requests": ("triggers", lambda w, _j, _s: w.update(on="push")),
    "some paths": (
        "triggers",
        lambda w, _j, _s: w.update(on={"pull_request": {"paths-ignore": ["docs/**"]}}),
    ),
    "some types": (
        "triggers",
        lambda w, _j, _s: w.update(on={"pull_request": {"types": ["opened"]}}),
    ),
    "no permissions said": ("permissions", lambda w, _j, _s: w.pop("permissions")),
    "all of them": ("permissions", lambda w, _j, _s: w.update(permissions="write-all")),
    "the job's own": (
        "permissions",
        lambda _w, j, _s: j.update(permissions={"contents": "write"}),
    ),
    "a condition": (
        "unconditional",
        lambda _w, j, _s: j.update({"if": "github.actor != 'x'"}),
    ),
    "never": ("unconditional", lambda _w, _j, s: s.update({"if": False})),
    "a failure that counts for nothing": (
        "unconditional",
        lambda _w, _j, s: s.update({"continue-on-error": "${{ true }}"}),
    ),
    "after another job": ("unconditional", lambda _w, j, _s: j.update(needs="build")),
    "advisory": (
        "unconditional",
        lambda _w, _j, s: s.update({"with": {"profile": "advisory"}}),
    ),
    "or true": ("unconditional", run("zt-gate scan --base main || true")),
    "set +e": ("unconditional", run("set +e\nzt-gate scan --base main\nexit 0")),
    "a pipe": ("unconditional", run("zt-gate scan --base main | tee log")),
    "imports from the change": (
        "not controlled",
        run("python -m zt_gate scan --base main"),
    ),
    "its own action": ("not controlled", replaced({"uses": "./"})),
    "the head under pull_request_target": (
        "not controlled",
        lambda w, j, _s: (
            w.update(on="pull_request_target"),
            j["steps"][0].update(
                {"with": {"ref": "${{ github.event.pull_request.head.sha }}"}}
            ),
        ),
    ),
    "a tag": ("pinned", replaced({"uses": "someone/zt-gate@v1"})),
    "another action by a branch": (
        "pinned",
        lambda _w, j, _s: j["steps"].insert(0, {"uses": "some/thing@main"}),
    ),
}


@each_of("name", FAULTS)
def test_each_fault_is_found(name: str) -> None:
    check, change = FAULTS[name]
    workflow = good()
    job = workflow["jobs"]["gate"]  # type: ignore[index]
    change(workflow, job, job["steps"][1])
    faults = the_job(workflow, **{"action.yml": ACTION}).faults
    assert [fault.check for fault in faults] == [check]
    assert all(fault.message and fault.fix for fault in faults)


@pytest.mark.parametrize(
    "change",
    [
        run("set -o pipefail\nzt-gate scan --base main | tee log"),
        run("zt-gate scan --base main | tee log", shell="bash"),
        run('# not || true\n"$RUNNER_TEMP/bin/python" -I -m zt_gate scan --base main'),
        lambda _w, _j, s: s.update({"if": "${{ always() }}"}),
        lambda w, _j, _s: w.update(
            on={
                "pull_request": {
                    "types": ["opened", "synchronize", "reopened", "labeled"]
                }
            }
        ),
    ],
)
def test_a_condition_that_is_no_fault(change: Callable[..., object]) -> None:
    workflow = good()
    job = workflow["jobs"]["gate"]  # type: ignore[index]
    change(workflow, job, job["steps"][1])
    assert the_job(workflow).faults == ()


@pytest.mark.parametrize(
    ("ref", "faults"),
    [
        ("${{ github.event.pull_request.base.sha }}", []),
        (SHA, []),
        ("${{ github.event.pull_request.head.sha }}", ["not controlled"]),
        ("main", ["not controlled"]),
    ],
)
def test_a_local_action_from_a_separate_checkout(ref: str, faults: list[str]) -> None:
    workflow = good()
    workflow["jobs"]["gate"]["steps"] = [  # type: ignore[index]
        {"uses": f"actions/checkout@{SHA}"},
        {"uses": f"actions/checkout@{SHA}", "with": {"ref": ref, "path": "gate"}},
        {"uses": "./gate"},
    ]
    assert [
        fault.check for fault in the_job(workflow, **{"action.yml": ACTION}).faults
    ] == faults


def test_other_jobs_and_local_actions_are_ignored() -> None:
    workflow = good()
    workflow["jobs"]["gate"]["steps"][1] = {"uses": "./"}  # type: ignore[index]
    assert found(yaml.safe_dump(workflow), **{"action.yml": b"name: other\n"}) == (
        (),
        (),
    )
    assert found("on: push\njobs: {a: {steps: [{run: make zt-gates}]}}\n") == ((), ())


def test_a_name_with_an_expression_has_no_context() -> None:
    workflow = good()
    workflow["jobs"]["gate"]["name"] = "gate ${{ matrix.os }}"  # type: ignore[index]
    assert the_job(workflow).context == ""


@pytest.mark.parametrize(
    "text", ["a: [", "- 1\n", "a: &x [*x]\nb: *y\n- c", "x" * 600_000]
)
def test_an_unreadable_workflow_is_reported(text: str) -> None:
    jobs, failed = found(text)
    assert jobs == ()
    assert len(failed) == 1


def test_yaml_aliases_cannot_multiply_jobs_and_steps() -> None:
    steps = "steps: &s [" + "{uses: ./}, " * 400 + "]"
    for text in (f"jobs: {{a: {{{steps}}}}}", "jobs: {a: &j {steps: []}, " + ", ".join(
            f"b{n}: *j" for n in range(300)) + "}"):  # fmt: skip
        assert found(text) == (
            (),
            (f"{PATH.decode()}: more than 200 jobs, or 300 steps in a job",),
        )


LONG_SCRIPTS = (
    "python" * 80_000 + " -m zt_gate scan",
    "pre-commit run " * 30_000,
    "zt-gate scan " + "| " * 200_000 + "set +" + "a" * 99,
)


def test_long_scripts_are_read_in_linear_time() -> None:
    def look(script: str) -> None:
        workflow = good()
        workflow["jobs"]["gate"]["steps"] = [{"run": script}]  # type: ignore[index]
        found(yaml.safe_dump(workflow))

    finishes(LONG_SCRIPTS, look)


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=8), lambda inner: st.lists(
    inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["on", "jobs", "steps", "uses", "run", "with", "if", "permissions", "a"]),
        inner, max_size=4), max_leaves=20))  # fmt: skip
def test_no_shape_of_a_workflow_raises(value: object) -> None:
    workflow = {"on": value, "permissions": value, "jobs": {"a": {
        "steps": [{"uses": f"x/zt-gate@{SHA}", "with": value, "if": value}, value],
        "permissions": value, "needs": value, "name": value}, "b": value}}  # fmt: skip
    jobs, failed = found(yaml.safe_dump(workflow))
    assert len(jobs) >= 1
    assert not failed
