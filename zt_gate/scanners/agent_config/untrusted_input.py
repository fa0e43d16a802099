"""Finds expressions in workflow steps that outsiders can fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.scanners.agent_config.matched_values import scalar
from zt_gate.syntax.workflows import table_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.syntax.workflows import Step, Workflow

_EXPRESSION = lazy_re.compile(r"\$\{\{((?:[^}]|\}(?!\})){1,2000})\}\}")
_EVENT = r"github\s*\.\s*event\s*(?:\.\s*|\[\s*['\"])"
#: Text that anyone can write into an issue, a comment, a pull request or a commit.
_UNTRUSTED = lazy_re.compile(
    rf"(?i){_EVENT}(?:issue|pull_request|comment|review|review_comment|discussion"
    r"|discussion_comment|head_commit|commits|pages|workflow_run)\b['\"\]\s]*"
    r"[\w.*'\"\[\]\s-]{0,80}?\.?\s*['\"\[]*"
    r"(?:title|body|message|head_branch|display_title|label|page_name|default_branch|email|name"
    r"|head_ref|head['\"\]\s.\[]{1,6}ref)\b(?!\s*(?:==|!=))"
    r"|(?i:github\s*\.\s*head_ref)\b(?!\s*(?:==|!=))|(?i:tojson\(\s*github\.event\s*\))"
)
#: Names within these events that the author of the event does not choose.
_NOT_CHOSEN_BY_AUTHOR = lazy_re.compile(
    r"(?i)repo\.(?:name|default_branch|full_name)|repository\.\w+|labels?\b[\w.*\[\]]*\.name"
    r"|workflow_run\.name|\.user\.\w+|milestone\.\w+"
)
_CHOSEN_BY_AUTHOR = lazy_re.compile(r"(?i)head_branch|\.ref\b|\.body\b|\.title\b")
#: A comparison or a test yields true or false, not the text.
_BOOLEAN = lazy_re.compile(
    r"(?i)^\s*(?:contains|startswith|endswith|hashfiles)\s*\(.{0,1500}\)\s*$"
    r"|^[^|]{0,1500}(?:==|!=)[^|&]{0,400}$"
)
_VARIABLE = lazy_re.compile(
    r"\$\{?(\w{1,80})|\$env:(\w{1,80})|\$\{\{\s*env\s*\.\s*(\w{1,80})\s*\}\}"
)


@dataclass(frozen=True, slots=True)
class TaintedStep:
    """One step, and the variables in it that outsiders can fill."""

    step: Step
    tainted: frozenset[str]


def tainted_steps(workflow: Workflow) -> Iterator[TaintedStep]:
    """Yield the steps of every job, of a composite action, and jobs that call a workflow."""
    of_workflow = _tainted_variables(workflow.root.get("env"))
    for job in workflow.groups():
        of_job = of_workflow | _tainted_variables(job.env)
        for step in job.steps():
            yield TaintedStep(step, of_job | _tainted_variables(step.env))


def untrusted_expressions(text: str) -> list[str]:
    """Return the ``${{ }}`` expressions of a text that outsiders can fill."""
    expressions = []
    for match in _EXPRESSION.finditer(text):
        expression = match[1]
        untrusted = _UNTRUSTED.search(expression)
        if untrusted is None or _BOOLEAN.match(expression):
            continue
        name = untrusted[0]
        if _NOT_CHOSEN_BY_AUTHOR.search(name) and not _CHOSEN_BY_AUTHOR.search(name):
            continue
        expressions.append(" ".join(match[0].split()))
    return expressions


def variables_read(text: str) -> set[str]:
    """Return the names of the variables that a text reads."""
    return {match[1] or match[2] or match[3] for match in _VARIABLE.finditer(text)}


def _tainted_variables(env: Any) -> frozenset[str]:
    return frozenset(
        name
        for name, value in table_of(env).items()
        if untrusted_expressions(scalar(value) or "")
    )
