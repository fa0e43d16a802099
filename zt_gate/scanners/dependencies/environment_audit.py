"""``zt-gate audit``: known vulnerabilities of what is installed or locked, and nothing else.

No registry judges the packages, because they are no change.  A private package is
never sent to an advisory service: it is listed, with the reason.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.ecosystems.local_packages import LocatedEntry, local_entries
from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.ecosystems.manifests.reader import Reader
from zt_gate.ecosystems.registries.base import Project, Unverified
from zt_gate.ecosystems.registries.response_timeout import ResponseTimeout
from zt_gate.ecosystems.version_constraints import pinned_version
from zt_gate.model.change import MODE_FILE, FileChange
from zt_gate.model.finding import Location
from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.dependencies.additions import difference
from zt_gate.scanners.dependencies.dependency_findings import (
    AssessedAddition,
    findings_of,
)
from zt_gate.scanners.dependencies.manifest_difference import Addition, Manifest
from zt_gate.scanners.dependencies.package_checks import PackageChecks
from zt_gate.scanners.dependencies.package_facts import PackageFactsCollector
from zt_gate.scanners.dependencies.registry_selection import RegistrySelection
from zt_gate.scanners.dependencies.resolved_versions import pinned_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import SkipKind
    from zt_gate.scanners.base import Context, InstalledPackages
    from zt_gate.scanners.dependencies.assessment import PackageFacts
    from zt_gate.scanners.dependencies.manifest_difference import Difference

#: Wall seconds for the services, and the seconds without any answer from them.
_TOTAL_SECONDS = 120.0
_SILENT_SECONDS = 15.0
_RESERVE = 0.3
_MOST_PACKAGES = 20_000
_MOST_NAMES_SHOWN = 10
#: Why a package from elsewhere was not asked about, by the kind of its source.
_ELSEWHERE: dict[str, tuple[SkipKind, str]] = {
    "path": ("not_applicable", "it is installed from a folder"),
    "url": ("not_applicable", "it is installed from an address"),
    "vcs": ("not_applicable", "it is installed from a repository"),
    "foreign": ("unverified", "its archive is that of another package or version"),
}
_OWN = "the repository provides it itself"
_PRIVATE_INDEX = "it comes from a private index"


@dataclass(slots=True)
class _Audit:
    """The packages to ask about, and what is not asked or could not be read."""

    context: Context
    selection: RegistrySelection
    asked: list[Addition] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    #: How many packages were left out because of their index.
    of_other_indexes: int = 0

    def leave_out(self, addition: Addition, kind: SkipKind, reason: str) -> None:
        """List a package that is not asked about."""
        entry, path = addition.dependency, addition.manifest.file.path
        text = f"{_shown(addition)} was not asked about: {reason}"
        cause = f"{entry.ecosystem}: {reason}"
        self.not_inspected.append(NotInspected(path, kind, text, cause))

    def select(self, additions: Sequence[Addition]) -> None:
        """Sort packages into those to ask about and the others."""
        for addition in additions:
            obstacle = self.selection.advisory_obstacle(addition)
            if obstacle is None:
                self.asked.append(addition)
            else:
                self.of_other_indexes += 1
                self.leave_out(addition, *obstacle)


def audit(
    change: ChangeSet,
    context: Context,
    start: float,
    clock: Callable[[], float] = time.time,
) -> ScannerRun:
    """Audit the lock files of ``change`` and the environments of the context."""
    new = difference(change, context.trusted_file, context.trusted_paths, context.rules)
    state = _Audit(context, RegistrySelection(context))
    state.not_inspected += new.not_inspected
    manifests = [_manifest(item) for item in context.installed]
    for item in context.installed:
        state.not_inspected += _problems(item)
    state.select(_of_registries([*manifests, *new.manifests], new, state))
    _limit(state)
    assessed = _ask(state, clock()) if state.asked else []
    if state.of_other_indexes and not state.asked:
        reason = "no package was checked: all of them come from other indexes"
        state.not_inspected.append(NotInspected(None, "unverified", reason))
    environments = {item.path for item in context.installed}
    return ScannerRun(
        "dependencies",
        "ok",
        seconds=time.monotonic() - start,
        files=len(new.manifests) + len(manifests),
        lines=new.lines,
        findings=tuple(
            _without_line(finding, environments)
            for finding in findings_of(assessed, context)
        ),
        not_inspected=tuple(state.not_inspected),
    )


def _manifest(installed: InstalledPackages) -> Manifest:
    """Return an environment as a manifest with one package in each line."""
    path = installed.path
    file = FileChange(path, "M", MODE_FILE, MODE_FILE, path)
    lines: list[str] = []
    entries = []
    for number, package in enumerate(installed.environment.packages, 1):
        entry = package.entry
        text = f"{entry.name} {_version(entry.ecosystem, entry.constraint)}"
        lines.append(f"{text} ({package.place})")
        entries.append(replace(entry, line=number, end_column=1 + len(text)))
    data = "\n".join(lines).encode("utf-8", "replace")
    return Manifest(
        file, Reader("installed", lambda _path, _data: ()), data, tuple(entries)
    )


def _problems(installed: InstalledPackages) -> Iterator[NotInspected]:
    for problem in installed.environment.problems:
        yield NotInspected(installed.path, "failed", problem)


def _without_line(finding: Finding, environments: set[bytes]) -> Finding:
    """Return a finding on an environment without the line of its made-up listing."""
    path = finding.location.path
    if path not in environments:
        return finding
    return replace(finding, location=Location("file", path))


def _of_registries(
    manifests: Sequence[Manifest], new: Difference, state: _Audit
) -> list[Addition]:
    """Return the packages that registries have; the others are listed."""
    found: list[Addition] = []
    for manifest in manifests:
        if manifest.reader.name == "installed":
            found += [
                Addition(entry, manifest)
                for entry in manifest.new
                if entry.source.kind in {"registry", "index"}
            ]
        else:
            pinned, unpinned = pinned_packages([manifest])
            found += pinned
            if unpinned:
                reason = f"{unpinned} declared packages have no exact version"
                skipped = NotInspected(manifest.file.path, "not_applicable", reason)
                state.not_inspected.append(skipped)
        for entry in manifest.new:
            if entry.key and entry.source.kind in _ELSEWHERE:
                kind, reason = _ELSEWHERE[entry.source.kind]
                state.leave_out(Addition(entry, manifest), kind, reason)
    local = set()
    if new.tree is not None:
        local = local_entries(new.tree(), map(_located, found))
    for addition in found:
        if _located(addition) in local:
            state.leave_out(addition, "not_applicable", _OWN)
    return [addition for addition in found if _located(addition) not in local]


def _located(addition: Addition) -> LocatedEntry:
    return LocatedEntry(addition.manifest.file.path, addition.dependency)


def _limit(state: _Audit) -> None:
    count = len(state.asked) - _MOST_PACKAGES
    if count > 0:
        reason = f"{count:,} further packages were not checked: the limit is {_MOST_PACKAGES:,}"
        state.not_inspected.append(NotInspected(None, "unverified", reason))
        del state.asked[_MOST_PACKAGES:]


def _ask(state: _Audit, now: float) -> list[AssessedAddition]:
    """Ask the advisory services; one that is down gives one entry for all its packages."""
    context = state.context
    deadline = min(time.monotonic() + _TOTAL_SECONDS, context.deadline - _RESERVE)
    collector = PackageFactsCollector(
        context,
        state.selection,
        deadline,
        deadline,
        now,
        thorough=True,
        silence=ResponseTimeout(_SILENT_SECONDS),
    )
    context.count(0, len(state.asked))
    facts = collector.collect((), (), state.asked)
    context.count(len(state.asked), len(state.asked))
    checks = PackageChecks(context.dependencies, context.rules, now)
    assessed: list[AssessedAddition] = []
    failed: dict[str, list[Addition]] = {}
    for addition, package in zip(state.asked, facts, strict=True):
        if _is_private(package):
            state.leave_out(addition, "not_applicable", _PRIVATE_INDEX)
            continue
        fault = _fault(package)
        if fault:
            failed.setdefault(fault, []).append(addition)
            continue
        items = checks.assess(addition.dependency, package)
        assessed += [AssessedAddition(addition, item) for item in items]
    for fault, additions in failed.items():
        reason = f"{fault}: {_count(additions)} not checked: {_names(additions)}"
        state.not_inspected.append(NotInspected(None, "unverified", reason, fault))
    state.not_inspected += [
        NotInspected(None, "unverified", reason) for reason in collector.client_errors
    ]
    return assessed


def _is_private(facts: PackageFacts) -> bool:
    """Return whether a private index was asked first, and has the package."""
    registry = facts.registry
    return (
        registry is not None
        and not registry.public
        and isinstance(registry.answer, Project)
    )


def _fault(facts: PackageFacts) -> str:
    """Return why a package was not checked, "" if it was."""
    registry = facts.registry
    if registry is not None and not registry.public:
        answer = registry.answer
        why = answer.why if isinstance(answer, Unverified) else "does not have them"
        return f"the private index {why}"
    if isinstance(facts.advisories, Unverified):
        return f"the advisory service {facts.advisories.why}"
    return "" if facts.advisories is not None else "the advisory service was not asked"


def _version(ecosystem: str, constraint: str) -> str:
    return pinned_version(ecosystem, constraint) or constraint


def _shown(addition: Addition) -> str:
    entry = addition.dependency
    version = _version(entry.ecosystem, entry.constraint)
    return quoted(f"{entry.name} {version}".strip())[1:-1]


def _count(additions: Sequence[Addition]) -> str:
    return "1 package was" if len(additions) == 1 else f"{len(additions)} packages were"


def _names(additions: Sequence[Addition]) -> str:
    names = ", ".join(map(_shown, additions[:_MOST_NAMES_SHOWN]))
    return names if len(additions) <= _MOST_NAMES_SHOWN else f"{names}, …"
