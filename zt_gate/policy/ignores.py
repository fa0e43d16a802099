"""The policy's allowances (``[paths]``) and ignores (``[[ignore]]``) for a finding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.policy.rule_globs import Glob, compile_glob, rule_matches
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from zt_gate.model.report import State
    from zt_gate.policy.schema import Allowance, Ignore, Policy


@dataclass(frozen=True, slots=True)
class WaiverDecision:
    """The state of one finding and the reason for it.

    ``expires`` and ``since`` are ISO dates or ""; ``by`` is the author of the waiver.
    ``key`` is the path of the entry in the policy's document.
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


def _allowance_entry(allowance: Allowance) -> _Entry:
    path = compile_glob(allowance.path)
    key = ("paths", allowance.path)
    return _Entry(path, allowance.rules, allowance.reason, key)


def _ignore_entry(number: int, ignore: Ignore) -> _Entry:
    path = compile_glob(ignore.path)
    key = ("ignore", number)
    return _Entry(path, (ignore.rule,), ignore.reason, key, ignore.expires)


class PolicyIgnores:
    """The allowances and ignores of a policy on one day (an ISO date, UTC)."""

    def __init__(self, policy: Policy, today: str) -> None:
        allowances = [_allowance_entry(allowance) for allowance in policy.paths]
        ignores = [
            _ignore_entry(number, ignore)
            for number, ignore in enumerate(policy.ignores)
        ]
        self._entries = (*allowances, *ignores)
        self._today = today
        self._entries_by_rule: dict[tuple[str, ...], tuple[_Entry, ...]] = {}

    def decide(self, rules: tuple[str, ...], path: bytes | None) -> WaiverDecision:
        """Return the decision for a finding at ``path``; ``rules`` are its rule's ids.

        The first entry that has not expired applies.  An ignore is valid through its
        last day; an expired one has no effect, and the report shows that.
        """
        decision = WaiverDecision()
        for entry in self._entries_for(rules):
            if not entry.path.matches(path):
                continue
            # ISO dates sort in order of time.
            if not entry.expires or self._today <= entry.expires:
                return WaiverDecision(
                    "ignored", entry.reason, entry.expires, key=entry.key
                )
            reason = f"ignore expired on {entry.expires}: {entry.reason}"
            decision = WaiverDecision("active", reason, entry.expires)
        return decision

    def exempts_only(self, old: bytes, new: bytes) -> bool:
        """Whether an entry that has not expired applies to ``old``, but not to ``new``."""
        return any(
            entry.path.matches(old) and not entry.path.matches(new)
            for entry in self._entries
            if not entry.expires or self._today <= entry.expires
        )

    def _entries_for(self, rules: tuple[str, ...]) -> tuple[_Entry, ...]:
        if rules not in self._entries_by_rule:
            self._entries_by_rule[rules] = tuple(
                entry
                for entry in self._entries
                if any(rule_matches(glob, *rules) for glob in entry.rules)
            )
        return self._entries_by_rule[rules]
