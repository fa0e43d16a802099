"""What the facts about a dependency mean: findings, or why there is no verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.ecosystems.registries.base import Missing, Project, Unverified
from zt_gate.model.finding import Severity
from zt_gate.scanners.dependencies import version_checks
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
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import DependencySettings

_MOST_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks in their order; ``now`` is in seconds since the epoch."""

    settings: DependencySettings
    rules: Mapping[str, Rule]
    now: float

    def judge(self, dependency: Dependency, known: Known) -> list[Assessment]:
        """Say everything that is wrong with a package.

        What could not be asked comes out as ``dependencies/unverified``, once.
        """
        verdicts = list(self._package(dependency, known)) if known.is_new else []
        if not any(one.rule == "dependencies/missing" for one in verdicts):
            if not known.audited:
                least = self.settings.min_version_age_days
                verdicts += version_checks.of_age(dependency, known, least, self.now)
            verdicts += version_checks.of_advisories(dependency, known)
        seen = False
        kept = []
        for one in verdicts:
            if one.rule == "dependencies/unverified":
                if seen:
                    continue
                seen = True
            kept.append(one)
        return kept

    def _package(self, dependency: Dependency, known: Known) -> Iterator[Assessment]:
        """Check the package as such, whatever its version."""
        decoy = self._decoy(dependency)
        if known.vouched:
            yield from decoy
            return
        answer = (
            known.facts.answer if known.facts is not None else Unverified(known.why)
        )
        if isinstance(answer, Missing):
            yield self._missing(dependency, known)
            return
        if isinstance(answer, Unverified):
            where = ecosystem_named(dependency.ecosystem).registry_title
            why = answer.why if known.facts is None else f"{where} {answer.why}"
            yield unverified(dependency, why)
            yield from decoy
            yield from self._similar(dependency, known, None)
            return
        if answer.status != "active":
            yield self._withdrawn(dependency, answer)
        if answer.status in FATAL:
            return
        yield from decoy
        yield from self._similar(dependency, known, answer)
        yield from self._age(dependency, answer)
        yield from self._use(dependency, known)
        yield from version_checks.of_release(dependency, known, answer, self.rules)
        yield from self._text(dependency, answer)

    def _missing(self, dependency: Dependency, known: Known) -> Assessment:
        where = ecosystem_named(dependency.ecosystem).registry_title
        meant = self._decoys(dependency.ecosystem).get(dependency.key, "")
        if not meant and ecosystem_named(dependency.ecosystem).module_names == "own":
            from zt_gate.scanners.dependencies.imported_packages import suggestion

            meant = suggestion(self.rules, dependency.name)
        if not meant and known.likeness is not None:
            meant = known.likeness.name
        hint = f"; did you mean {meant}?" if meant else ""
        message = f"{dependency.name} does not exist in {where}{hint}"
        return Assessment("dependencies/missing", message)

    def _withdrawn(self, dependency: Dependency, project: Project) -> Assessment:
        rule = self.rules["dependencies/withdrawn"]
        case: dict[str, Any] = rule.data["statuses"][project.status]
        note = f" (it says: {quoted(project.note)})" if project.note else ""
        return case_of(rule, f"{dependency.name} {case['text']}{note}", case)

    def _decoys(self, ecosystem: str) -> Mapping[str, str]:
        found: Mapping[str, str] = self.rules["dependencies/name-confusion"].data.get(
            ecosystem, {}
        )
        return found

    def _decoy(self, dependency: Dependency) -> list[Assessment]:
        """Look the name up among those that are not what they seem; a lock only follows."""
        meant = self._decoys(dependency.ecosystem).get(dependency.key, "")
        if not meant or not dependency.direct:
            return []
        message = f"{dependency.name} is not the package that it sounds like; did you mean {meant}?"
        return [
            Assessment("dependencies/name-confusion", message, remedy=f"Use {meant}.")
        ]

    def _similar(
        self, dependency: Dependency, known: Known, project: Project | None
    ) -> list[Assessment]:
        like = known.likeness
        if like is None or not self._is_imitation(known, project):
            return []
        message = (
            f"{dependency.name} is almost {like.name}, which is far more used;"
            f" did you mean {like.name}?"
        )
        return [Assessment("dependencies/similar-name", message)]

    def _is_imitation(self, known: Known, project: Project | None) -> bool:
        """Weigh a name against the one that it looks like, with what is known of it."""
        assert known.likeness is not None
        limits: Mapping[str, int] = self.rules["dependencies/similar-name"].data[
            "ratio"
        ]
        count = known.facts.downloads if known.facts is not None else None
        times = known.imitated / max(1, count) if isinstance(count, int) else None
        if known.likeness.grade == "high":
            return times is None or times >= limits["high"]
        first = project.first_upload if project is not None else None
        young = first is not None and (self.now - first) / DAY < limits["young-days"]
        unused = isinstance(count, int) and count < limits["few-downloads"]
        return (young or unused) and (times is None or times >= limits["low"])

    def _age(self, dependency: Dependency, project: Project) -> list[Assessment]:
        least = self.settings.min_age_days
        if least <= 0:
            return []
        if project.first_upload is None:
            where = ecosystem_named(dependency.ecosystem).registry_title
            return [
                unverified(
                    dependency, f"{where} {project.no_date_reason or 'tells no dates'}"
                )
            ]
        days = (self.now - project.first_upload) / DAY
        if days >= least:
            return []
        message = (
            f"{dependency.name} was first uploaded {ago(days)} ago; {least} are wanted"
        )
        return [Assessment("dependencies/too-new", message)]

    def _use(self, dependency: Dependency, known: Known) -> list[Assessment]:
        count = known.facts.downloads if known.facts is not None else None
        least = self.settings.min_weekly_downloads
        if count is None or least <= 0:
            return []
        if isinstance(count, Unverified):
            return [unverified(dependency, f"the download service {count.why}")]
        if count >= least:
            return []
        message = (
            f"{dependency.name} was downloaded {count} times in the last week;"
            f" the policy asks for {least}"
        )
        return [Assessment("dependencies/few-downloads", message)]

    def _text(self, dependency: Dependency, project: Project) -> Iterator[Assessment]:
        if project.no_text_reason:
            where = ecosystem_named(dependency.ecosystem).registry_title
            why = f"its description could not be read: {where} {project.no_text_reason}"
            yield unverified(dependency, why)
        for rule, severity, message in (project.text_findings or ())[:_MOST_TEXTS]:
            text = (
                f"the description of {dependency.name} is hostile: {message} ({rule})"
            )
            yield Assessment("dependencies/prompt-injection", text, Severity(severity))
