"""What the gate said about a case of the drill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from zt_gate.model.report import Report


class Found(NamedTuple):
    """One finding; ``path`` is None where it is about the whole change."""

    rule: str
    level: str
    state: str
    path: bytes | None


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """What the gate said: a verdict ("refused" for wrong usage) and its findings.

    ``ran`` names programs of the attacker that were started.
    """

    verdict: str
    findings: tuple[Found, ...] = ()
    errors: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()


def outcome(report: Report, ran: tuple[str, ...] = ()) -> GateOutcome:
    """Return what a report says."""
    findings = tuple(
        Found(
            judged.finding.rule,
            judged.level.value,
            judged.state,
            judged.finding.location.path,
        )
        for judged in report.findings
    )
    return GateOutcome(report.verdict.value, findings, report.errors, ran)
