"""The reader of GitHub's workflows, over the values of a parsed document."""

from __future__ import annotations

from typing import Any

import pytest

from zt_gate.syntax.workflows import ActionReference, Workflow, is_workflow

WORKFLOW: dict[str, Any] = {
    "on": {"pull_request": {"types": ["opened"]}, "push": None},
    "permissions": {"contents": "read"},
    "env": {"A": "1"},
    "jobs": {
        "test": {
            "permissions": "write-all",
            "env": {"B": "2"},
            "steps": [
                {"uses": "actions/checkout@v4", "with": {"ref": "main"}},
                "no table",
                {"run": "make", "env": {"C": "3"}},
                {
                    "uses": "actions/github-script@v7",
                    "with": {"script": "console.log(1)"},
                },
            ],
        },
        "call": {"uses": "./.github/workflows/other.yml", "with": {"x": "y"}},
        "broken": 7,
    },
}


@pytest.mark.parametrize(
    ("root", "triggers"),
    [
        (WORKFLOW, {"pull_request": {"types": ["opened"]}, "push": {}}),
        ({"on": "push"}, {"push": {}}),
        ({"on": ["push", "issues"]}, {"push": {}, "issues": {}}),
        ({"true": {"push": {}}}, {"push": {}}),
        ({"on": 7}, {}),
        ({}, {}),
    ],
)
def test_triggers(root: dict[str, Any], triggers: dict[str, Any]) -> None:
    assert Workflow(root).triggers() == triggers


def test_steps_have_their_paths_and_scripts() -> None:
    steps = list(Workflow(WORKFLOW).steps())
    assert [step.path for step in steps] == [
        ("jobs", "test", "steps", 0),
        ("jobs", "test", "steps", 2),
        ("jobs", "test", "steps", 3),
        ("jobs", "call"),
    ]
    assert [step.script() for step in steps[1:3]] == [
        (("jobs", "test", "steps", 2, "run"), "make"),
        (("jobs", "test", "steps", 3, "with", "script"), "console.log(1)"),
    ]
    assert [step.is_checkout for step in steps] == [True, False, False, False]


def test_a_composite_action_has_steps() -> None:
    (step,) = Workflow(
        {"runs": {"using": "composite", "steps": [{"run": "ls"}]}}
    ).steps()
    assert (step.path, step.run) == (("runs", "steps", 0), "ls")


def test_permissions_and_variables_have_their_paths() -> None:
    workflow = Workflow(WORKFLOW)
    assert list(workflow.permissions()) == [
        (("permissions",), {"contents": "read"}),
        (("jobs", "test", "permissions"), "write-all"),
    ]
    paths = [path for path, _ in workflow.variables()]
    assert ("env", "A") in paths
    assert ("jobs", "test", "env", "B") in paths
    assert ("jobs", "test", "steps", 2, "env", "C") in paths
    assert ("jobs", "call", "with", "x") in paths


@pytest.mark.parametrize(
    ("uses", "pinned", "local", "image"),
    [
        ("actions/checkout@" + "a" * 40, True, False, False),
        ("actions/checkout@" + "a" * 64, True, False, False),
        ("docker://alpine@sha256:" + "0" * 64, True, False, True),
        ("docker://alpine:3", False, False, True),
        ("actions/checkout@v4", False, False, False),
        ("actions/checkout@v4@" + "a" * 40, False, False, False),
        ("./local", False, True, False),
        ("", False, False, False),
    ],
)
def test_what_uses_names(uses: str, pinned: bool, local: bool, image: bool) -> None:
    action = ActionReference.of(uses)
    assert (action.is_pinned, action.is_local, action.is_image) == (
        pinned,
        local,
        image,
    )


def test_github_reads_workflows_in_one_folder_only() -> None:
    assert is_workflow(b".github/workflows/ci.yml")
    others = [
        b".github/workflows/a/ci.yml",
        b"x/.github/workflows/ci.yml",
        b".github/ci.yml",
    ]
    assert [path for path in others if is_workflow(path)] == []
