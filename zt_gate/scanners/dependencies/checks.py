"""What the facts about a dependency mean: findings, or why there is no verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level, Severity
from zt_gate.scanners.dependencies.manifests.base import quoted, without_credentials
from zt_gate.scanners.dependencies.registries.base import Missing, Project, Unverified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import DependencySettings
    from zt_gate.scanners.dependencies.lookup import Facts
    from zt_gate.scanners.dependencies.manifests.base import Dependency
    from zt_gate.scanners.dependencies.names import Likeness
    from zt_gate.scanners.dependencies.registries.base import Release
    from zt_gate.scanners.dependencies.registries.osv import Advisory

_DAY = 86400.0
#: How each registry is called in a message.
REGISTRIES = {
    "pypi": "the Python index",
    "npm": "the npm registry",
    "cargo": "the crates registry",
    "golang": "the Go proxy",
    "gem": "the gem registry",
    "composer": "the Composer registry",
    "nuget": "the NuGet registry",
    "maven": "the Maven repository",
}
# With one of these nothing else about the package matters.
_FATAL = frozenset(("quarantined", "placeholder", "unpublished", "empty"))
_MOST_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing to say about a dependency: which rule, and what makes this case differ."""

    rule: str
    message: str
    severity: Severity | None = None
    level: Level | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known about one dependency.

    ``vouched``: the snapshot has the name.  ``facts`` is None where nobody was
    asked; then, unless it is vouched for, ``why`` says why.  ``likeness`` is the
    well-known name that it looks like, with ``imitated`` downloads a week.
    ``release`` is the version that will be installed, None where that cannot
    be told.  ``advisories`` is None where they do not apply.  ``is_new`` is
    False for another version of a package that was there before, ``audited``
    True for one that the change does not touch.
    """

    vouched: bool = False
    facts: Facts | None = None
    why: str = ""
    likeness: Likeness | None = None
    imitated: float = 0.0
    release: Release | None = None
    advisories: tuple[Advisory, ...] | Unverified | None = None
    version: str = ""
    is_new: bool = True
    audited: bool = False


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks in their order; ``now`` is in seconds since the epoch."""

    settings: DependencySettings
    rules: Mapping[str, Rule]
    now: float

    def judge(self, dependency: Dependency, known: Known) -> list[Verdict]:
        """Say everything that is wrong with a package.

        What could not be asked comes out as ``dependencies/unverified``, once.
        """
        verdicts = list(self._package(dependency, known)) if known.is_new else []
        if not any(one.rule == "dependencies/missing" for one in verdicts):
            if not known.audited:
                verdicts += self._version_age(dependency, known)
            verdicts += self._advisories(dependency, known)
        seen = False
        kept = []
        for one in verdicts:
            if one.rule == "dependencies/unverified":
                if seen:
                    continue
                seen = True
            kept.append(one)
        return kept

    def _package(self, dependency: Dependency, known: Known) -> Iterator[Verdict]:
        """Check the package as such, whatever its version."""
        decoy = self._decoy(dependency)
        if known.vouched:
            yield from decoy
            return
        answer = known.facts.answer if known.facts is not None else Unverified(known.why)
        if isinstance(answer, Missing):
            yield self._missing(dependency, known)
            return
        if isinstance(answer, Unverified):
            who = f"{REGISTRIES[dependency.ecosystem]} " if known.facts is not None else ""
            yield unverified(dependency, f"{who}{answer.why}")
            yield from decoy
            yield from self._similar(dependency, known, None)
            return
        if answer.status != "active":
            yield self._withdrawn(dependency, answer)
        if answer.status in _FATAL:
            return
        yield from decoy
        yield from self._similar(dependency, known, answer)
        yield from self._age(dependency, answer)
        yield from self._use(dependency, known)
        yield from self._release(dependency, known, answer)
        yield from self._text(dependency, answer)

    def _missing(self, dependency: Dependency, known: Known) -> Verdict:
        where = REGISTRIES[dependency.ecosystem]
        meant = self._decoys(dependency.ecosystem).get(dependency.key, "")
        if not meant and dependency.ecosystem == "pypi":
            from zt_gate.scanners.dependencies.imports import suggestion

            meant = suggestion(self.rules, dependency.name)
        if not meant and known.likeness is not None:
            meant = known.likeness.name
        hint = f"; did you mean {meant}?" if meant else ""
        message = f"{dependency.name} does not exist in {where}{hint}"
        return Verdict("dependencies/missing", message)

    def _withdrawn(self, dependency: Dependency, project: Project) -> Verdict:
        rule = self.rules["dependencies/withdrawn"]
        case: dict[str, Any] = rule.data["statuses"][project.status]
        note = f" (it says: {quoted(project.note)})" if project.note else ""
        return _case(rule, f"{dependency.name} {case['text']}{note}", case)

    def _decoys(self, ecosystem: str) -> Mapping[str, str]:
        found: Mapping[str, str] = self.rules["dependencies/decoy"].data.get(ecosystem, {})
        return found

    def _decoy(self, dependency: Dependency) -> list[Verdict]:
        """Look the name up among those that are not what they seem; a lock only follows."""
        meant = self._decoys(dependency.ecosystem).get(dependency.key, "")
        if not meant or not dependency.direct:
            return []
        message = f"{dependency.name} is not the package that it sounds like; did you mean {meant}?"
        return [Verdict("dependencies/decoy", message, remedy=f"Use {meant}.")]

    def _similar(
        self, dependency: Dependency, known: Known, project: Project | None
    ) -> list[Verdict]:
        like = known.likeness
        if like is None or not self._is_imitation(known, project):
            return []
        message = (
            f"{dependency.name} is almost {like.name}, which is far more used;"
            f" did you mean {like.name}?"
        )
        return [Verdict("dependencies/similar-name", message)]

    def _is_imitation(self, known: Known, project: Project | None) -> bool:
        """Weigh a name against the one that it looks like, with what is known of it."""
        assert known.likeness is not None
        limits: Mapping[str, int] = self.rules["dependencies/similar-name"].data["ratio"]
        count = known.facts.downloads if known.facts is not None else None
        times = known.imitated / max(1, count) if isinstance(count, int) else None
        if known.likeness.grade == "high":
            return times is None or times >= limits["high"]
        first = project.first_upload if project is not None else None
        young = first is not None and (self.now - first) / _DAY < limits["young-days"]
        unused = isinstance(count, int) and count < limits["few-downloads"]
        return (young or unused) and (times is None or times >= limits["low"])

    def _age(self, dependency: Dependency, project: Project) -> list[Verdict]:
        least = self.settings.min_age_days
        if least <= 0:
            return []
        if project.first_upload is None:
            where = REGISTRIES[dependency.ecosystem]
            return [unverified(dependency, f"{where} {project.undated or 'tells no dates'}")]
        days = (self.now - project.first_upload) / _DAY
        if days >= least:
            return []
        message = f"{dependency.name} was first uploaded {_ago(days)} ago; {least} are wanted"
        return [Verdict("dependencies/too-new", message)]

    def _use(self, dependency: Dependency, known: Known) -> list[Verdict]:
        count = known.facts.downloads if known.facts is not None else None
        least = self.settings.min_weekly_downloads
        if count is None or least <= 0:
            return []
        if isinstance(count, Unverified):
            return [unverified(dependency, f"the download service {count.why}")]
        if count >= least:
            return []
        message = (
            f"{dependency.name} was downloaded {count} times in the last week; {least} are wanted"
        )
        return [Verdict("dependencies/few-downloads", message)]

    def _release(self, dependency: Dependency, known: Known, project: Project) -> Iterator[Verdict]:
        """Check the version that will be installed."""
        release = known.release
        if release is None:
            return
        named = f"version {quoted(release.version)} of {dependency.name}"
        cases = self.rules["dependencies/withdrawn"].data["versions"]
        note = f" (it says: {quoted(release.note)})" if release.note else ""
        kind = "yanked" if release.yanked else "deprecated" if release.note else ""
        if kind and project.status not in {"yanked", "deprecated"}:
            case = cases[kind]
            rule = self.rules["dependencies/withdrawn"]
            yield _case(rule, f"{named} {case['text']}{note}", case)
        if release.scripts:
            yield Verdict(
                "dependencies/install-script", f"{named} runs scripts of its own when installed"
            )

    def _text(self, dependency: Dependency, project: Project) -> Iterator[Verdict]:
        if project.untold:
            where = REGISTRIES[dependency.ecosystem]
            why = f"its description could not be read: {where} {project.untold}"
            yield unverified(dependency, why)
        for rule, severity, message in (project.said or ())[:_MOST_TEXTS]:
            text = f"the description of {dependency.name} is hostile: {message} ({rule})"
            yield Verdict("dependencies/hostile-text", text, Severity(severity))

    def _version_age(self, dependency: Dependency, known: Known) -> list[Verdict]:
        least = self.settings.min_version_age_days
        if not least:
            return []
        answer = known.facts.answer if known.facts is not None else None
        where = REGISTRIES[dependency.ecosystem]
        if answer is None:
            return [unverified(dependency, known.why or "nobody was asked about its versions")]
        if isinstance(answer, Unverified):
            return [unverified(dependency, f"{where} {answer.why}")]
        if isinstance(answer, Missing) or answer.status in _FATAL:
            return []
        if known.release is None:
            return [unverified(dependency, f"{where} does not tell which version fits")]
        if known.release.uploaded is None:
            return [unverified(dependency, f"{where} tells no dates of its versions")]
        days = (self.now - known.release.uploaded) / _DAY
        if days >= least:
            return []
        named = f"version {quoted(known.release.version)} of {dependency.name}"
        message = f"{named} was uploaded {_ago(days)} ago; {least} are wanted"
        return [Verdict("dependencies/version-too-new", message)]

    def _advisories(self, dependency: Dependency, known: Known) -> Iterator[Verdict]:
        told = known.advisories
        if isinstance(told, Unverified):
            yield unverified(dependency, f"the advisory service {told.why}")
            return
        named = f"{dependency.name} {known.version}".strip()
        malware = [one for one in told or () if one.is_malware]
        if malware:
            message = f"{named} is known malware ({_ids(malware)})"
            yield Verdict("dependencies/malware", message)
        others = [
            one for one in told or () if not one.is_malware and (known.version or one.everything)
        ]
        if others:
            count = "a known vulnerability" if len(others) == 1 else (
                f"{len(others)} known vulnerabilities"
            )  # fmt: skip
            yield Verdict(
                "dependencies/vulnerable",
                f"{named} has {count} ({_ids(others)})",
                _worst(others),
                remedy=_mended(dependency, known.version, others),
            )


