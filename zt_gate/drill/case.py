"""A case of the drill, its expected result, and the comparison with the actual one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import GateOutcome, OutcomeFinding
    from zt_gate.drill.workspace import CaseWorkspace


@dataclass(frozen=True, slots=True)
class Case:
    """An evasion technique, or a harmless change.

    ``expect`` is ``block RULE`` or ``warn RULE`` (a glob; the finding must be
    active and at one of ``paths``, if there are any), ``pass``, ``error`` or
    ``refused`` (wrong usage), or ``listed TEXT``: the file is listed as not inspected, with
    the text in its reason.  ``play`` sets the case up and runs zt-gate.
    """

    name: str
    group: str
    what: str
    expect: str
    play: Callable[[CaseWorkspace], GateOutcome]
    paths: tuple[bytes, ...] = ()

    @property
    def honest(self) -> bool:
        """Whether the change is harmless and must pass."""
        return self.expect == "pass"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Whether a case had its expected result; ``got`` describes the actual one."""

    case: Case
    passed: bool
    got: str


def evaluate(case: Case, outcome: GateOutcome) -> CaseResult:
    """Compare the outcome with the expected result."""
    if outcome.ran:
        return CaseResult(case, passed=False, got=f"ran {', '.join(outcome.ran)}")
    if outcome.shown:
        return CaseResult(case, passed=False, got=f"showed {outcome.shown} secrets")
    findings = [item for item in outcome.findings if _is_at(item.path, case.paths)]
    level, _, rule = case.expect.partition(" ")
    if level == "listed":
        passed = outcome.verdict in {"pass", "fail"} and any(
            rule in reason and path in case.paths for path, reason in outcome.listed
        )
    elif rule:
        passed = _has_finding(outcome, findings, level, rule)
    elif case.honest:
        passed = _is_unblocked(outcome, findings)
    else:
        passed = outcome.verdict == case.expect
    return CaseResult(case, passed=passed, got=_summary(outcome, findings))


def _has_finding(
    outcome: GateOutcome, findings: list[OutcomeFinding], level: str, rule: str
) -> bool:
    if level == "block" and outcome.verdict != "fail":
        return False
    return any(
        item.level == level and item.state == "active" and fnmatchcase(item.rule, rule)
        for item in findings
    )


def _is_unblocked(outcome: GateOutcome, findings: list[OutcomeFinding]) -> bool:
    """Whether nothing blocks the case's own files.

    Other cases of the same change may block.  An error never passes, because it
    can hide findings.
    """
    if outcome.errors or outcome.verdict not in {"pass", "fail"}:
        return False
    return not any(
        item.level == "block" and item.state == "active" for item in findings
    )


def _is_at(path: bytes | None, paths: tuple[bytes, ...]) -> bool:
    if not paths or path is None or path in paths:
        return True
    # A file name that is a secret is masked in reports, so its case uses a glob.
    text = path.decode("utf-8", "replace")
    return any(
        b"*" in pattern and fnmatchcase(text, pattern.decode()) for pattern in paths
    )


def _summary(outcome: GateOutcome, findings: list[OutcomeFinding]) -> str:
    """Describe the outcome in one line: verdict, rules and errors."""
    parts = []
    if outcome.verdict in {"error", "refused"}:
        parts.append(outcome.verdict)
    for item in findings:
        text = f"{item.level} {item.rule}"
        if item.state == "active" and item.level != "info" and text not in parts:
            parts.append(text)
    if outcome.errors:
        parts.append("; ".join(outcome.errors)[:100])
    return ", ".join(parts) or "nothing"
