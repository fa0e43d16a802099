"""Checks of one version: its age, status and install scripts, and its advisories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.ecosystems.registries.base import Missing, Unverified
from zt_gate.model.finding import Severity
from zt_gate.scanners.dependencies.assessment import (
    DAY,
    FATAL,
    Assessment,
    PackageFacts,
    assessment_of_case,
    duration,
    unverified,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.base import Project, Release
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.model.rule import Rule

_MOST_IDS_SHOWN = 5


def check_release(
    dependency: Dependency,
    facts: PackageFacts,
    project: Project,
    rules: Mapping[str, Rule],
) -> Iterator[Assessment]:
    """Check the status and the scripts of the version that will be installed."""
    release = facts.release
    if release is None:
        return
    version = _version_of(release, dependency)
    status = _release_status(release)
    # The same status of the whole package is reported by another check.
    if status and project.status not in {"yanked", "deprecated"}:
        rule = rules["dependencies/withdrawn"]
        case = rule.data["versions"][status]
        note = f" (registry note: {quoted(release.note)})" if release.note else ""
        yield assessment_of_case(rule, f"{version} {case['text']}{note}", case)
    if release.scripts:
        message = f"{version} runs its own scripts when it is installed"
        yield Assessment("dependencies/install-script", message)


def _version_of(release: Release, dependency: Dependency) -> str:
    return f"version {quoted(release.version)} of {dependency.name}"


def _release_status(release: Release) -> str:
    if release.yanked:
        return "yanked"
    return "deprecated" if release.note else ""


def check_version_age(
    dependency: Dependency, facts: PackageFacts, min_days: int | None, now: float
) -> list[Assessment]:
    """Check the age of the version; ``min_days`` is 0 or None if any age is allowed."""
    if not min_days:
        return []
    title = ecosystem_named(dependency.ecosystem).registry_title
    if facts.registry is None:
        reason = facts.not_asked_reason or "its versions were not looked up"
        return [unverified(dependency, reason)]
    answer = facts.registry.answer
    if isinstance(answer, Unverified):
        return [unverified(dependency, f"{title} {answer.why}")]
    if isinstance(answer, Missing) or answer.status in FATAL:
        return []
    if facts.release is None:
        reason = f"{title} does not say which version will be installed"
        return [unverified(dependency, reason)]
    if facts.release.uploaded is None:
        reason = f"{title} publishes no upload dates of its versions"
        return [unverified(dependency, reason)]
    days = (now - facts.release.uploaded) / DAY
    if days >= min_days:
        return []
    message = (
        f"{_version_of(facts.release, dependency)} was uploaded {duration(days)} ago;"
        f" the policy requires {min_days} days"
    )
    return [Assessment("dependencies/version-too-new", message)]


def check_advisories(
    dependency: Dependency, facts: PackageFacts
) -> Iterator[Assessment]:
    """Report known malware and known vulnerabilities of the version.

    The messages are part of the findings' fingerprints.
    """
    if isinstance(facts.advisories, Unverified):
        reason = f"the advisory service {facts.advisories.why}"
        yield unverified(dependency, reason)
        return
    advisories = facts.advisories or ()
    package = f"{dependency.name} {facts.version}".strip()
    malware = [item for item in advisories if item.is_malware]
    if malware:
        message = f"{package} is known malware ({_ids(malware)})"
        yield Assessment("dependencies/malware", message)
    vulnerabilities = [
        item
        for item in advisories
        if not item.is_malware and (facts.version or item.affects_all_versions)
    ]
    if vulnerabilities:
        count = "a known vulnerability"
        if len(vulnerabilities) > 1:
            count = f"{len(vulnerabilities)} known vulnerabilities"
        yield Assessment(
            "dependencies/vulnerable",
            f"{package} has {count} ({_ids(vulnerabilities)})",
            _worst_severity(vulnerabilities),
            remedy=_remedy(dependency, facts.version, vulnerabilities),
        )


def _ids(advisories: Sequence[Advisory]) -> str:
    shown = ", ".join(ascii(item.id)[1:-1] for item in advisories[:_MOST_IDS_SHOWN])
    if len(advisories) <= _MOST_IDS_SHOWN:
        return shown
    return f"{shown} and {len(advisories) - _MOST_IDS_SHOWN} more"


def _worst_severity(advisories: Sequence[Advisory]) -> Severity:
    """Return the worst severity; an advisory without a rating counts as medium."""
    severities = [item.severity or Severity.MEDIUM for item in advisories]
    return max(severities, key=lambda severity: severity.rank)


def _remedy(
    dependency: Dependency, version: str, advisories: Sequence[Advisory]
) -> str:
    """Return which version fixes all advisories, and which advisories have no fix."""
    from zt_gate.ecosystems.version_constraints import next_version

    fixed_versions: list[str] = []
    unfixed: list[Advisory] = []
    for advisory in advisories:
        fixed = next_version(dependency.ecosystem, version, advisory.fixed_versions)
        if fixed:
            fixed_versions.append(fixed)
        else:
            unfixed.append(advisory)
    sentences: list[str] = []
    newest = next_version(dependency.ecosystem, "", fixed_versions, newest=True)
    if newest:
        sentences.append(f"Use {dependency.name} {quoted(newest)[1:-1]} or later.")
    if unfixed:
        sentences.append(
            f"There is no fixed version for {_ids(unfixed)}: use another package."
        )
    return " ".join(sentences)
