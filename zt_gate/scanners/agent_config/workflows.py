"""Checks GitHub workflows: untrusted input in scripts, checkouts, unpinned actions, permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
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

_PULL_REQUEST_HEAD = lazy_re.compile(
    r"(?i)github\s*\.\s*event\s*\.\s*(?:pull_request\s*\.\s*(?:head|merge_commit_sha)"
    r"|workflow_run\s*\.\s*head(?!_repository))|github\s*\.\s*head_ref|refs/pull/"
)
_CHECKOUT_COMMAND = lazy_re.compile(
    r"\bgh\s+pr\s+checkout\b"
    r"|\bgit\s+(?:fetch|checkout|pull)\b[^\n]{0,200}(?:pull/|head_ref|head\.)"
)
_ALL_SECRETS = lazy_re.compile(r"(?i)tojson\(\s*secrets\s*\)")
_SCRIPT_CHECKED = 64 * 1024
#: Permissions whose ``write`` does not change the repository's content.
_HARMLESS_PERMISSIONS = frozenset(["id-token", "checks", "statuses", "security-events"])
_INJECTION = "an outsider can run commands with the workflow's permissions"


def check(root: Mapping[str, Any], matched: MatchedValue) -> Iterator[ValueIssue]:
    """Yield the issues of one workflow or composite action."""
    workflow = Workflow(root)
    triggers = frozenset(workflow.triggers())
    for tainted_step in untrusted_input.tainted_steps(workflow):
        step = tainted_step.step
        yield from _run(tainted_step, matched)
        yield from _uses(step, matched, triggers)
        yield from model_steps.check(tainted_step, matched, triggers)
        yield from _checkout(step, triggers)
    yield from _all_secrets(workflow)
    yield from _permissions(workflow, triggers & WRITING_TRIGGERS)


def _run(tainted_step: TaintedStep, matched: MatchedValue) -> Iterator[ValueIssue]:
    """Check a shell step, and a script that an action runs."""
    path, script = tainted_step.step.script()
    for expression in untrusted_input.untrusted_expressions(script):
        clause = f"expands {short(expression)} in a script: {_INJECTION}"
        yield ValueIssue(
            Level.BLOCK, clause, expression, "workflow-injection", expression, path
        )
    for name in sorted(tainted_step.tainted):
        evaluation = _evaluation_of(name, script)
        if evaluation:
            clause = (
                f"puts {name}, which outsiders can fill, into a script: {_INJECTION}"
            )
            yield ValueIssue(
                Level.BLOCK, clause, name, "workflow-injection", evaluation, path
            )
    for effect in command_effects.find_effects(script, "ci", matched.rules):
        text = effect.matched_text
        clause = f"{effect.clause}: {short(text)}"
        yield ValueIssue(effect.level, clause, text, "workflow-command", text, path)


def _evaluation_of(name: str, script: str) -> str:
    """Return the text with which a script expands or evaluates a variable as code, or ""."""
    variable = re.escape(name)
    expression = rf"\$\{{\{{\s*env\s*\.\s*{variable}\s*\}}\}}"
    eval_command = (
        r"\b(?:eval|bash -c|sh -c|iex|Invoke-Expression)\b[^\n]{0,200}"
        rf"\$(?:\{{|env:)?{variable}\b"
    )
    match = re.search(expression, script) or re.search(eval_command, script)
    return match[0] if match else ""


def _uses(
    step: Step, matched: MatchedValue, triggers: frozenset[str]
) -> Iterator[ValueIssue]:
    """Check that a third-party action is pinned to a commit."""
    action = ActionReference.of(step.uses)
    if not step.uses or action.is_local or action.is_pinned:
        return
    if action.owner in matched.rules.listed("platform-owners"):
        return
    is_branch = not re.match(r"v?\d", action.ref)
    level = Level.WARN if is_branch or triggers & OUTSIDER_TRIGGERS else Level.INFO
    clause = (
        f"runs {short(step.uses)}: its owner can move this tag or branch to other"
        " code at any time"
    )
    path = (*step.path, "uses")
    yield ValueIssue(level, clause, step.uses, "workflow-unpinned", step.uses, path)


def _checkout(step: Step, triggers: frozenset[str]) -> Iterator[ValueIssue]:
    """Check for a checkout of the pull request's code where secrets are available."""
    secret_triggers = triggers & {"pull_request_target", "workflow_run"}
    trigger = min(secret_triggers or triggers & {"issue_comment"}, default="")
    if not trigger:
        return
    level = Level.BLOCK if secret_triggers else Level.WARN
    clause = (
        f"checks out the pull request's code under {trigger}: its author can run code"
        " with the workflow's secrets"
    )
    rule = "workflow-pwn-request"
    if step.is_checkout:
        for key in ("ref", "repository"):
            text = scalar(step.inputs.get(key)) or ""
            if _PULL_REQUEST_HEAD.search(text):
                path = (*step.path, "with", key)
                yield ValueIssue(level, clause, text, rule, text, path)
                return
    script = step.run[:_SCRIPT_CHECKED]
    command = _CHECKOUT_COMMAND.search(script)
    if command is None:
        return
    if command[0].startswith("gh") or _PULL_REQUEST_HEAD.search(script):
        path = (*step.path, "run")
        yield ValueIssue(level, clause, command[0], rule, command[0], path)


def _all_secrets(workflow: Workflow) -> Iterator[ValueIssue]:
    """Check for variables and inputs that receive every secret at once."""
    for path, value in workflow.variables():
        match = _ALL_SECRETS.search(scalar(value) or "")
        if match:
            clause = "passes every secret of the repository at once"
            yield ValueIssue(
                Level.BLOCK, clause, match[0], "workflow-command", match[0], path
            )


def _permissions(
    workflow: Workflow, outsider_triggers: frozenset[str]
) -> Iterator[ValueIssue]:
    rule = "workflow-permissions"
    starters = model_steps.started_by(outsider_triggers)
    for path, permissions in workflow.permissions():
        if permissions == "write-all":
            level = Level.BLOCK if outsider_triggers else Level.WARN
            clause = f"gives the workflow's token every permission{starters}"
            yield ValueIssue(level, clause, "write-all", rule, "write-all", path)
        for name, value in table_of(permissions).items():
            if value != "write" or name in _HARMLESS_PERMISSIONS:
                continue
            clause = f"gives the workflow's token {short(name)}: write{starters}"
            about = f"{name}: write"
            yield ValueIssue(Level.WARN, clause, about, rule, name, (*path, name))
