"""Workflows: who starts them, what they check out, and where strangers' words end up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import (
    command_effects,
    model_steps,
    untrusted_input,
)
from zt_gate.scanners.agent_config.matched_values import (
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)
from zt_gate.syntax.workflows import (
    OUTSIDER_TRIGGERS,
    WRITING_TRIGGERS,
    ActionReference,
    Workflow,
    table_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.scanners.agent_config.untrusted_input import TaintedStep
    from zt_gate.syntax.workflows import Step

_HEAD = re.compile(
    r"(?i)github\s*\.\s*event\s*\.\s*(?:pull_request\s*\.\s*(?:head|merge_commit_sha)"
    r"|workflow_run\s*\.\s*head(?!_repository))|github\s*\.\s*head_ref|refs/pull/"
)
_CHECKOUT = re.compile(
    r"\bgh\s+pr\s+checkout\b"
    r"|\bgit\s+(?:fetch|checkout|pull)\b[^\n]{0,200}(?:pull/|head_ref|head\.)"
)
_SECRETS = re.compile(r"(?i)tojson\(\s*secrets\s*\)")
#: Permissions that change nothing of the repository's content.
_MILD = frozenset(["id-token", "checks", "statuses", "security-events"])
_RIGHTS = "whoever writes it runs commands with the workflow's rights"


def judge(root: Mapping[str, Any], asked: MatchedValue) -> Iterator[ValueIssue]:
    """Yield what one workflow or composite action does."""
    workflow = Workflow(root)
    triggers = frozenset(workflow.triggers())
    for tainted_step in untrusted_input.tainted_steps(workflow):
        step = tainted_step.step
        yield from _run(tainted_step, asked)
        yield from _uses(step, asked, triggers)
        yield from model_steps.judge(tainted_step, asked, triggers)
        yield from _checkout(step, triggers)
    yield from _all_secrets(workflow)
    yield from _permissions(workflow, triggers & WRITING_TRIGGERS)


def _run(tainted_step: TaintedStep, asked: MatchedValue) -> Iterator[ValueIssue]:
    """Judge a shell step, and a script that an action runs."""
    path, script = tainted_step.step.script()
    for words in untrusted_input.untrusted_expressions(script):
        says = f"puts {short(words)} into a script: {_RIGHTS}"
        yield ValueIssue(Level.BLOCK, says, words, "workflow-injection", words, path)
    for name in sorted(tainted_step.tainted):
        found = _evaluated(name, script)
        if found:
            says = f"puts {name}, which strangers fill, into a script: {_RIGHTS}"
            yield ValueIssue(Level.BLOCK, says, name, "workflow-injection", found, path)
    for deed in command_effects.find_effects(script, "ci", asked.book):
        says = f"{deed.says}: {short(deed.found)}"
        yield ValueIssue(
            deed.level, says, deed.found, "workflow-command", deed.found, path
        )


def _evaluated(name: str, script: str) -> str:
    """Return where a script pastes or evaluates a variable, instead of reading it."""
    word = re.escape(name)
    found = re.search(rf"\$\{{\{{\s*env\s*\.\s*{word}\s*\}}\}}", script) or re.search(
        r"\b(?:eval|bash -c|sh -c|iex|Invoke-Expression)\b[^\n]{0,200}"
        rf"\$(?:\{{|env:)?{word}\b",
        script,
    )
    return found[0] if found else ""


def _uses(
    step: Step, asked: MatchedValue, triggers: frozenset[str]
) -> Iterator[ValueIssue]:
    action = ActionReference.of(step.uses)
    if not step.uses or action.is_local or action.is_pinned:
        return
    if action.owner in asked.book.listed("platform-owners"):
        return
    moving = not re.match(r"v?\d", action.ref)
    level = Level.WARN if moving or triggers & OUTSIDER_TRIGGERS else Level.INFO
    says = f"runs {short(step.uses)}: a name that its owner can point at other code at any time"
    place = (*step.path, "uses")
    yield ValueIssue(level, says, step.uses, "workflow-unpinned", step.uses, place)


def _checkout(step: Step, triggers: frozenset[str]) -> Iterator[ValueIssue]:
    """Judge a checkout of the change's code where the workflow has the repository's secrets."""
    risky = triggers & {"pull_request_target", "workflow_run"}
    where = min(risky or triggers & {"issue_comment"}, default="")
    if not where:
        return
    level = Level.BLOCK if risky else Level.WARN
    says = (
        f"checks out the pull request's own code under {where}: whoever opened it runs code"
        " with the workflow's secrets"
    )
    rule = "workflow-pwn-request"
    if step.is_checkout:
        for key in ("ref", "repository"):
            text = scalar(step.inputs.get(key)) or ""
            if _HEAD.search(text):
                yield ValueIssue(
                    level, says, text, rule, text, (*step.path, "with", key)
                )
                return
    script = step.run[: 64 * 1024]
    match = _CHECKOUT.search(script)
    if match and (match[0].startswith("gh") or _HEAD.search(script)):
        yield ValueIssue(level, says, match[0], rule, match[0], (*step.path, "run"))


def _all_secrets(workflow: Workflow) -> Iterator[ValueIssue]:
    """Judge variables and inputs that hold every secret at once."""
    for path, value in workflow.variables():
        found = _SECRETS.search(scalar(value) or "")
        if found:
            says = "hands over every secret of the repository at once"
            yield ValueIssue(
                Level.BLOCK, says, found[0], "workflow-command", found[0], path
            )


def _permissions(workflow: Workflow, open_to: frozenset[str]) -> Iterator[ValueIssue]:
    rule, who = "workflow-permissions", model_steps.started_by(open_to)
    for path, given in workflow.permissions():
        if given == "write-all":
            level = Level.BLOCK if open_to else Level.WARN
            says = f"gives the workflow's token every permission{who}"
            yield ValueIssue(level, says, "write-all", rule, "write-all", path)
        for name, value in table_of(given).items():
            if value == "write" and name not in _MILD:
                says = f"gives the workflow's token {short(name)}: write{who}"
                yield ValueIssue(
                    Level.WARN, says, f"{name}: write", rule, name, (*path, name)
                )
