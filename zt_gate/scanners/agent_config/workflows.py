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
from zt_gate.scanners.agent_config.judgement import Asked, Said, scalar, short
from zt_gate.scanners.agent_config.untrusted_input import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.scanners.agent_config.untrusted_input import Step
    from zt_gate.syntax.document import Path

_HEAD = re.compile(
    r"(?i)github\s*\.\s*event\s*\.\s*(?:pull_request\s*\.\s*(?:head|merge_commit_sha)"
    r"|workflow_run\s*\.\s*head(?!_repository))|github\s*\.\s*head_ref|refs/pull/"
)
_CHECKOUT = re.compile(
    r"\bgh\s+pr\s+checkout\b"
    r"|\bgit\s+(?:fetch|checkout|pull)\b[^\n]{0,200}(?:pull/|head_ref|head\.)"
)
_PINNED = re.compile(r"@[0-9a-f]{40}\Z|@sha256:[0-9a-f]{64}\Z")
_SECRETS = re.compile(r"(?i)tojson\(\s*secrets\s*\)")
#: Permissions that change nothing of the repository's content.
_MILD = frozenset(["id-token", "checks", "statuses", "security-events"])
_RIGHTS = "whoever writes it runs commands with the workflow's rights"


def judge(root: Mapping[str, Any], asked: Asked) -> Iterator[Said]:
    """Yield what one workflow or composite action does."""
    triggers = untrusted_input.triggers(root)
    for step in untrusted_input.steps(root):
        yield from _run(step, asked)
        yield from _uses(step, asked, triggers)
        yield from model_steps.judge(step, asked, triggers)
        yield from _checkout(step, triggers)
    yield from _all_secrets(root)
    yield from _permissions(root, triggers & untrusted_input.POWERFUL)


def _run(step: Step, asked: Asked) -> Iterator[Said]:
    """Judge a shell step, and a script that an action runs."""
    key: Path = ("run",)
    script = step.table.get("run")
    if not isinstance(script, str):
        key = ("with", "script")
        script = table_of(step.table.get("with")).get("script")
        if not isinstance(script, str) or "script" not in (scalar(step.table.get("uses")) or ""):
            return
    path = (*step.path, *key)
    for words in untrusted_input.words_in(script):
        says = f"puts {short(words)} into a script: {_RIGHTS}"
        yield Said(Level.BLOCK, says, words, "workflow-injection", words, path)
    for name in sorted(step.tainted):
        found = _evaluated(name, script)
        if found:
            says = f"puts {name}, which strangers fill, into a script: {_RIGHTS}"
            yield Said(Level.BLOCK, says, name, "workflow-injection", found, path)
    for deed in command_effects.deeds(script, "ci", asked.book):
        says = f"{deed.says}: {short(deed.found)}"
        yield Said(deed.level, says, deed.found, "workflow-command", deed.found, path)


def _evaluated(name: str, script: str) -> str:
    """Return where a script pastes or evaluates a variable, instead of reading it."""
    word = re.escape(name)
    found = re.search(rf"\$\{{\{{\s*env\s*\.\s*{word}\s*\}}\}}", script) or re.search(
        r"\b(?:eval|bash -c|sh -c|iex|Invoke-Expression)\b[^\n]{0,200}"
        rf"\$(?:\{{|env:)?{word}\b",
        script,
    )
    return found[0] if found else ""


def _uses(step: Step, asked: Asked, triggers: frozenset[str]) -> Iterator[Said]:
    uses = step.table.get("uses")
    if not isinstance(uses, str) or uses.startswith("./") or _PINNED.search(uses):
        return
    owner, _, version = uses.partition("@")
    if owner.partition("/")[0].lower() in asked.book.listed("platform-owners"):
        return
    moving = not re.match(r"v?\d", version)
    level = Level.WARN if moving or triggers & untrusted_input.TRIGGERS else Level.INFO
    says = f"runs {short(uses)}: a name that its owner can point at other code at any time"
    yield Said(level, says, uses, "workflow-unpinned", uses, (*step.path, "uses"))


def _checkout(step: Step, triggers: frozenset[str]) -> Iterator[Said]:
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
    rule = "workflow-foreign-checkout"
    given = table_of(step.table.get("with"))
    if "checkout" in (scalar(step.table.get("uses")) or ""):
        for key in ("ref", "repository"):
            text = scalar(given.get(key)) or ""
            if _HEAD.search(text):
                yield Said(level, says, text, rule, text, (*step.path, "with", key))
                return
    script = (scalar(step.table.get("run")) or "")[: 64 * 1024]
    match = _CHECKOUT.search(script)
    if match and (match[0].startswith("gh") or _HEAD.search(script)):
        yield Said(level, says, match[0], rule, match[0], (*step.path, "run"))


def _all_secrets(root: Mapping[str, Any]) -> Iterator[Said]:
    """Judge variables and inputs that hold every secret at once."""
    tables: list[tuple[Path, Mapping[str, Any]]] = [((), root)]
    tables += [(("jobs", name), table_of(job)) for name, job in table_of(root.get("jobs")).items()]
    tables += [(step.path, step.table) for step in untrusted_input.steps(root)]
    for path, table in tables:
        for part in ("env", "with"):
            for name, value in table_of(table.get(part)).items():
                found = _SECRETS.search(scalar(value) or "")
                if found:
                    says = "hands over every secret of the repository at once"
                    place = (*path, part, name)
                    yield Said(Level.BLOCK, says, found[0], "workflow-command", found[0], place)


def _permissions(root: Mapping[str, Any], open_to: frozenset[str]) -> Iterator[Said]:
    places: list[tuple[Path, Any]] = [((), root)]
    places += [(("jobs", name), job) for name, job in table_of(root.get("jobs")).items()]
    rule, who = "workflow-permissions", model_steps.started_by(open_to)
    for path, table in places:
        given = table_of(table).get("permissions")
        if given == "write-all":
            level = Level.BLOCK if open_to else Level.WARN
            says = f"gives the workflow's token every permission{who}"
            yield Said(level, says, "write-all", rule, "write-all", (*path, "permissions"))
        for name, value in table_of(given).items():
            if value == "write" and name not in _MILD:
                says = f"gives the workflow's token {short(name)}: write{who}"
                place = (*path, "permissions", name)
                yield Said(Level.WARN, says, f"{name}: write", rule, name, place)
