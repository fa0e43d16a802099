"""Steps of a workflow that ask a model: whose words are in the prompt, and what it may do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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

_PROMPTS = frozenset(
    ["custom_instructions", "input", "instructions", "message", "task", "prompt_template", "query",
     "claude_args"]
)  # fmt: skip
_AGENT = re.compile(
    r"(?m)(?:^|[;&|(\s/])(?:claude|claude-code|gemini|gemini-cli|codex|cursor-agent|copilot|opencode"
    r"|aider|q chat|amp|llm|gh models)(?:@\S{1,20})?\s[^\n]{0,400}"
)


def judge(
    tainted_step: TaintedStep, asked: MatchedValue, triggers: frozenset[str]
) -> Iterator[ValueIssue]:
    """Judge a step that asks a model: an action known for it, or an agent's command line."""
    step, tainted = tainted_step.step, tainted_step.tainted
    action = ActionReference.of(step.uses.lower()).name
    given, script = step.inputs, step.run
    agent = _AGENT.search(script[: 64 * 1024])
    named = any(word in action for word in asked.book.listed("model-actions")) or any(
        key.lower().endswith("prompt") for key in given
    )
    if named:
        for key, value in given.items():
            text = scalar(value) or ""
            if key.lower() in _PROMPTS or key.lower().endswith("prompt"):
                yield from _prompt(tainted_step, ("with", key), text)
            yield from _loose(tainted_step, key, text, triggers, asked)
        yield from _environment(tainted_step)
    if agent and untrusted_input.variables_read(script) & tainted:
        says = (
            "hands strangers' words to an agent's command line: they become instructions"
            " with the workflow's rights"
        )
        names = " ".join(sorted(tainted))
        yield ValueIssue(
            Level.BLOCK, says, names, "workflow-prompt", agent[0], (*step.path, "run")
        )


def _prompt(tainted_step: TaintedStep, key: Path, text: str) -> Iterator[ValueIssue]:
    path = (*tainted_step.step.path, *key)
    says = (
        "in a model's prompt: whoever writes it gives the model instructions,"
        " with the workflow's rights"
    )
    for words in untrusted_input.untrusted_expressions(text):
        yield ValueIssue(
            Level.BLOCK,
            f"puts {short(words)} {says}",
            words,
            "workflow-prompt",
            words,
            path,
        )
    for name in sorted(untrusted_input.variables_read(text) & tainted_step.tainted):
        clause = f"puts {name}, which strangers fill, {says}"
        yield ValueIssue(Level.BLOCK, clause, name, "workflow-prompt", name, path)


def _environment(tainted_step: TaintedStep) -> Iterator[ValueIssue]:
    """Judge strangers' words in the variables of a model's step that its inputs do not name."""
    step = tainted_step.step
    given = " ".join(scalar(value) or "" for value in step.inputs.values())
    read = untrusted_input.variables_read(given)
    for name, value in step.env.items():
        words = untrusted_input.untrusted_expressions(scalar(value) or "")
        if words and name not in read:
            says = f"puts {short(words[0])} where the model of this step can read it"
            path = (*step.path, "env", name)
            yield ValueIssue(
                Level.WARN, says, words[0], "workflow-prompt", words[0], path
            )


def _loose(
    tainted_step: TaintedStep,
    key: str,
    text: str,
    triggers: frozenset[str],
    asked: MatchedValue,
) -> Iterator[ValueIssue]:
    """Judge who may start the model's step and what the model may do."""
    path = (*tainted_step.step.path, "with", key)
    name = key.lower().replace("-", "_")
    rule = "workflow-agent-open-to-anyone"
    words = [word.strip() for word in text.split(",")]
    if name in {"allowed_non_write_users", "allow_users"} and "*" in words:
        says = "lets anybody on the internet start the model's step"
        yield ValueIssue(Level.BLOCK, says, text, rule, path=path)
    elif name == "allowed_bots" and "*" in words:
        yield ValueIssue(
            Level.WARN, "lets any bot start the model's step", text, rule, path=path
        )
    elif name == "safety_strategy" and text == "unsafe":
        says = "takes the model's step out of its sandbox"
        yield ValueIssue(Level.BLOCK, says, text, rule, path=path)
    elif re.search(
        "|".join(asked.book.listed("loose-agents")), f"{name} {text}", re.IGNORECASE
    ):
        open_to = triggers & OUTSIDER_TRIGGERS
        level = Level.BLOCK if open_to else Level.WARN
        says = f"lets the model run any command{started_by(open_to)}"
        yield ValueIssue(level, says, text, rule, path=path)


def started_by(open_to: frozenset[str]) -> str:
    """Return a clause on who starts the workflow; "" where strangers cannot."""
    names = ", ".join(sorted(open_to))
    return f" in a workflow that strangers start ({names})" if names else ""
