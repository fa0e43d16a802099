"""Which words in the steps of a workflow anybody outside may write."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.agent_config.matched_values import scalar
from zt_gate.syntax.workflows import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.workflows import Step, Workflow

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
_VARIABLE = re.compile(
    r"\$\{?(\w{1,80})|\$env:(\w{1,80})|\$\{\{\s*env\s*\.\s*(\w{1,80})\s*\}\}"
)


@dataclass(frozen=True, slots=True)
class TaintedStep:
    """One step, and the variables in it that outsiders may fill."""

    step: Step
    tainted: frozenset[str]


def tainted_steps(workflow: Workflow) -> Iterator[TaintedStep]:
    """Yield the steps of every job, of a composite action, and jobs that call a workflow."""
    above = _tainted(workflow.root.get("env"))
    for job in workflow.groups():
        of_job = above | _tainted(job.env)
        for step in job.steps():
            yield TaintedStep(step, of_job | _tainted(step.env))


def untrusted_expressions(text: str) -> list[str]:
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


def variables_read(text: str) -> set[str]:
    """Return the names of the variables that a text reads."""
    return {match[1] or match[2] or match[3] for match in _VARIABLE.finditer(text)}


def _tainted(env: Any) -> frozenset[str]:
    return frozenset(
        name
        for name, value in table_of(env).items()
        if untrusted_expressions(scalar(value) or "")
    )
