"""Checks of a package: from the facts about it to assessments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.ecosystems.registries.base import Missing, Project, Unverified
from zt_gate.model.finding import Severity
from zt_gate.record import dataclass
from zt_gate.scanners.dependencies import release_anomalies, version_checks
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
    from zt_gate.ecosystems.registries.base import LookupResult
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import DependencySettings

_MOST_TEXT_FINDINGS = 3


@dataclass(frozen=True, slots=True)
class PackageChecks:
    """All checks in their order; ``now`` is in seconds since the epoch."""

    settings: DependencySettings
    rules: Mapping[str, Rule]
    now: float

    def assess(self, dependency: Dependency, facts: PackageFacts) -> list[Assessment]:
        """Return all problems of a dependency.

        What could not be checked is reported as ``dependencies/unverified``, once.
        """
        assessments: list[Assessment] = []
        if facts.is_new:
            assessments += self._check_package(dependency, facts)
        if not any(item.rule == "dependencies/missing" for item in assessments):
            if not facts.audit_only:
                min_days = self.settings.min_version_age_days
                assessments += version_checks.check_version_age(
                    dependency, facts, min_days, self.now
                )
            assessments += version_checks.check_advisories(dependency, facts)
        return _with_one_unverified(assessments)

    def _check_package(
        self, dependency: Dependency, facts: PackageFacts
    ) -> Iterator[Assessment]:
        """Check the package itself, whatever its version."""
        name_confusion = self._check_name_confusion(dependency)
        if facts.established:
            yield from name_confusion
            return
        answer: LookupResult = Unverified(facts.not_asked_reason)
        if facts.registry is not None:
            answer = facts.registry.answer
        if isinstance(answer, Missing):
            yield self._missing(dependency, facts)
            return
        if isinstance(answer, Unverified):
            reason = answer.why
            if facts.registry is not None:
                reason = f"{_registry_title(dependency)} {reason}"
            yield unverified(dependency, reason)
            yield from name_confusion
            yield from self._check_similar_name(dependency, facts, None)
            return
        if answer.status != "active":
            yield self._withdrawn(dependency, answer)
        if answer.status in FATAL:
            return
        yield from name_confusion
        yield from self._check_similar_name(dependency, facts, answer)
        yield from self._check_age(dependency, answer)
        yield from self._check_downloads(dependency, facts)
        yield from version_checks.check_release(dependency, facts, answer, self.rules)
        yield from release_anomalies.check_anomalies(
            dependency, facts.release, self.rules, self.now
        )
        if facts.imported and facts.release is not None:
            from zt_gate.scanners.dependencies.imported_modules import check_modules

            version = facts.release.version
            yield from check_modules(dependency, facts.imported, version, facts.modules)
        yield from self._check_description(dependency, answer)

    def unknown_history(self, facts: PackageFacts) -> str:
        """Return why the releases of a new package could not be compared, "" if they could."""
        if not facts.is_new or facts.established or facts.registry is None:
            return ""
        answer = facts.registry.answer
        if not isinstance(answer, Project) or answer.status in FATAL:
            return ""
        return release_anomalies.unknown_history(
            answer, facts.release, self.rules, self.now
        )

    def _missing(self, dependency: Dependency, facts: PackageFacts) -> Assessment:
        intended = self._intended_name(dependency, facts)
        hint = f"; did you mean {intended}?" if intended else ""
        title = _registry_title(dependency)
        message = f"{dependency.name} does not exist in {title}{hint}"
        return Assessment("dependencies/missing", message)

    def _intended_name(self, dependency: Dependency, facts: PackageFacts) -> str:
        """Return the package that was probably meant by a name, "" for no suggestion."""
        intended = self._confused_names(dependency.ecosystem).get(dependency.key, "")
        if not intended and ecosystem_named(dependency.ecosystem).module_names == "own":
            from zt_gate.scanners.dependencies.imported_packages import suggestion

            intended = suggestion(self.rules, dependency.name)
        if not intended and facts.similar_name is not None:
            intended = facts.similar_name.name
        return intended

    def _withdrawn(self, dependency: Dependency, project: Project) -> Assessment:
        rule = self.rules["dependencies/withdrawn"]
        case: dict[str, Any] = rule.data["statuses"][project.status]
        note = f" (registry note: {quoted(project.note)})" if project.note else ""
        message = f"{dependency.name} {case['text']}{note}"
        return assessment_of_case(rule, message, case)

    def _confused_names(self, ecosystem: str) -> Mapping[str, str]:
        """Return the packages meant by names that belong to other packages."""
        rule = self.rules["dependencies/name-confusion"]
        names: Mapping[str, str] = rule.data.get(ecosystem, {})
        return names

    def _check_name_confusion(self, dependency: Dependency) -> list[Assessment]:
        """Check a directly named package; a lock file only repeats its dependents' choice."""
        intended = self._confused_names(dependency.ecosystem).get(dependency.key, "")
        if not intended or not dependency.direct:
            return []
        message = (
            f"{dependency.name} is not the package that its name suggests;"
            f" did you mean {intended}?"
        )
        remedy = f"Use {intended}."
        return [Assessment("dependencies/name-confusion", message, remedy=remedy)]

    def _check_similar_name(
        self, dependency: Dependency, facts: PackageFacts, project: Project | None
    ) -> list[Assessment]:
        similar = facts.similar_name
        if similar is None or not self._is_imitation(facts, project):
            return []
        message = (
            f"{dependency.name} resembles {similar.name}, which is far more widely used;"
            f" did you mean {similar.name}?"
        )
        if _names_repository_of(project, similar.name):
            message += f" Its repository link leads to that of {similar.name}."
        return [Assessment("dependencies/similar-name", message)]

    def _is_imitation(self, facts: PackageFacts, project: Project | None) -> bool:
        """Compare a package with the one that its name resembles, as far as facts are known."""
        assert facts.similar_name is not None
        limits: Mapping[str, int] = self.rules["dependencies/similar-name"].data[
            "ratio"
        ]
        downloads = facts.registry.downloads if facts.registry is not None else None
        ratio = None
        if isinstance(downloads, int):
            ratio = facts.similar_name_downloads / max(1, downloads)
        if facts.similar_name.grade == "high":
            return ratio is None or ratio >= limits["high"]
        if _names_repository_of(project, facts.similar_name.name):
            return ratio is None or ratio >= limits["high"]
        is_young = False
        if project is not None and project.first_upload is not None:
            days = (self.now - project.first_upload) / DAY
            is_young = days < limits["young-days"]
        is_unused = isinstance(downloads, int) and downloads < limits["few-downloads"]
        return (is_young or is_unused) and (ratio is None or ratio >= limits["low"])

    def _check_age(self, dependency: Dependency, project: Project) -> list[Assessment]:
        min_days = self.settings.min_age_days
        if min_days <= 0:
            return []
        if project.first_upload is None:
            reason = project.no_date_reason or "publishes no upload dates"
            return [unverified(dependency, f"{_registry_title(dependency)} {reason}")]
        days = (self.now - project.first_upload) / DAY
        if days >= min_days:
            return []
        message = (
            f"{dependency.name} was first uploaded {duration(days)} ago;"
            f" the policy requires {min_days} days"
        )
        return [Assessment("dependencies/too-new", message)]

    def _check_downloads(
        self, dependency: Dependency, facts: PackageFacts
    ) -> list[Assessment]:
        downloads = facts.registry.downloads if facts.registry is not None else None
        minimum = self.settings.min_weekly_downloads
        if downloads is None or minimum <= 0:
            return []
        if facts.registry is not None and facts.registry.counted_itself:
            return []
        if isinstance(downloads, Unverified):
            return [unverified(dependency, f"the download service {downloads.why}")]
        if downloads >= minimum:
            return []
        message = (
            f"{dependency.name} was downloaded {downloads} times in the last week;"
            f" the policy requires {minimum}"
        )
        return [Assessment("dependencies/few-downloads", message)]

    def _check_description(
        self, dependency: Dependency, project: Project
    ) -> Iterator[Assessment]:
        if project.no_text_reason:
            reason = f"{_registry_title(dependency)} {project.no_text_reason}"
            yield unverified(dependency, f"its description was not checked: {reason}")
        text_findings = project.text_findings or ()
        for rule, severity, text in text_findings[:_MOST_TEXT_FINDINGS]:
            message = f"the description of {dependency.name} contains hostile text: {text} ({rule})"
            yield Assessment(
                "dependencies/prompt-injection", message, Severity(severity)
            )


def _names_repository_of(project: Project | None, name: str) -> bool:
    """Return whether a package says that its source is the repository of another package."""
    if project is None or not project.repository:
        return False
    return release_anomalies.repository_name(project.repository) == name.lower()


def _registry_title(dependency: Dependency) -> str:
    return ecosystem_named(dependency.ecosystem).registry_title


def _with_one_unverified(assessments: Sequence[Assessment]) -> list[Assessment]:
    """Return the assessments without any ``unverified`` after the first one."""
    result: list[Assessment] = []
    has_unverified = False
    for item in assessments:
        if item.rule == "dependencies/unverified":
            if has_unverified:
                continue
            has_unverified = True
        result.append(item)
    return result
