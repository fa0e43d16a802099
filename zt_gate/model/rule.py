"""What the gate knows: a rule is data, read from ``rules/`` by the rulebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a scanner can find.

    ``id`` is ``scanner/kebab-name``, stable, never used again for something
    else; ``former_ids`` are those that it had before, the first one first
    (``rules/renames.toml``).  ``level`` is the rule's own level, or None where severity and
    confidence decide.  ``data`` is what the scanner itself needs (patterns,
    prefixes, weights): the rulebook does not look into it.
    """

    id: str
    title: str
    why: str
    remedy: str
    severity: Severity
    confidence: Confidence
    level: Level | None = None
    cwe: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def scanner(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    def finding(
        self,
        location: Location,
        message: str = "",
        *,
        evidence: Evidence | None = None,
        subject: str = "",
        secrets: tuple[str, ...] = (),
        severity: Severity | None = None,
        confidence: Confidence | None = None,
        level: Level | None = None,
        remedy: str = "",
        fix: str | None = None,
    ) -> Finding:
        """Make a finding of this rule; what is not given comes from the rule."""
        return Finding(
            rule=self.id,
            location=location,
            message=message or self.title,
            severity=severity or self.severity,
            confidence=confidence or self.confidence,
            level=level or self.level,
            why=self.why,
            remedy=remedy or self.remedy,
            cwe=self.cwe,
            references=self.references,
            evidence=evidence,
            subject=subject,
            secrets=secrets,
            fix=fix,
            title=self.title,
            former_rules=self.former_ids,
        )
