"""Which of equal findings a report keeps, and the order of its findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.finding import Location
    from zt_gate.model.report import JudgedFinding


def distinct(findings: Iterable[JudgedFinding]) -> tuple[JudgedFinding, ...]:
    """Keep the most severe of findings with the same rule, location and fingerprint; sort."""
    kept: dict[tuple[str, Location, str], JudgedFinding] = {}
    for item in findings:
        key = (item.finding.rule, item.finding.location, item.fingerprint)
        if key not in kept or weight(item) > weight(kept[key]):
            kept[key] = item
    return _sorted(kept.values())


def weight(item: JudgedFinding) -> tuple[bool, int, int, int]:
    """Return how severe a finding is: active first, then level, severity and confidence."""
    finding = item.finding
    return (
        item.state == "active",
        item.level.rank,
        finding.severity.rank,
        finding.confidence.rank,
    )


def _sorted(findings: Iterable[JudgedFinding]) -> tuple[JudgedFinding, ...]:
    """Sort active findings first, then by level, path, line, column and rule."""

    def key(item: JudgedFinding) -> tuple[bool, int, bytes, int, int, str, str, str]:
        location = item.finding.location
        return (
            item.state != "active",
            -item.level.rank,
            location.path or b"",
            location.line or 0,
            location.column or 0,
            item.finding.rule,
            location.commit or "",
            item.fingerprint,
        )

    return tuple(sorted(findings, key=key))
