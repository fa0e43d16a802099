"""The findings of the gate itself, which no scanner makes: rules of ``rules/gate``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Location
from zt_gate.policy.policy_changes import find_policy_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule


def unreadable(
    change: ChangeSet, runs: Iterable[ScannerRun], rule: Rule
) -> Iterator[Finding]:
    """Yield one finding for each unreadable path, whichever scanners reported it.

    The subject has the object id: an approval covers this content only, not a later
    content that is unreadable, too.
    """
    reasons_by_path: dict[bytes | None, dict[str, None]] = {}
    for run in runs:
        for skip in run.not_inspected:
            if skip.kind == "unreadable":
                reasons_by_path.setdefault(skip.path, {})[skip.reason] = None
    object_ids = {
        file.path: file.new.oid for file in change.files if file.new is not None
    }
    for path, reasons in reasons_by_path.items():
        # Sorted, so that the order of the scanners does not change the fingerprint.
        text = "; ".join(sorted(reasons))
        message = f"{rule.title}: {text}"
        if path is None:
            yield rule.finding(Location("change"), message, subject=text)
        else:
            subject = f"{text} {object_ids.get(path, '')}"
            yield rule.finding(Location("file", path), message, subject=subject)


def newly_skipped(runs: Iterable[ScannerRun], rule: Rule) -> Iterator[Finding]:
    """Yield a finding for each file that a scanner no longer inspects since the change."""
    for run in runs:
        for skip in run.not_inspected:
            if skip.is_new and skip.path is not None:
                message = f"{rule.title}: {skip.reason}"
                location = Location("file", skip.path)
                yield rule.finding(location, message, subject=skip.reason)


def policy_changes(change: ChangeSet, rule: Rule) -> Iterator[Finding]:
    """Yield a finding for each file of the policy that the change touches."""
    for item in find_policy_changes(change):
        yield rule.finding(Location("file", item.path), subject=item.content)
