"""Finds the allowances and ignores of a policy that cannot have an effect.

A rule that does not exist, a path that no file has, a day that has passed: each is said
where the policy is shown, and the first one in every report, because the finding that it
should cover looks like one that nobody has accepted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
from zt_gate.model.scanner import OWN_RULE_PREFIX
from zt_gate.policy.ignores import WaiverDecision
from zt_gate.policy.rule_globs import compile_glob, rule_matches
from zt_gate.policy.schema import GATE
from zt_gate.policy.typed_reader import near
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.schema import Policy
    from zt_gate.rulebook.rule_ids import RuleIds

#: The rule of the finding about a rule that does not exist.
UNKNOWN_RULE = "gate/unknown-rule"
_LIST_THEM = "list them with: zt-gate rules"


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One allowance or ignore; ``key`` is its place in the policy's document."""

    kind: str
    rules: tuple[str, ...]
    path: str
    expires: str
    key: tuple[str | int, ...]


def entries(policy: Policy) -> Iterator[PolicyEntry]:
    """Yield the allowances and the ignores of a policy, in its order."""
    for allowance in policy.paths:
        place = ("paths", allowance.path)
        yield PolicyEntry("[paths]", allowance.rules, allowance.path, "", place)
    for number, ignore in enumerate(policy.ignores):
        yield PolicyEntry(
            "[[ignore]]",
            (ignore.rule,),
            ignore.path,
            ignore.expires,
            ("ignore", number),
        )


@dataclass(frozen=True, slots=True)
class RuleNames:
    """The names that an entry may use: rules, scanners, the gate, the project's own rules."""

    rules: RuleIds
    scanners: Mapping[str, ScannerInfo]

    def unknown(self, entry: PolicyEntry) -> list[str]:
        """Return the rule globs of an entry that match no rule and no scanner."""
        return [glob for glob in entry.rules if not self._exists(glob)]

    def _exists(self, glob: str) -> bool:
        own_rules = tuple(
            f"{name}/{OWN_RULE_PREFIX}"
            for name, info in self.scanners.items()
            if info.takes_own_rules
        )
        if glob.startswith(own_rules):
            return True
        names = (*self.scanners, GATE)
        if any(rule_matches(glob, name) for name in names):
            return True
        scanner_glob = glob.partition("/")[0]
        possible = [name for name in names if rule_matches(scanner_glob, name)]
        return self.rules.any_matches(lambda rule: rule_matches(glob, rule), possible)


def problem(
    entry: PolicyEntry,
    names: RuleNames,
    today: str,
    files: Iterable[bytes] | None = None,
) -> str:
    """Return why an entry has no effect and what to do, "" if it can have one.

    ``today`` is an ISO date in UTC.  ``files`` are the paths of the project, None if
    unknown.
    """
    if entry.expires and entry.expires < today:
        return "expired: remove it, or give a later date"
    unknown = names.unknown(entry)
    if unknown:
        return f"no rule matches {', '.join(unknown)}; {_LIST_THEM}"
    if files is not None:
        glob = compile_glob(entry.path)
        if not any(glob.matches(path) for path in files):
            return "no file matches the path: remove it, or correct the path"
    return ""


def findings(
    policy: Policy,
    names: RuleNames,
    rule: Rule,
    location_of: Callable[[WaiverDecision], tuple[bytes, int] | None],
) -> Iterator[Finding]:
    """Yield a finding for each rule that an entry names and that does not exist."""
    for entry in entries(policy):
        for name in names.unknown(entry):
            place = ""
            found = location_of(WaiverDecision(key=entry.key))
            if found is not None:
                path, line = found
                place = f"{path.decode()}:{line}: "
            is_glob = any(char in name for char in "*?[")
            closest = "" if is_glob else near(name, names.rules)
            fix = closest or f"; {_LIST_THEM}"
            message = (
                f"{rule.title}: {place}{entry.kind} names {name!a}, "
                f"which matches no rule{fix}"
            )
            # Not at the policy's path: the file is no part of the change.
            yield rule.finding(
                Location("change"), message, subject=f"{entry.path} {name}"
            )
