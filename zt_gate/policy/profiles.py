"""From what a scanner says to what the gate does about it: matrix, policy, profile, options.

The order is the contract's: the rule's own level, or severity and confidence;
then ``[levels]``, scanner before rule; then the profile; then ``--fail-on``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Confidence, Level, Severity
from zt_gate.model.profile import Profile
from zt_gate.policy.schema import GATE

if TYPE_CHECKING:
    from zt_gate.model.finding import Finding
    from zt_gate.policy.schema import Policy

UNREADABLE = f"{GATE}/unreadable"
POLICY_CHANGED = f"{GATE}/policy-changed"
#: Asked for by whoever starts the gate, so no policy and no option lowers it.
NOT_REVIEWED = f"{GATE}/not-reviewed"
#: What touches policy, baseline or ignores: a warning in standard, a block in strict.
_RAISED = frozenset(
    (POLICY_CHANGED, "tampering/baseline-changed", "tampering/ignore-added")
)

#: What ``--fail-on`` takes.  ``info`` is the level: everything.
FAIL_ON = ("block", "warn", "info", "critical", "high", "medium", "low")
_LEVELS = tuple(level.value for level in Level)


def level_of(
    finding: Finding, policy: Policy, *, min_confidence: Confidence, fail_on: str
) -> Level:
    """Return the level of one finding.

    ``fail_on`` is one of FAIL_ON.  It never lowers ``gate/unreadable``: what
    could not be read may hold anything.
    """
    if finding.rule == NOT_REVIEWED:
        return Level.BLOCK
    level = finding.level or _matrix(
        finding.severity, finding.confidence, min_confidence
    )
    level = policy.levels.get(finding.scanner, level)
    level = _level_of_rule(finding, policy, level)
    if policy.profile == Profile.STRICT and finding.rule in _RAISED:
        level = Level.BLOCK
    if policy.profile == Profile.ADVISORY and level is Level.BLOCK:
        level = Level.WARN
    return _fail_on(finding, level, fail_on)


def _level_of_rule(finding: Finding, policy: Policy, level: Level) -> Level:
    """Return what ``[levels]`` says of a rule; its present id counts before former ones."""
    for rule in finding.rule_ids:
        if rule in policy.levels:
            return policy.levels[rule]
    return level


def _matrix(severity: Severity, confidence: Confidence, least: Confidence) -> Level:
    if confidence.rank >= least.rank:
        if severity.rank >= Severity.MEDIUM.rank:
            return Level.BLOCK
        return Level.WARN if severity is Severity.LOW else Level.INFO
    if confidence is Confidence.LOW or severity is Severity.INFO:
        return Level.INFO
    return Level.WARN


def _fail_on(finding: Finding, level: Level, fail_on: str) -> Level:
    if fail_on in _LEVELS:
        return Level.BLOCK if level.rank >= Level(fail_on).rank else level
    if level is Level.INFO:
        return level
    if finding.severity.rank >= Severity(fail_on).rank:
        return Level.BLOCK
    return level if finding.rule == UNREADABLE else Level.WARN
