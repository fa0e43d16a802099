"""Rule descriptors of a SARIF log, which code scanning shows beside an alert.

A report has no list of rules, so this module derives them from its findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Confidence, Severity
from zt_gate.reports.escape import markdown_prose, visible

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import JudgedFinding

#: Maximum number of tags of a rule that GitHub keeps.
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


def rules_of(judged_findings: list[JudgedFinding]) -> list[dict[str, Any]]:
    """Return the descriptors of all rules; at least one, because GitHub requires it."""
    by_rule: dict[str, list[Finding]] = {}
    for judged in judged_findings:
        by_rule.setdefault(rule_id(judged.finding), []).append(judged.finding)
    rules = [_rule(name, by_rule[name]) for name in sorted(by_rule)]
    return rules or [not_inspected_rule()]


def rule_id(finding: Finding) -> str:
    """Return the id of a finding's rule; SARIF does not allow an empty one."""
    return visible(finding.rule) or "gate/unnamed"


def _rule(name: str, findings: list[Finding]) -> dict[str, Any]:
    first = findings[0]
    words = name.partition("/")[2].replace("-", " ").strip() or name
    title = visible(first.title) or _capitalized(words)
    why = visible(first.why) or title
    severities = (finding.severity for finding in findings)
    confidences = (finding.confidence for finding in findings)
    severity = max(severities, key=lambda severity: severity.rank)
    confidence = max(confidences, key=lambda confidence: confidence.rank)
    rule: dict[str, Any] = {"id": name}
    # Code scanning finds the alerts of earlier runs under these ids.
    former_ids = [visible(former) for former in first.former_rules]
    if former_ids:
        rule["deprecatedIds"] = former_ids
    return rule | {
        "name": "".join(_capitalized(word) for word in words.split()),
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {
            "text": _help_text(first, why),
            "markdown": _help_markdown(first, title),
        },
        "defaultConfiguration": {"level": "warning"},
        "properties": {
            "security-severity": _SCORES[severity],
            "precision": confidence.value,
            "tags": _tags(first),
        },
    }


def _capitalized(text: str) -> str:
    """Return ``text`` with its first letter in upper case, the others unchanged."""
    return text[:1].upper() + text[1:]


def _help_text(finding: Finding, why: str) -> str:
    paragraphs = [why]
    remedy = visible(finding.remedy)
    if remedy:
        paragraphs.append(f"How to fix: {remedy}")
    paragraphs += [visible(text) for text in (*finding.cwe, *finding.references)]
    return "\n\n".join(paragraphs)


def _help_markdown(finding: Finding, title: str) -> str:
    paragraphs = [f"**Why:** {markdown_prose(finding.why or title)}"]
    if finding.remedy:
        paragraphs.append(f"**How to fix:** {markdown_prose(finding.remedy)}")
    sources = (*finding.cwe, *finding.references)
    paragraphs += [f"- {markdown_prose(source)}" for source in sources]
    return "\n\n".join(paragraphs)


def _tags(finding: Finding) -> list[str]:
    tags = ["security", visible(finding.scanner)]
    for name in finding.cwe:
        family, _, number = visible(name).lower().partition("-")
        if number:
            tags.append(f"external/{family}/{family}-{number:0>3}")
        else:
            tags.append(family)
    distinct_tags = dict.fromkeys(tag for tag in tags if tag)
    return list(distinct_tags)[:MAX_TAGS]


def not_inspected_rule() -> dict[str, Any]:
    """Return the descriptor of the notifications about uninspected content."""
    title = "Incomplete scan: not all content was inspected"
    why = "Content that was not inspected may be harmful, so the scan cannot pass."
    return {
        "id": NOT_INSPECTED,
        "name": "NotInspected",
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": why, "markdown": why},
        "defaultConfiguration": {"level": "error"},
        "properties": {
            "security-severity": _SCORES[Severity.HIGH],
            "precision": Confidence.HIGH.value,
            "tags": ["security", "gate"],
        },
    }
