"""Determines the level of a finding: block, warn or info.

In this order (CONTRACT.md): the rule's own level, or severity and confidence; then
``[levels]``, first by scanner and then by rule; then the profile; then ``--fail-on``.
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
#: A file that a scanner skips because of the change; only in the strict profile.
NEWLY_SKIPPED = f"{GATE}/newly-skipped"
POLICY_CHANGED = f"{GATE}/policy-changed"
#: The caller of the gate requires the review, so no policy or option lowers it.
NOT_REVIEWED = f"{GATE}/not-reviewed"
#: Where another job or hook judges, no policy is read by it: only an owner's approval helps.
GATE_JOB_CHANGED = "tampering/gate-job-changed"
_ALWAYS_BLOCKING = frozenset((NOT_REVIEWED, GATE_JOB_CHANGED))
#: A warning in standard, a block in strict: changes of policy, baseline or ignores, and
#: downloads that are run from a host that the project did not name before.
_BLOCKING_IN_STRICT = frozenset(
    (
        POLICY_CHANGED,
        "tampering/baseline-changed",
        "tampering/ignore-added",
        "agent_config/download-from-new-host",
    )
)
#: What a change newly grants to an agent, editor or build: it runs programs, reaches hosts or
#: holds credentials.  Such a warning blocks in strict.
_GRANTS = frozenset(
    f"agent_config/{name}"
    for name in (
        "agent-acts-unasked", "any-command-permission", "mcp-approval",
        "agent-command-setting", "agent-hook", "agent-sandbox-open", "agent-telemetry",
        "claude-command-setting", "claude-hook", "claude-marketplace", "client-command",
        "codex-unsafe", "container-host-command", "container-mount", "env-code-injection",
        "env-proxy", "folder-open-task", "mcp-remote", "mcp-server",
        "powerful-program-permission", "sandbox-off", "workspace-trust",
    )
)  # fmt: skip

#: Values of ``--fail-on``; ``info`` is the level, so every finding blocks.
FAIL_ON = ("block", "warn", "info", "critical", "high", "medium", "low")
_LEVELS = tuple(level.value for level in Level)


def level_of(
    finding: Finding,
    policy: Policy,
    *,
    min_confidence: Confidence,
    fail_on: str,
    release: str = "",
) -> Level:
    """Return the level of one finding.

    ``fail_on`` is one of FAIL_ON.  It never lowers ``gate/unreadable``: unreadable
    content may be harmful.  ``release`` is the version of the gate: a rule that is new
    in it warns where it would block.  With "" the level is the rule's final one.
    """
    if finding.rule in _ALWAYS_BLOCKING:
        return Level.BLOCK
    level = finding.level or _default_level(
        finding.severity, finding.confidence, min_confidence
    )
    if level is Level.BLOCK and release and is_new_rule(finding.since, release):
        level = Level.WARN
    level = policy.levels.get(finding.scanner, level)
    level = _level_of_rule(finding, policy, level)
    if policy.profile == Profile.STRICT and _blocks_in_strict(finding.rule, level):
        level = Level.BLOCK
    if policy.profile == Profile.ADVISORY and level is Level.BLOCK:
        level = Level.WARN
    return _apply_fail_on(finding, level, fail_on)


def _blocks_in_strict(rule: str, level: Level) -> bool:
    if rule in _BLOCKING_IN_STRICT:
        return True
    return rule in _GRANTS and level is Level.WARN


def is_new_rule(since: str, release: str) -> bool:
    """Whether a rule came with this release (MAJOR.MINOR of a version), or a later one."""
    return bool(since) and _release(since) >= _release(release)


def _release(version: str) -> tuple[int, int]:
    """Return major and minor number of a version; what is no number counts as 0."""
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0]
    return _number(major), _number(minor)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _level_of_rule(finding: Finding, policy: Policy, level: Level) -> Level:
    """Return the rule's level in ``[levels]``; the current id precedes former ones."""
    for rule in finding.rule_ids:
        if rule in policy.levels:
            return policy.levels[rule]
    return level


def _default_level(
    severity: Severity, confidence: Confidence, min_confidence: Confidence
) -> Level:
    if confidence.rank >= min_confidence.rank:
        if severity.rank >= Severity.MEDIUM.rank:
            return Level.BLOCK
        if severity is Severity.LOW:
            return Level.WARN
        return Level.INFO
    if confidence is Confidence.LOW or severity is Severity.INFO:
        return Level.INFO
    return Level.WARN


def _apply_fail_on(finding: Finding, level: Level, fail_on: str) -> Level:
    if fail_on in _LEVELS:
        if level.rank >= Level(fail_on).rank:
            return Level.BLOCK
        return level
    if level is Level.INFO:
        return level
    if finding.severity.rank >= Severity(fail_on).rank:
        return Level.BLOCK
    if finding.rule == UNREADABLE:
        return level
    return Level.WARN
