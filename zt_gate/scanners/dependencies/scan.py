"""Scan of a change for dependency findings: compare manifests, look up, assess, report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.ecosystems.manifests.base import leaves_repository
from zt_gate.ecosystems.manifests.hosts import origin
from zt_gate.ecosystems.version_constraints import pinned_version
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.record import dataclass, field
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.scanners.dependencies.dependency_findings import (
    AssessedAddition,
    findings_of,
    unverified_in,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.assessment import Assessment
    from zt_gate.scanners.dependencies.manifest_difference import (
        Addition,
        Difference,
        ManifestFinding,
    )
    from zt_gate.scanners.dependencies.package_facts import PackageFactsCollector
    from zt_gate.scanners.dependencies.registry_selection import RegistrySelection

#: Wall seconds for all lookups together, and the seconds without any answer after which
#: they are given up: an address that drops every packet delays a commit no longer.
_TOTAL_SECONDS = 20.0
_SILENT_SECONDS = 4.0
#: Seconds kept for reporting the findings before the process is killed.
_RESERVE = 0.3
#: Wall seconds for advisory lookups with ``--audit all``.
_AUDIT_SECONDS = 60.0
_MOST_NAMES = 1000
_MOST_ENTRIES = 20_000


@dataclass(slots=True)
class _LookupQueue:
    """The additions to look up, and a note for each group that was cut at its limit."""

    new: list[Addition]
    changed: list[Addition]
    audited: list[Addition]
    not_inspected: list[NotInspected] = field(default_factory=list)


def scan(
    change: ChangeSet,
    context: Context,
    start: float,
    clock: Callable[[], float] = time.time,
) -> ScannerRun:
    """Scan a change.

    ``start`` is when the scanner began (``time.monotonic()``), ``clock`` returns
    the time in seconds since the epoch.
    """
    new = difference(change, context.trusted_file, context.trusted_paths, context.rules)
    audited, unaudited = _audited_packages(change, context, new)
    not_inspected = [*new.not_inspected, *unaudited]
    assessed: list[AssessedAddition] = []
    if new.added or new.constrained or new.manifest_findings or audited:
        thorough = change.kind in {"range", "base"}
        assessed, unchecked = _assess(new, audited, context, clock(), thorough=thorough)
        not_inspected += unchecked
    findings = tuple(findings_of(assessed, context))
    not_inspected += unverified_in(assessed)
    return ScannerRun(
        "dependencies",
        "ok",
        seconds=time.monotonic() - start,
        files=len(new.manifests),
        lines=new.lines,
        findings=findings,
        not_inspected=tuple(not_inspected),
    )


def _audited_packages(
    change: ChangeSet, context: Context, new: Difference
) -> tuple[list[Addition], list[NotInspected]]:
    """Return what ``--audit all`` checks in addition to the change, and what it cannot read."""
    if not context.audit_all:
        return [], []
    from zt_gate.scanners.dependencies.resolved_versions import resolved_packages

    changed_paths = frozenset(
        path
        for file in change.files
        for path in (file.path, file.old_path)
        if path is not None
    )
    # A tree is scanned as a whole: there are no files beside those of the change.
    trusted_paths = (lambda: ()) if change.kind == "tree" else context.trusted_paths
    audited, not_inspected = resolved_packages(
        new.manifests, changed_paths, context.trusted_file, trusted_paths
    )
    return _without_local(audited, new), not_inspected


def _without_local(audited: list[Addition], new: Difference) -> list[Addition]:
    """Return the packages without those that the repository provides itself."""
    if new.tree is None:
        return audited
    from zt_gate.ecosystems.local_packages import LocatedEntry, local_entries

    located = [
        LocatedEntry(item.manifest.file.path, item.dependency) for item in audited
    ]
    local = local_entries(new.tree(), located)
    return [
        item for item, entry in zip(audited, located, strict=True) if entry not in local
    ]


def _assess(
    new: Difference,
    audited: list[Addition],
    context: Context,
    now: float,
    *,
    thorough: bool,
) -> tuple[list[AssessedAddition], list[NotInspected]]:
    """Assess all additions; ``now`` is in seconds since the epoch."""
    from zt_gate.scanners.dependencies import imports_alone
    from zt_gate.scanners.dependencies.package_checks import PackageChecks
    from zt_gate.scanners.dependencies.registry_selection import RegistrySelection
    from zt_gate.scanners.dependencies.unknown_histories import unknown_histories

    selection = RegistrySelection(context)
    assessed, wanted = _split_by_source(new, selection, context)
    collector = _facts_collector(
        context, selection, now, is_audit=bool(audited), thorough=thorough
    )
    collector.imported = new.imported
    queue = _lookup_queue(new, wanted, audited, collector)
    additions = [*queue.new, *queue.changed, *queue.audited]
    if not additions:
        return assessed, queue.not_inspected
    package_facts = collector.collect(queue.new, queue.changed, queue.audited)
    not_inspected = queue.not_inspected
    not_inspected += [
        NotInspected(None, "unverified", reason) for reason in collector.client_errors
    ]
    if collector.unknown_modules:
        from zt_gate.scanners.dependencies import imported_modules

        not_inspected += imported_modules.notes(collector.unknown_modules)
    checks = PackageChecks(context.dependencies, context.rules, now)
    not_inspected += unknown_histories(additions, package_facts, checks)
    for addition, facts in zip(additions, package_facts, strict=True):
        assessments = checks.assess(addition.dependency, facts)
        if addition.dependency.section == imports_alone.SECTION:
            path = addition.manifest.file.path
            assessments, notes = imports_alone.lowered(assessments, path)
            not_inspected += notes
        assessed += [AssessedAddition(addition, item) for item in assessments]
    if context.offline:
        reason = "known vulnerabilities were not checked: offline"
        not_inspected.append(NotInspected(None, "not_applicable", reason))
    return assessed, not_inspected


def _facts_collector(
    context: Context,
    selection: RegistrySelection,
    now: float,
    *,
    is_audit: bool,
    thorough: bool,
) -> PackageFactsCollector:
    from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
    from zt_gate.scanners.dependencies.package_facts import PackageFactsCollector

    last = context.deadline - _RESERVE
    # The time limit starts here: parsing manifests is not the registries' delay.
    began = time.monotonic()
    deadline = min(began + _TOTAL_SECONDS, last)
    audit_deadline = min(began + _AUDIT_SECONDS, last) if is_audit else deadline
    silence = ResponseTimeout(_SILENT_SECONDS)
    return PackageFactsCollector(
        context, selection, deadline, audit_deadline, now, thorough, silence
    )


def _lookup_queue(
    new: Difference,
    wanted: list[Addition],
    audited: list[Addition],
    collector: PackageFactsCollector,
) -> _LookupQueue:
    """Return the additions to look up, at most so many of each group."""
    from zt_gate.scanners.dependencies.package_paths import with_packages

    selection = collector.selection
    limited = collector.limit(wanted[:_MOST_ENTRIES], _MOST_NAMES)
    changed = [item for item in new.constrained if _is_looked_up(item, selection)]
    new_names = with_packages(limited, collector)
    changed = with_packages(changed, collector)
    covered = {_pinned(item) for item in (*new_names, *changed)}
    resolved = [
        item
        for item in audited
        if _is_looked_up(item, selection) and _pinned(item) not in covered
    ]
    not_inspected = [
        *_over_limit("new names", len(wanted) - len(new_names), _MOST_NAMES),
        *_over_limit("new versions", len(changed) - _MOST_ENTRIES, _MOST_ENTRIES),
        *_over_limit("resolved packages", len(resolved) - _MOST_ENTRIES, _MOST_ENTRIES),
    ]
    return _LookupQueue(
        new_names, changed[:_MOST_ENTRIES], resolved[:_MOST_ENTRIES], not_inspected
    )


def _split_by_source(
    new: Difference, selection: RegistrySelection, context: Context
) -> tuple[list[AssessedAddition], list[Addition]]:
    """Return the additions that are assessed without a lookup, and those to look up."""
    from zt_gate.scanners.dependencies.assessment import outside_registry

    assessed = [
        AssessedAddition(finding.addition, _of_manifest(finding, context))
        for finding in new.manifest_findings
    ]
    wanted: list[Addition] = []
    reported_indexes: set[tuple[bytes, str]] = set()
    for addition in new.added:
        entry = addition.dependency
        kind = _outside_kind(addition, selection)
        is_locked = addition.manifest.lock is not None or not entry.direct
        if kind in {"index", "host"} and is_locked:
            # A lock file repeats its index for every package: report it once.
            target = entry.source.target
            index = (
                addition.manifest.file.path,
                target if kind == "index" else origin(target),
            )
            if index in reported_indexes:
                continue
            reported_indexes.add(index)
        if kind:
            rule = context.rules["dependencies/outside-registry"]
            assessment = outside_registry(entry, kind, rule)
            assessed.append(AssessedAddition(addition, assessment))
        elif _is_looked_up(addition, selection):
            wanted.append(addition)
    return assessed, wanted


def _of_manifest(finding: ManifestFinding, context: Context) -> Assessment:
    from zt_gate.scanners.dependencies.assessment import Assessment, assessment_of_case

    if not finding.case:
        return Assessment(finding.rule, finding.message)
    rule = context.rules[finding.rule]
    return assessment_of_case(rule, finding.message, rule.data["cases"][finding.case])


def _over_limit(what: str, count: int, most: int) -> list[NotInspected]:
    """Return a note about additions over the limit, [] if there are none."""
    if count <= 0:
        return []
    reason = (
        f"{count} further {what} were not checked: the limit of one run is {most:,}"
    )
    return [NotInspected(None, "unverified", reason)]


def _pinned(addition: Addition) -> tuple[str, str, str]:
    entry = addition.dependency
    return (
        entry.ecosystem,
        entry.key,
        pinned_version(entry.ecosystem, addition.constraint),
    )


def _is_looked_up(addition: Addition, selection: RegistrySelection) -> bool:
    """Return whether a registry may have the entry."""
    entry = addition.dependency
    from_registry = entry.source.kind in {"registry", "index"}
    return bool(entry.key) and from_registry and selection.is_supported(addition)


def _outside_kind(addition: Addition, selection: RegistrySelection) -> str:
    """Return the kind of an entry's source outside the registries, "" for a registry."""
    from zt_gate.ecosystems.manifests.hosts import is_registry

    entry = addition.dependency
    source = entry.source
    if source.kind in {"url", "vcs"}:
        is_requirements_file = entry.section in {"--requirement", "--constraint"}
        return "remote" if is_requirements_file else source.kind
    if source.kind == "foreign":
        return source.kind
    if source.kind == "host":
        return "" if _is_known_host(addition, selection) else source.kind
    if source.kind == "path":
        is_outside = leaves_repository(addition.manifest.file.path, source.target)
        return "path" if is_outside else ""
    if source.kind == "index" and not (
        is_registry(entry.ecosystem, source.target)
        or selection.is_trusted_index(addition)
        or _is_locked_index(addition)
    ):
        return "index"
    return ""


def _is_locked_index(addition: Addition) -> bool:
    """Return whether the lock file took packages from the same index before the change."""
    lock, source = addition.manifest.old_lock, addition.dependency.source
    return lock is not None and any(
        entry.source == source and entry.name for entry in lock.dependencies
    )


def _is_known_host(addition: Addition, selection: RegistrySelection) -> bool:
    """Return whether the trusted side names the host of a locked file."""
    target = addition.dependency.source.target
    address = origin(target)
    lock = addition.manifest.old_lock
    locked = lock.dependencies if lock is not None else ()
    if any(
        entry.source.kind in {"host", "index"}
        and origin(entry.source.target) == address
        for entry in locked
    ):
        return True
    return selection.is_trusted_origin(addition, address)
