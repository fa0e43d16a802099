"""Groups what says the same thing, so that a person reads it once.

The machine-readable formats list every finding; the formats for people show one
finding of a group in full and only the places of the others.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from zt_gate.record import dataclass
from zt_gate.reports import summary
from zt_gate.reports.escape import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from zt_gate.model.finding import Level
    from zt_gate.model.report import JudgedFinding, NotInspected, Report

#: Paths that are named for a reason that many paths share.
_MAX_PATHS = 3


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """Findings that share rule, level and state; ``first`` is shown in full."""

    first: JudgedFinding
    others: tuple[JudgedFinding, ...] = ()

    @property
    def size(self) -> int:
        """The number of findings."""
        return 1 + len(self.others)


def by_rule(
    findings: Iterable[JudgedFinding], *, within_file: bool
) -> list[FindingGroup]:
    """Group findings by rule, level and state, in the order of each group's first one.

    ``within_file``: findings in different files are different groups.
    """
    members: dict[tuple[object, ...], list[JudgedFinding]] = {}
    for judged in findings:
        key: tuple[object, ...] = (
            judged.finding.rule,
            judged.level,
            judged.state,
            judged.state_reason,
        )
        if within_file:
            key = (*key, judged.finding.location.path)
        members.setdefault(key, []).append(judged)
    return [FindingGroup(first, tuple(others)) for first, *others in members.values()]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many findings of one rule there are, and in which folders most of them are."""

    rule: str
    level: Level
    state: str
    findings: int
    folders: tuple[tuple[str, int], ...]


def count_by_rule(groups: Iterable[FindingGroup]) -> list[RuleCount]:
    """Count findings by rule and top-level folder; the worst and the most first."""
    folders: dict[tuple[str, Level, str], Counter[str]] = {}
    for group in groups:
        for judged in (group.first, *group.others):
            key = (judged.finding.rule, judged.level, judged.state)
            folders.setdefault(key, Counter())[_folder(judged)] += 1
    counts = [
        RuleCount(rule, level, state, counter.total(), tuple(counter.most_common()))
        for (rule, level, state), counter in folders.items()
    ]
    return sorted(
        counts, key=lambda c: (c.state != "active", -c.level.rank, -c.findings, c.rule)
    )


def _folder(judged: JudgedFinding) -> str:
    """Return the top-level folder of a finding, for people."""
    path = judged.finding.location.path
    if path is None:
        return "the change"
    first, slash, _ = path.partition(b"/")
    return f"{visible(first)}/" if slash else "the root"


@dataclass(frozen=True, slots=True)
class UninspectedGroup:
    """What a scanner did not inspect for the same cause: the first item, and how many."""

    scanner: str
    item: NotInspected
    paths: tuple[bytes, ...]
    size: int = 1

    @property
    def reason(self) -> str:
        """The reason for people, with the number of further items that it names."""
        if self.item.cause and self.size > 1:
            return f"{self.item.reason} ({self.size - 1} more for the same cause)"
        return self.item.reason

    @property
    def more(self) -> int:
        """The number of paths that ``named_paths`` leaves out."""
        return max(0, len(self.paths) - _MAX_PATHS)

    @property
    def named_paths(self) -> tuple[bytes, ...]:
        """The paths to show."""
        return self.paths[:_MAX_PATHS]


def uninspected(report: Report) -> Iterator[UninspectedGroup]:
    """Yield what was not inspected, each cause once, the worst kind first."""
    members: dict[tuple[str, str, str], list[NotInspected]] = {}
    for scanner, item in summary.not_inspected(report):
        key = (scanner, item.kind, item.cause or item.reason)
        members.setdefault(key, []).append(item)
    for (scanner, _, _), items in members.items():
        paths = dict.fromkeys(item.path for item in items if item.path is not None)
        yield UninspectedGroup(scanner, items[0], tuple(paths), len(items))


def inapplicable(report: Report) -> list[UninspectedGroup]:
    """Return what no scanner applies to; code without rules is one group per language."""
    groups: dict[tuple[str, str, object], list[NotInspected]] = {}
    for number, (scanner, item) in enumerate(summary.not_inspected(report)):
        if not summary.is_applicable(item):
            own_group = None if item.language_without_rules else number
            groups.setdefault((scanner, item.reason, own_group), []).append(item)
    return [
        UninspectedGroup(
            scanner,
            items[0],
            tuple(item.path for item in items if item.path is not None),
            len(items),
        )
        for (scanner, _, _), items in groups.items()
    ]


def places(findings: Sequence[JudgedFinding]) -> str:
    """Return lines and short fingerprints of findings in one file, for people."""
    parts = []
    for judged in findings:
        line = judged.finding.location.line
        name = f"line {line}" if line is not None else "the file"
        commit = judged.finding.location.commit
        if commit is not None:
            name = f"commit {visible(commit)[:12]} {name}"
        parts.append(f"{name} (id {visible(judged.fingerprint)[:12]})")
    return ", ".join(parts)
