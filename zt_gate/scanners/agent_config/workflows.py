"""Workflows: who starts them, what they check out, and where strangers' words end up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import commands
from zt_gate.scanners.agent_config.match import Asked, Said, scalar, short

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.scanners.agent_config.documents import Path

_EXPRESSION = re.compile(r"\$\{\{((?:[^}]|\}(?!\})){1,2000})\}\}")
_EVENT = r"github\s*\.\s*event\s*(?:\.\s*|\[\s*['\"])"
#: What anybody writes into an issue, a comment, a pull request or a commit.
_UNTRUSTED = re.compile(
    rf"(?i){_EVENT}(?:issue|pull_request|comment|review|review_comment|discussion|discussion_comment|head_commit"
    r"|commits|pages|workflow_run|release|client_payload)\b['\"\]\s]*[\w.*'\"\[\]\s-]{0,80}?"
    r"\.?\s*['\"\[]*(?:title|body|message|head_branch|display_title|label|page_name|default_branch|email|name|head_ref"
    r"|head['\"\]\s.\[]{1,6}ref)\b(?!\s*(?:==|!=))"
    r"|(?i:github\s*\.\s*head_ref)\b(?!\s*(?:==|!=))|(?i:tojson\(\s*github\.event\s*\))"
)
#: Names within these events that their writer does not choose.
_TAME = re.compile(
    r"(?i)repo\.(?:name|default_branch|full_name)|repository\.\w+|release\.(?:name|body)|label\.name"
    r"|workflow_run\.name|\.user\.\w+|milestone\.\w+"
)
_HARMLESS = re.compile(
    r"(?i)^\s*(?:contains|startswith|endswith|hashfiles)\s*\(.{0,1500}\)\s*$|^[^|]{0,1500}(?:==|!=)[^|&]{0,400}$"
)
_HEAD = re.compile(
    r"(?i)github\s*\.\s*event\s*\.\s*(?:pull_request\s*\.\s*(?:head|merge_commit_sha)|workflow_run\s*\.\s*head)|github\s*\.\s*head_ref|refs/pull/"
)
_CHECKOUT = re.compile(
    r"\bgh\s+pr\s+checkout\b|\bgit\s+(?:fetch|checkout|pull)\b[^\n]{0,200}(?:pull/|head_ref|head\.)"
)
_STRANGERS = frozenset(["pull_request_target", "issues", "issue_comment", "workflow_run", "discussion", "discussion_comment",
                        "pull_request_review_comment", "pull_request_review"])  # fmt: skip
_PINNED = re.compile(r"@[0-9a-f]{40}\Z|@sha256:[0-9a-f]{64}\Z")
_VARIABLE = re.compile(r"\$\{?(\w{1,80})|\$env:(\w{1,80})|\$\{\{\s*env\s*\.\s*(\w{1,80})\s*\}\}")
_PROMPTS = frozenset(
    "prompt direct_prompt override_prompt custom_instructions system_prompt system-prompt append_system_prompt input"
    " instructions message task prompt_template user_prompt query claude_args".split()
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its path, its table, and the variables that strangers' words stand in."""

    path: Path
    table: Mapping[str, Any]
    tainted: frozenset[str]


def judge(root: Mapping[str, Any], asked: Asked) -> Iterator[Said]:
    """Yield what one file does."""
    triggers = _triggers(root)
    powers = _write_permissions(root)
    for step in _steps(root):
        yield from _run(step, asked)
        yield from _uses(step, asked, triggers)
        yield from _model(step, asked, triggers)
        yield from _checkout(step, triggers)
    yield from _all_secrets(root)
    for path, text in powers:
        strangers = triggers & (_STRANGERS - {"pull_request_review", "pull_request_review_comment"})
        everything = text == "write-all"
        level = Level.BLOCK if everything and strangers else Level.WARN
        says = f"gives the workflow's token {short(text)}"
        says += (
            f" in a workflow that strangers start ({', '.join(sorted(strangers))})"
            if strangers
            else ""
        )
        yield Said(
            level, says, text, "workflow-permissions", path=path, needle=text.partition(":")[0]
        )


def _triggers(root: Mapping[str, Any]) -> frozenset[str]:
    on = root.get("on", root.get("true"))
    if isinstance(on, str):
        return frozenset([on])
    return frozenset(str(name) for name in on) if isinstance(on, list | dict) else frozenset()


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _steps(root: Mapping[str, Any]) -> Iterator[Step]:
    groups: list[tuple[Path, Mapping[str, Any]]] = [
        (("jobs", name), _table(job)) for name, job in _table(root.get("jobs")).items()
    ]
    groups.append((("runs",), _table(root.get("runs"))))
    above = _tainted(root.get("env"))
    for path, job in groups:
        here = above | _tainted(job.get("env"))
        steps = job.get("steps")
        for number, table in enumerate(steps if isinstance(steps, list) else []):
            if isinstance(table, dict):
                yield Step((*path, "steps", number), table, here | _tainted(table.get("env")))
        if isinstance(job.get("uses"), str):
            yield Step(path, {"uses": job["uses"], "with": job.get("with")}, here)


