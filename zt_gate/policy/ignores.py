"""Which findings the trusted side has said yes to: ``[paths]`` and ``[[ignore]]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.policy.rule_globs import Glob, compile_glob, rule_matches

if TYPE_CHECKING:
    from zt_gate.model.report import State
    from zt_gate.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class WaiverDecision:
    """What was said about one finding.

    ``expires`` and ``since`` are ISO dates or ""; ``by`` is who said it.
    ``key`` is the entry's path in the policy's document.
    """

    state: State = "active"
    reason: str = ""
    expires: str = ""
    by: str = ""
    since: str = ""
    key: tuple[str | int, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Glob
    rules: tuple[str, ...]
    reason: str
    key: tuple[str | int, ...]
    expires: str = ""


class PolicyIgnores:
    """The allowances and ignores of one policy on one day (an ISO date, UTC)."""

    def __init__(self, policy: Policy, today: str) -> None:
        allowances = [
            _Entry(compile_glob(a.path), a.rules, a.reason, ("paths", a.path))
            for a in policy.paths
        ]
        ignores = [
            _Entry(
                compile_glob(i.path), (i.rule,), i.reason, ("ignore", number), i.expires
            )
            for number, i in enumerate(policy.ignores)
        ]
        self._entries = (*allowances, *ignores)
        self._today = today
        self._by_rule: dict[tuple[str, ...], tuple[_Entry, ...]] = {}

    def of(self, rules: tuple[str, ...], path: bytes | None) -> WaiverDecision:
        """Return what holds for a finding at ``path``; ``rules`` are all ids of its rule.

        The first entry that has not expired counts.  An ignore holds through
        its last day; one that has expired helps nothing, and says so.
        """
        excuse = WaiverDecision()
        for entry in self._for(rules):
            if not entry.path.matches(path):
                continue
            # ISO dates sort as they follow each other.
            if not entry.expires or self._today <= entry.expires:
                return WaiverDecision(
                    "ignored", entry.reason, entry.expires, key=entry.key
                )
            text = f"ignore expired on {entry.expires}: {entry.reason}"
            excuse = WaiverDecision("active", text, entry.expires)
        return excuse

    def _for(self, rules: tuple[str, ...]) -> tuple[_Entry, ...]:
        if rules not in self._by_rule:
            self._by_rule[rules] = tuple(
                entry
                for entry in self._entries
                if any(rule_matches(glob, *rules) for glob in entry.rules)
            )
        return self._by_rule[rules]
