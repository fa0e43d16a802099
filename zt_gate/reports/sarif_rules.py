"""The rules in a SARIF log: what code scanning shows beside an alert.

A report has no rules of its own, so they are told from its findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Confidence, Severity
from zt_gate.reports.escape import markdown_prose, visible

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import JudgedFinding

#: GitHub keeps so many tags of a rule.
MAX_TAGS = 20
NOT_INSPECTED = "gate/not-inspected"

#: GitHub's scale: above 9 critical, from 7 high, from 4 medium, below that low.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "2.5",
    Severity.INFO: "0.5",
}


def rules_of(kept: list[JudgedFinding]) -> list[dict[str, Any]]:
    """Describe the rules of the results; GitHub refuses a run without any rule."""
    groups: dict[str, list[Finding]] = {}
    for judged in kept:
        groups.setdefault(rule_id(judged.finding), []).append(judged.finding)
    rules = [_rule(name, groups[name]) for name in sorted(groups)]
    return rules or [not_inspected_rule()]


def rule_id(finding: Finding) -> str:
    """Return the id of the rule that a result names; SARIF refuses an empty one."""
    return visible(finding.rule) or "gate/unnamed"


def _rule(name: str, findings: list[Finding]) -> dict[str, Any]:
    first = findings[0]
    words = name.partition("/")[2].replace("-", " ").strip() or name
    title = visible(first.title) or words[:1].upper() + words[1:]
    why = visible(first.why) or title
    remedy = visible(first.remedy)
    sources = [visible(text) for text in (*first.cwe, *first.references)]
    help_text = "\n\n".join(
        (why, *([f"How to fix: {remedy}"] if remedy else []), *sources)
    )
    severity = max((finding.severity for finding in findings), key=lambda s: s.rank)
    confidence = max((finding.confidence for finding in findings), key=lambda c: c.rank)
    # What code scanning calls the same rule in earlier runs.
    former = [visible(rule) for rule in first.former_rules]
    return {
        "id": name,
        **({"deprecatedIds": former} if former else {}),
        "name": "".join(part[:1].upper() + part[1:] for part in words.split()),
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": help_text, "markdown": _help_markdown(first, title)},
        "defaultConfiguration": {"level": "warning"},
        "properties": {
            "security-severity": _SCORES[severity],
            "precision": confidence.value,
            "tags": _tags(first),
        },
    }


def _help_markdown(finding: Finding, title: str) -> str:
    parts = [f"**Why:** {markdown_prose(finding.why or title)}"]
    if finding.remedy:
        parts.append(f"**How to fix:** {markdown_prose(finding.remedy)}")
    parts += [
        f"- {markdown_prose(text)}" for text in (*finding.cwe, *finding.references)
    ]
    return "\n\n".join(parts)


def _tags(finding: Finding) -> list[str]:
    tags = ["security", visible(finding.scanner)]
    for name in finding.cwe:
        family, _, number = visible(name).lower().partition("-")
        tags.append(f"external/{family}/{family}-{number:0>3}" if number else family)
    return list(dict.fromkeys(tag for tag in tags if tag))[:MAX_TAGS]


def not_inspected_rule() -> dict[str, Any]:
    """Describe what the notifications of an incomplete run stand for."""
    text = "Something that applies was not inspected"
    why = (
        "What was not inspected cannot be said to be harmless: the verdict is no pass."
    )
    return {
        "id": NOT_INSPECTED,
        "name": "NotInspected",
        "shortDescription": {"text": text},
        "fullDescription": {"text": why},
        "help": {"text": why, "markdown": why},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "security-severity": _SCORES[Severity.HIGH],
            "precision": Confidence.HIGH.value,
            "tags": ["security", "gate"],
        },
    }