def _tainted(env: Any) -> frozenset[str]:
    return frozenset(
        name for name, value in _table(env).items() if _strangers_words(scalar(value) or "")
    )


def _strangers_words(text: str) -> list[str]:
    """Return the expressions of a text that anybody outside may fill."""
    found = []
    for match in _EXPRESSION.finditer(text):
        inner = match[1]
        words = _UNTRUSTED.search(inner)
        if words is None or _HARMLESS.match(inner):
            continue
        if _TAME.search(words[0]) and not re.search(
            r"(?i)head_branch|\.ref\b|\.body\b|\.title\b", words[0]
        ):
            continue
        found.append(" ".join(match[0].split()))
    return found


def _variables(text: str) -> set[str]:
    return {match[1] or match[2] or match[3] for match in _VARIABLE.finditer(text)}


def _run(step: Step, asked: Asked) -> Iterator[Said]:
    """Judge a shell step, and a script that an action runs."""
    script, key = step.table.get("run"), ("run",)
    if not isinstance(script, str):
        uses = scalar(step.table.get("uses")) or ""
        script, key = _table(step.table.get("with")).get("script"), ("with", "script")
        if not isinstance(script, str) or "github-script" not in uses:
            return
    path = (*step.path, *key)
    for words in _strangers_words(script):
        says = f"puts {short(words)} into a script: whoever writes it runs commands with the workflow's rights"
        yield Said(Level.BLOCK, says, words, "workflow-injection", needle=words, path=path)
    for name in step.tainted:
        inner = re.search(rf"\$\{{\{{\s*env\s*\.\s*{re.escape(name)}\s*\}}\}}", script)
        evaluated = re.search(
            rf"(?m)\b(?:eval|bash -c|sh -c|iex|Invoke-Expression)\b[^\n]{{0,200}}\$(?:\{{|env:)?{re.escape(name)}\b",
            script,
        )
        if inner or evaluated:
            says = f"puts {name}, which strangers fill, into a script: whoever writes it runs commands with the workflow's rights"
            yield Said(
                Level.BLOCK,
                says,
                name,
                "workflow-injection",
                needle=(inner or evaluated or [""])[0],
                path=path,
            )
    for deed in commands.deeds(script, "ci", asked.book):
        yield Said(
            deed.level,
            f"{deed.says}: {short(deed.found)}",
            deed.found,
            "workflow-command",
            needle=deed.found,
            path=path,
        )


def _uses(step: Step, asked: Asked, triggers: frozenset[str]) -> Iterator[Said]:
    uses = step.table.get("uses")
    if not isinstance(uses, str) or uses.startswith("./") or _PINNED.search(uses):
        return
    owner, _, version = uses.partition("@")
    if owner.partition("/")[0].lower() in asked.book.listed("platform-owners"):
        return
    moving = not re.match(r"v?\d", version)
    level = Level.WARN if moving or triggers & _STRANGERS else Level.INFO
    says = f"runs {short(uses)}: a name that its owner can point at other code at any time"
    yield Said(level, says, uses, "workflow-unpinned", needle=uses, path=(*step.path, "uses"))


def _model(step: Step, asked: Asked, triggers: frozenset[str]) -> Iterator[Said]:
    """Judge a step that asks a model: an action known for it, or an agent's command line."""
    uses = (scalar(step.table.get("uses")) or "").lower()
    action = uses.partition("@")[0]
    given = _table(step.table.get("with"))
    script = scalar(step.table.get("run")) or ""
    runs_agent = re.search(
        r"(?m)(?:^|[;&|(\s/])(?:claude|gemini|codex|cursor-agent|copilot|opencode|aider|q chat|amp|llm|gh models)(?:@\S{1,20})?\s[^\n]{0,400}",
        script,
    )
    named = any(word in action for word in asked.book.listed("model-actions"))
    if not named and not runs_agent:
        return
    for key, value in given.items():
        text = scalar(value) or ""
        if key.lower() in _PROMPTS or key.lower().endswith("prompt"):
            yield from _prompt(step, ("with", key), text)
        yield from _loose(step, key, text, triggers)
    env_words = [
        word
        for value in _table(step.table.get("env")).values()
        for word in _strangers_words(scalar(value) or "")
    ]
    if runs_agent and (_variables(script) & step.tainted):
        says = "hands strangers' words to an agent's command line: they become instructions with the workflow's rights"
        yield Said(
            Level.BLOCK,
            says,
            " ".join(sorted(step.tainted)),
            "workflow-prompt",
            path=(*step.path, "run"),
            needle=runs_agent[0],
        )
    if (
        named
        and env_words
        and not _variables(" ".join(scalar(v) or "" for v in given.values())) & step.tainted
    ):
        says = f"puts {short(env_words[0])} into the environment of a model's step"
        yield Said(
            Level.WARN,
            says,
            env_words[0],
            "workflow-prompt",
            path=(*step.path, "env"),
            needle=env_words[0],
        )


