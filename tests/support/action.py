"""Run the ``run:`` steps of a composite action as the runner does.

Replaces these parts of the runner: the expressions that the action uses, the
files that it reads and writes, and bash with the runner's own options.  ``uses:``
steps are passed to a replacement given by the test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{\s*([a-z_.A-Z0-9-]+)(?:\s*\|\|\s*'([^']*)')?\s*\}\}")
_CONDITION = re.compile(r"([a-z_.A-Z0-9-]+) == '([^']*)'")


@dataclass
class ActionRun:
    """Result of one run of the action."""

    exit_code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def lookup(name: str, values: Mapping[str, Any]) -> str:
    """Evaluate a dotted name; a missing one is empty, as on GitHub."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def expanded(text: object, values: Mapping[str, Any]) -> str:
    """Replace expressions by their values."""
    return _EXPRESSION.sub(
        lambda match: lookup(match[1], values) or (match[2] or ""), str(text)
    )


def _wanted(step: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    if "if" not in step:
        return True
    match = _CONDITION.fullmatch(step["if"])
    assert match, step["if"]
    return lookup(match[1], values) == match[2]


def run_action(
    folder: Path,
    workspace: Path,
    event: Mapping[str, Any],
    *,
    temp: Path,
    name: str = "pull_request",
    uses: Mapping[str, Callable[[dict[str, Any]], None]],
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    steps_environ: Mapping[str, Mapping[str, str]] | None = None,
    skip: tuple[str, ...] = (),
) -> ActionRun:
    """Run all steps until one fails; ``skip`` names steps that an earlier run already did.

    ``name`` is the event's.  ``steps_environ`` replaces ``environ`` for the steps that it
    names.  A stand-in gets the step with the expressions of its ``with`` expanded.
    """
    action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
    defaults = {key: spec.get("default", "") for key, spec in action["inputs"].items()}
    values: dict[str, Any] = {
        "github": {"action_path": str(folder), "event": event, "run_id": 1},
        "inputs": {**{key: "" if "${{" in text else text for key, text in defaults.items()},
                   **(inputs or {})},
        "steps": {},
    }  # fmt: skip
    result = ActionRun()
    output_file, summary_file = temp / "output", temp / "summary"
    event_file = temp / "event.json"
    event_file.write_text(json.dumps(event), "utf-8")
    for step in action["runs"]["steps"]:
        if not _wanted(step, values):
            continue
        if "uses" in step:
            given = {
                key: expanded(text, values)
                for key, text in step.get("with", {}).items()
            }
            uses[step["uses"].partition("@")[0]]({**step, "with": given})
            continue
        if step["name"] in skip:
            continue
        assert not _EXPRESSION.search(step["run"]), "an expression inside a script"
        output_file.write_text("")
        summary_file.write_text("")
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(temp),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": name,
            "GITHUB_EVENT_PATH": str(event_file),
            **(steps_environ or {}).get(step["name"], environ or {}),
            "GITHUB_OUTPUT": str(output_file),
            "GITHUB_STEP_SUMMARY": str(summary_file),
            "RUNNER_TEMP": str(temp),
            **{
                key: expanded(text, values) for key, text in step.get("env", {}).items()
            },
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=workspace, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        result.log += (done.stdout + done.stderr).decode("utf-8", "replace")
        result.summary += summary_file.read_text("utf-8")
        # The last value of a name counts, as on GitHub.
        outputs = dict(
            line.split("=", 1) for line in output_file.read_text("utf-8").splitlines()
        )
        values["steps"][step.get("id", "")] = {"outputs": outputs}
        result.exit_code = done.returncode
        if done.returncode:
            break
    for output, spec in action["outputs"].items():
        result.outputs[output] = expanded(spec["value"], values)
    return result
