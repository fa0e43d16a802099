"""Steps of a workflow, and which words in them anybody outside may write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.agent_config.judgement import scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.syntax.document import Path

#: Triggers that people without any right to the repository set off, with its secrets at hand.
TRIGGERS = frozenset(
    ["pull_request_target", "issues", "issue_comment", "workflow_run", "discussion",
     "discussion_comment", "pull_request_review_comment", "pull_request_review"]
)  # fmt: skip
#: The same for triggers where the workflow's token may write.
POWERFUL = TRIGGERS - {"pull_request_review", "pull_request_review_comment"}

_EXPRESSION = re.compile(r"\$\{\{((?:[^}]|\}(?!\})){1,2000})\}\}")
_EVENT = r"github\s*\.\s*event\s*(?:\.\s*|\[\s*['\"])"
#: What anybody writes into an issue, a comment, a pull request or a commit.
_UNTRUSTED = re.compile(
    rf"(?i){_EVENT}(?:issue|pull_request|comment|review|review_comment|discussion"
    r"|discussion_comment|head_commit|commits|pages|workflow_run)\b['\"\]\s]*"
    r"[\w.*'\"\[\]\s-]{0,80}?\.?\s*['\"\[]*"
    r"(?:title|body|message|head_branch|display_title|label|page_name|default_branch|email|name"
    r"|head_ref|head['\"\]\s.\[]{1,6}ref)\b(?!\s*(?:==|!=))"
    r"|(?i:github\s*\.\s*head_ref)\b(?!\s*(?:==|!=))|(?i:tojson\(\s*github\.event\s*\))"
)
#: Names within these events that their writer does not choose.
_TAME = re.compile(
    r"(?i)repo\.(?:name|default_branch|full_name)|repository\.\w+|labels?\b[\w.*\[\]]*\.name"
    r"|workflow_run\.name|\.user\.\w+|milestone\.\w+"
)
_WILD = re.compile(r"(?i)head_branch|\.ref\b|\.body\b|\.title\b")
#: A comparison or a test gives true or false, not the words.
_HARMLESS = re.compile(
    r"(?i)^\s*(?:contains|startswith|endswith|hashfiles)\s*\(.{0,1500}\)\s*$"
    r"|^[^|]{0,1500}(?:==|!=)[^|&]{0,400}$"
)
_VARIABLE = re.compile(r"\$\{?(\w{1,80})|\$env:(\w{1,80})|\$\{\{\s*env\s*\.\s*(\w{1,80})\s*\}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its path, its table, and the variables that strangers' words stand in."""

    path: Path
    table: Mapping[str, Any]
    tainted: frozenset[str]


def table_of(value: Any) -> Mapping[str, Any]:
    """Return a value that should be a table; {} where it is none."""
    return value if isinstance(value, dict) else {}


def triggers(root: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of what starts the workflow."""
    on = root.get("on", root.get("true"))
    if isinstance(on, str):
        return frozenset([on])
    return frozenset(str(name) for name in on) if isinstance(on, list | dict) else frozenset()


def steps(root: Mapping[str, Any]) -> Iterator[Step]:
    """Yield the steps of every job, of a composite action, and jobs that call a workflow."""
    groups: list[tuple[Path, Mapping[str, Any]]] = [
        (("jobs", name), table_of(job)) for name, job in table_of(root.get("jobs")).items()
    ]
    groups.append((("runs",), table_of(root.get("runs"))))
    above = _tainted(root.get("env"))
    for path, job in groups:
        here = above | _tainted(job.get("env"))
        inner = job.get("steps")
        for number, table in enumerate(inner if isinstance(inner, list) else []):
            if isinstance(table, dict):
                yield Step((*path, "steps", number), table, here | _tainted(table.get("env")))
        if isinstance(job.get("uses"), str):
            yield Step(path, {"uses": job["uses"], "with": job.get("with")}, here)


def words_in(text: str) -> list[str]:
    """Return the expressions of a text that anybody outside may fill."""
    found = []
    for match in _EXPRESSION.finditer(text):
        words = _UNTRUSTED.search(match[1])
        if words is None or _HARMLESS.match(match[1]):
            continue
        if _TAME.search(words[0]) and not _WILD.search(words[0]):
            continue
        found.append(" ".join(match[0].split()))
    return found


def variables(text: str) -> set[str]:
    """Return the names of the variables that a text reads."""
    return {match[1] or match[2] or match[3] for match in _VARIABLE.finditer(text)}


def _tainted(env: Any) -> frozenset[str]:
    return frozenset(name for name, value in table_of(env).items() if words_in(scalar(value) or ""))
