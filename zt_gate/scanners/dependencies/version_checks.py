"""The checks of one version: the age, status and scripts of a release, and its advisories."""

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
    Known,
    ago,
    case_of,
    unverified,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.base import Project
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.model.rule import Rule


def of_release(
    dependency: Dependency, known: Known, project: Project, rules: Mapping[str, Rule]
) -> Iterator[Assessment]:
    """Check the version that will be installed."""
    release = known.release
    if release is None:
        return
    named = f"version {quoted(release.version)} of {dependency.name}"
    cases = rules["dependencies/withdrawn"].data["versions"]
    note = f" (it says: {quoted(release.note)})" if release.note else ""
    kind = "yanked" if release.yanked else "deprecated" if release.note else ""
    if kind and project.status not in {"yanked", "deprecated"}:
        case = cases[kind]
        rule = rules["dependencies/withdrawn"]
        yield case_of(rule, f"{named} {case['text']}{note}", case)
    if release.scripts:
        yield Assessment(
            "dependencies/install-script",
            f"{named} runs scripts of its own when installed",
        )


def of_age(
    dependency: Dependency, known: Known, least: int | None, now: float
) -> list[Assessment]:
    """Check how long the version has been there; ``least`` in days, 0 or None for any."""
    if not least:
        return []
    answer = known.facts.answer if known.facts is not None else None
    where = ecosystem_named(dependency.ecosystem).registry_title
    if answer is None:
        return [
            unverified(dependency, known.why or "nobody was asked about its versions")
        ]
    if isinstance(answer, Unverified):
        return [unverified(dependency, f"{where} {answer.why}")]
    if isinstance(answer, Missing) or answer.status in FATAL:
        return []
    if known.release is None:
        return [unverified(dependency, f"{where} does not tell which version fits")]
    if known.release.uploaded is None:
        return [unverified(dependency, f"{where} tells no dates of its versions")]
    days = (now - known.release.uploaded) / DAY
    if days >= least:
        return []
    named = f"version {quoted(known.release.version)} of {dependency.name}"
    message = f"{named} was uploaded {ago(days)} ago; {least} are wanted"
    return [Assessment("dependencies/version-too-new", message)]


def of_advisories(dependency: Dependency, known: Known) -> Iterator[Assessment]:
    """Say what is known against the version."""
    told = known.advisories
    if isinstance(told, Unverified):
        yield unverified(dependency, f"the advisory service {told.why}")
        return
    named = f"{dependency.name} {known.version}".strip()
    malware = [one for one in told or () if one.is_malware]
    if malware:
        message = f"{named} is known malware ({_ids(malware)})"
        yield Assessment("dependencies/malware", message)
    others = [
        one
        for one in told or ()
        if not one.is_malware and (known.version or one.affects_all_versions)
    ]
    if others:
        count = "a known vulnerability" if len(others) == 1 else (
            f"{len(others)} known vulnerabilities"
        )  # fmt: skip
        yield Assessment(
            "dependencies/vulnerable",
            f"{named} has {count} ({_ids(others)})",
            _worst(others),
            remedy=_mended(dependency, known.version, others),
        )


def _ids(advisories: list[Advisory]) -> str:
    shown = ", ".join(ascii(one.id)[1:-1] for one in advisories[:5])
    return shown if len(advisories) <= 5 else f"{shown} and {len(advisories) - 5} more"


def _worst(advisories: list[Advisory]) -> Severity:
    """Return the worst severity; what nobody has rated counts as medium."""
    return max(
        (one.severity or Severity.MEDIUM for one in advisories),
        key=lambda one: one.rank,
    )


def _mended(dependency: Dependency, version: str, advisories: list[Advisory]) -> str:
    """Say which version mends all advisories, as far as there is one."""
    from zt_gate.ecosystems.version_constraints import next_version

    least = [
        next_version(dependency.ecosystem, version, one.fixed_versions)
        for one in advisories
    ]
    open_ones = [one for one, fix in zip(advisories, least, strict=True) if not fix]
    fixes = [fix for fix in least if fix]
    best = (
        next_version(dependency.ecosystem, "", tuple(fixes), newest=True)
        if fixes
        else ""
    )
    text = f"Use {dependency.name} {quoted(best)[1:-1]} or later." if best else ""
    if open_ones:
        rest = f"There is no fixed version for {_ids(open_ones)}: use another package."
        text = f"{text} {rest}".strip()
    return text
