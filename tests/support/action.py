"""Run the ``run:`` steps of a composite action as the runner does.

What stands in for the runner: expressions of the three forms that the action
uses, the four files that it writes to, and bash with the runner's own options.
``uses:`` steps are handed to a stand-in that the test names.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_EXPRESSION = re.compile(r"\$\{\{\s*([a-z_.A-Z0-9-]+)\s*\}\}")


@dataclass
class ActionRun:
    """What one run of the action left."""

    exit_code: int = 0
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


def lookup(name: str, values: Mapping[str, Any]) -> str:
    """Evaluate a dotted name; what is not there is empty, as on GitHub."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return "" if found is None else str(found)


def run_action(
    folder: Path,
    workspace: Path,
    event: Mapping[str, Any],
    *,
    temp: Path,
    uses: Mapping[str, Callable[[dict[str, Any]], None]],
    inputs: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    steps_environ: Mapping[str, Mapping[str, str]] | None = None,
    skip: tuple[str, ...] = (),
) -> ActionRun:
    """Run all steps until one fails; ``skip`` names steps that an earlier run already did.

    ``steps_environ`` replaces ``environ`` for the steps that it names.
    """
    action = yaml.safe_load((folder / "action.yml").read_text("utf-8"))
    defaults = {name: spec.get("default", "") for name, spec in action["inputs"].items()}
    values: dict[str, Any] = {
        "github": {"action_path": str(folder), "event": event},
        "inputs": {**defaults, **(inputs or {})},
        "steps": {},
    }
    result = ActionRun()
    output_file, summary_file = temp / "output", temp / "summary"
    for step in action["runs"]["steps"]:
        if "uses" in step:
            uses[step["uses"].partition("@")[0]](step)
            continue
        if step["name"] in skip:
            continue
        assert not _EXPRESSION.search(step["run"]), "an expression inside a script"
        output_file.write_text("")
        summary_file.write_text("")
        env = {
            **(steps_environ or {}).get(step["name"], environ or {}),
            "PATH": os.environ["PATH"],
            "HOME": str(temp),
            "LANG": "C.UTF-8",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(output_file),
            "GITHUB_STEP_SUMMARY": str(summary_file),
            "RUNNER_TEMP": str(temp),
            **{
                name: _EXPRESSION.sub(lambda match: lookup(match[1], values), text)
                for name, text in step.get("env", {}).items()
            },
        }
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=workspace, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
        result.log += (done.stdout + done.stderr).decode("utf-8", "replace")
        result.summary += summary_file.read_text("utf-8")
        outputs = dict(line.split("=", 1) for line in output_file.read_text("utf-8").splitlines())
        values["steps"][step.get("id", "")] = {"outputs": outputs}
        result.exit_code = done.returncode
        if done.returncode:
            break
    for name, spec in action["outputs"].items():
        result.outputs[name] = _EXPRESSION.sub(
            lambda match: lookup(match[1], values), spec["value"]
        )
    return result