def _prompt(step: Step, key: Path, text: str) -> Iterator[Said]:
    says = "in a model's prompt: whoever writes it gives the model instructions, with the workflow's rights"
    for words in _strangers_words(text):
        yield Said(
            Level.BLOCK,
            f"puts {short(words)} {says}",
            words,
            "workflow-prompt",
            needle=words,
            path=(*step.path, *key),
        )
    for name in sorted(_variables(text) & step.tainted):
        yield Said(
            Level.BLOCK,
            f"puts {name}, which strangers fill, {says}",
            name,
            "workflow-prompt",
            needle=name,
            path=(*step.path, *key),
        )


def _loose(step: Step, key: str, text: str, triggers: frozenset[str]) -> Iterator[Said]:
    """Judge who may start the model's step and what the model may do."""
    path = (*step.path, "with", key)
    name = key.lower().replace("-", "_")
    if name in {"allowed_non_write_users", "allow_users"} and "*" in text.split(","):
        says = "lets anybody on the internet start the model's step"
        yield Said(Level.BLOCK, says, text, "workflow-open-agent", path=path)
    elif name == "allowed_bots" and "*" in text:
        yield Said(
            Level.WARN,
            "lets any bot start the model's step",
            text,
            "workflow-open-agent",
            path=path,
        )
    elif name == "safety_strategy" and text == "unsafe":
        yield Said(
            Level.BLOCK,
            "takes the model's step out of its sandbox",
            text,
            "workflow-open-agent",
            path=path,
        )
    elif re.search(
        r"--dangerously-skip-permissions|bypassPermissions|danger-full-access|--yolo\b|--dangerously-bypass|approval-mode[= ]yolo"
        r"|\bBash\(\*\)|\bBash\(:\*\)|allowed_?-?tools\b[^\n]{0,200}\bBash(?![(\w])|\"autoAccept\"\s*:\s*true|run_shell_command(?!\()", f"{name} {text}", re.IGNORECASE
    ):  # fmt: skip
        strangers = triggers & _STRANGERS
        says = "lets the model run any command"
        says += (
            f" in a workflow that strangers start ({', '.join(sorted(strangers))})"
            if strangers
            else ""
        )
        yield Said(
            Level.BLOCK if strangers else Level.WARN, says, text, "workflow-open-agent", path=path
        )


def _checkout(step: Step, triggers: frozenset[str]) -> Iterator[Said]:
    risky = triggers & {"pull_request_target", "workflow_run"}
    asked = triggers & {"issue_comment"}
    if not risky and not asked:
        return
    given = _table(step.table.get("with"))
    level = Level.BLOCK if risky else Level.WARN
    where = sorted(risky or asked)[0]
    says = f"checks out the pull request's own code under {where}: whoever opened it runs code with the workflow's secrets"
    if "checkout" in (scalar(step.table.get("uses")) or ""):
        for key in ("ref", "repository"):
            text = scalar(given.get(key)) or ""
            if _HEAD.search(text) and not re.search(r"workflow_run\.head_repository", text):
                yield Said(
                    level,
                    says,
                    text,
                    "workflow-foreign-checkout",
                    path=(*step.path, "with", key),
                    needle=text,
                )
                return
    script = scalar(step.table.get("run")) or ""
    match = _CHECKOUT.search(script)
    if match and (match[0].startswith("gh") or _HEAD.search(script)):
        yield Said(
            level,
            says,
            match[0],
            "workflow-foreign-checkout",
            path=(*step.path, "run"),
            needle=match[0],
        )


def _all_secrets(root: Mapping[str, Any]) -> Iterator[Said]:
    """Judge variables and inputs that hold every secret at once."""
    jobs = _table(root.get("jobs"))
    tables: list[tuple[Path, Mapping[str, Any]]] = [((), root)]
    tables += [(("jobs", name), _table(job)) for name, job in jobs.items()]
    tables += [(step.path, step.table) for step in _steps(root)]
    for path, table in tables:
        for part in ("env", "with"):
            for name, value in _table(table.get(part)).items():
                found = re.search(r"(?i)tojson\(\s*secrets\s*\)", scalar(value) or "")
                if found:
                    says = "hands over every secret of the repository at once"
                    where = (*path, part, name)
                    yield Said(Level.BLOCK, says, found[0], "workflow-command", found[0], where)


def _write_permissions(root: Mapping[str, Any]) -> list[tuple[Path, str]]:
    places: list[tuple[Path, Any]] = [((), root)]
    places += [(("jobs", name), job) for name, job in _table(root.get("jobs")).items()]
    found: list[tuple[Path, str]] = []
    for path, table in places:
        given = _table(table).get("permissions")
        if given == "write-all":
            found.append(((*path, "permissions"), "write-all"))
        found += [
            ((*path, "permissions", name), f"{name}: write")
            for name, value in _table(given).items()
            if value == "write"
            and name not in {"id-token", "checks", "statuses", "security-events"}
        ]
    return found