def unverified(dependency: Dependency, why: str) -> Verdict:
    """Say that nothing is known about a dependency, and why."""
    return Verdict("dependencies/unverified", f"{dependency.name} is unverified: {why}")


def outside(dependency: Dependency, kind: str, rule: Rule) -> Verdict:
    """Say that an entry does not come from the registry; ``kind`` is a key of the rule's data."""
    case: dict[str, Any] = rule.data["sources"][kind]
    name = dependency.name or quoted(without_credentials(dependency.source.target))
    return _case(rule, f"{name} {case['text']}", case)


def _case(rule: Rule, message: str, case: dict[str, Any]) -> Verdict:
    return Verdict(rule.id, message, Severity(case["severity"]), Level(case["level"]))


def _ago(days: float) -> str:
    return "less than a day" if days < 1 else "1 day" if days < 2 else f"{int(days)} days"


def _ids(advisories: list[Advisory]) -> str:
    shown = ", ".join(ascii(one.id)[1:-1] for one in advisories[:5])
    return shown if len(advisories) <= 5 else f"{shown} and {len(advisories) - 5} more"


def _worst(advisories: list[Advisory]) -> Severity:
    """Return the worst severity; what nobody has rated counts as medium."""
    return max((one.severity or Severity.MEDIUM for one in advisories), key=lambda one: one.rank)


def _mended(dependency: Dependency, version: str, advisories: list[Advisory]) -> str:
    """Say which version mends all advisories, as far as there is one."""
    from zt_gate.scanners.dependencies.versions import later

    least = [later(dependency.ecosystem, version, one.fixed) for one in advisories]
    open_ones = [one for one, fix in zip(advisories, least, strict=True) if not fix]
    fixes = [fix for fix in least if fix]
    best = later(dependency.ecosystem, "", tuple(fixes), newest=True) if fixes else ""
    text = f"Use {dependency.name} {quoted(best)[1:-1]} or later." if best else ""
    if open_ones:
        rest = f"There is no fixed version for {_ids(open_ones)}: use another package."
        text = f"{text} {rest}".strip()
    return text
