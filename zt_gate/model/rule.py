"""A rule, as the rulebook reads it from ``rules/``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import (
    Confidence,
    Evidence,
    Finding,
    Level,
    Location,
    Severity,
)
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Rule:
    """One weakness that a scanner can find.

    ``id`` is ``scanner/kebab-name``; it is stable and never used again for another
    rule.  ``former_ids`` are its earlier ids, oldest first (``rules/renames.toml``).
    ``since`` is the release that brought the rule, as MAJOR.MINOR, "" for the first
    public one: a new rule warns for one release before it blocks.
    ``level`` is the rule's own level, or None if severity and confidence decide.
    ``data`` has the fields of the scanner itself (patterns, prefixes, weights); the
    rulebook does not check them.
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
    since: str = ""
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
        """Return a finding of this rule; fields that are not given come from the rule."""
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
            since=self.since,
        )
