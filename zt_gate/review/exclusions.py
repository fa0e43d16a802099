"""Leaves paths out of scanners, as the policy's ``exclude`` or ``--exclude`` says.

An excluded file is taken out of the scanner's change and listed in its run as
``excluded``.  Scanners of what a change may do (``ScannerInfo.can_exclude``) and the
gate's own rules always get every path.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.model.report import NotInspected
from zt_gate.policy.exclude import matches_everything
from zt_gate.record import dataclass, replace
from zt_gate.syntax.globs import GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.policy.schema import Policy
    from zt_gate.syntax.globs import Glob

BY_POLICY = "excluded by the policy"
BY_OPTION = "excluded on the command line"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One glob, and who gave it."""

    glob: Glob
    reason: str


@dataclass(frozen=True, slots=True)
class ReducedChange:
    """The part of a change that a scanner gets, and what it does not get."""

    change: ChangeSet
    excluded: tuple[NotInspected, ...] = ()

    def listed_in(self, run: ScannerRun) -> ScannerRun:
        """Return the run with the excluded paths."""
        if not self.excluded:
            return run
        return replace(run, not_inspected=(*run.not_inspected, *self.excluded))


def check_option(patterns: Sequence[str]) -> None:
    """Raise UsageError for a pattern of ``--exclude`` that is not valid."""
    for pattern in patterns:
        try:
            compile_glob(pattern)
        except GlobError as error:
            raise UsageError(f"--exclude {pattern!a}: {error}") from error
    if matches_everything(patterns):
        raise UsageError(
            "--exclude matches every path; name the folders or files to leave out"
        )


def groups_of(policy: Policy, option: Sequence[str]) -> tuple[tuple[Glob, ...], ...]:
    """Return the patterns for all scanners, and those of each scanner."""
    groups = [(*policy.exclude, *option)]
    groups += [options.get("exclude", ()) for options in policy.scanners.values()]
    return tuple(tuple(map(compile_glob, group)) for group in groups if group)


def reduced_for(
    info: ScannerInfo, change: ChangeSet, policy: Policy, option: Sequence[str]
) -> ReducedChange:
    """Return the change without the paths that are excluded for one scanner.

    A file that is renamed counts by its new path.
    """
    if not info.can_exclude:
        return ReducedChange(change)
    by_policy = (
        *policy.exclude,
        *policy.scanners.get(info.name, {}).get("exclude", ()),
    )
    patterns = [
        *(_Pattern(compile_glob(text), f"{BY_POLICY}: {text}") for text in by_policy),
        *(_Pattern(compile_glob(text), f"{BY_OPTION}: {text}") for text in option),
    ]
    if not patterns:
        return ReducedChange(change)
    excluded: dict[bytes, str] = {}
    files = _kept(change.files, patterns, excluded)
    commits = tuple(
        replace(commit, files=_kept(commit.files, patterns, excluded))
        for commit in change.commits
    )
    items = (
        NotInspected(path, "excluded", reason)
        for path, reason in sorted(excluded.items())
    )
    return ReducedChange(replace(change, files=files, commits=commits), tuple(items))


def _kept(
    files: Iterable[FileChange],
    patterns: Sequence[_Pattern],
    excluded: dict[bytes, str],
) -> tuple[FileChange, ...]:
    """Return the files that no pattern matches; add the others to ``excluded``."""
    kept = []
    for file in files:
        reason = next((p.reason for p in patterns if p.glob.matches(file.path)), "")
        if reason:
            excluded[file.path] = reason
        else:
            kept.append(file)
    return tuple(kept)
