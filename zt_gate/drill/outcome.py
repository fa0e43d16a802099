"""The outcome of a scan in a case of the drill."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.model.report import Report


class OutcomeFinding(NamedTuple):
    """A finding; ``path`` is None if it concerns the whole change."""

    rule: str
    level: str
    state: str
    path: bytes | None


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """A verdict ("refused" for wrong usage), findings and errors.

    ``ran`` names the attacker's programs that were started, ``shown`` counts the secrets
    that the report shows.
    """

    verdict: str
    findings: tuple[OutcomeFinding, ...] = ()
    errors: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    #: Path and reason of what was listed as not inspected.
    listed: tuple[tuple[bytes | None, str], ...] = ()
    #: How many of the planted secrets the report shows.
    shown: int = 0


def outcome(
    report: Report, ran: tuple[str, ...] = (), planted: tuple[str, ...] = ()
) -> GateOutcome:
    """Return the outcome that a report describes; it must show none of ``planted``."""
    text = repr(report)
    shown = sum(secret in text for secret in planted)
    findings = tuple(
        OutcomeFinding(
            item.finding.rule,
            item.level.value,
            item.state,
            item.finding.location.path,
        )
        for item in report.findings
    )
    listed = tuple(
        (item.path, item.reason) for run in report.runs for item in run.not_inspected
    )
    return GateOutcome(
        report.verdict.value, findings, report.errors, ran, listed, shown
    )
