"""Checks workflow steps that call a model: untrusted input in the prompt, and permissions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import untrusted_input
from zt_gate.scanners.agent_config.matched_values import (
    MatchedValue,
    ValueIssue,
    scalar,
    short,
)
from zt_gate.syntax.workflows import OUTSIDER_TRIGGERS, ActionReference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.scanners.agent_config.untrusted_input import TaintedStep
    from zt_gate.syntax.document import Path
    from zt_gate.syntax.workflows import Step

_PROMPT_INPUTS = frozenset(
    ["custom_instructions", "input", "instructions", "message", "task", "prompt_template", "query",
     "claude_args"]
)  # fmt: skip
_AGENT_COMMAND = lazy_re.compile(
    r"(?m)(?:^|[;&|(\s/])(?:claude|claude-code|gemini|gemini-cli|codex|cursor-agent|copilot|opencode"
    r"|aider|q chat|amp|llm|gh models)(?:@\S{1,20})?\s[^\n]{0,400}"
)
_SCRIPT_CHECKED = 64 * 1024
_PROMPT_CONSEQUENCE = (
    "in a model's prompt: an outsider can give the model instructions,"
    " with the workflow's permissions"
)


def check(
    tainted_step: TaintedStep, matched: MatchedValue, triggers: frozenset[str]
) -> Iterator[ValueIssue]:
    """Check a step that runs a known action for models, or an agent's command line."""
    step = tainted_step.step
    if _is_model_action(step, matched):
        for key, value in step.inputs.items():
            text = scalar(value) or ""
            if _is_prompt(key) or key.lower() in _PROMPT_INPUTS:
                yield from _prompt(tainted_step, ("with", key), text)
            yield from _access(tainted_step, key, text, triggers, matched)
        yield from _environment(step)
    command = _AGENT_COMMAND.search(step.run[:_SCRIPT_CHECKED])
    tainted = tainted_step.tainted
    if command and untrusted_input.variables_read(step.run) & tainted:
        clause = (
            "passes untrusted input to an agent's command line: it becomes instructions"
            " with the workflow's permissions"
        )
        names = " ".join(sorted(tainted))
        path = (*step.path, "run")
        yield ValueIssue(
            Level.BLOCK, clause, names, "workflow-prompt", command[0], path
        )


def _is_model_action(step: Step, matched: MatchedValue) -> bool:
    action = ActionReference.of(step.uses.lower()).name
    if any(word in action for word in matched.rules.listed("model-actions")):
        return True
    return any(_is_prompt(key) for key in step.inputs)


def _is_prompt(key: str) -> bool:
    return key.lower().endswith("prompt")


def _prompt(tainted_step: TaintedStep, key: Path, text: str) -> Iterator[ValueIssue]:
    rule = "workflow-prompt"
    path = (*tainted_step.step.path, *key)
    for expression in untrusted_input.untrusted_expressions(text):
        clause = f"puts {short(expression)} {_PROMPT_CONSEQUENCE}"
        yield ValueIssue(Level.BLOCK, clause, expression, rule, expression, path)
    for name in sorted(untrusted_input.variables_read(text) & tainted_step.tainted):
        clause = f"puts {name}, which outsiders can fill, {_PROMPT_CONSEQUENCE}"
        yield ValueIssue(Level.BLOCK, clause, name, rule, name, path)


def _environment(step: Step) -> Iterator[ValueIssue]:
    """Check a model step's variables for untrusted input that its inputs do not name."""
    inputs = " ".join(scalar(value) or "" for value in step.inputs.values())
    named_in_inputs = untrusted_input.variables_read(inputs)
    for name, value in step.env.items():
        expressions = untrusted_input.untrusted_expressions(scalar(value) or "")
        if not expressions or name in named_in_inputs:
            continue
        first = expressions[0]
        clause = f"puts {short(first)} where the model of this step can read it"
        path = (*step.path, "env", name)
        yield ValueIssue(Level.WARN, clause, first, "workflow-prompt", first, path)


def _access(
    tainted_step: TaintedStep,
    key: str,
    text: str,
    triggers: frozenset[str],
    matched: MatchedValue,
) -> Iterator[ValueIssue]:
    """Check who can start the model's step and what the model can do."""
    path = (*tainted_step.step.path, "with", key)
    name = key.lower().replace("-", "_")
    rule = "workflow-agent-open-to-anyone"
    allows_all = "*" in [word.strip() for word in text.split(",")]
    loose_settings = "|".join(matched.rules.listed("loose-agents"))
    if name in {"allowed_non_write_users", "allow_users"} and allows_all:
        clause = "lets anyone on the internet start the model's step"
        yield ValueIssue(Level.BLOCK, clause, text, rule, path=path)
    elif name == "allowed_bots" and allows_all:
        clause = "lets any bot start the model's step"
        yield ValueIssue(Level.WARN, clause, text, rule, path=path)
    elif name == "safety_strategy" and text == "unsafe":
        clause = "runs the model's step outside its sandbox"
        yield ValueIssue(Level.BLOCK, clause, text, rule, path=path)
    elif re.search(loose_settings, f"{name} {text}", re.IGNORECASE):
        outsider_triggers = triggers & OUTSIDER_TRIGGERS
        level = Level.BLOCK if outsider_triggers else Level.WARN
        clause = f"lets the model run any command{started_by(outsider_triggers)}"
        yield ValueIssue(level, clause, text, rule, path=path)


def started_by(outsider_triggers: frozenset[str]) -> str:
    """Return a clause on who can start the workflow; "" where outsiders cannot."""
    names = ", ".join(sorted(outsider_triggers))
    return f" in a workflow that outsiders can start ({names})" if names else ""
