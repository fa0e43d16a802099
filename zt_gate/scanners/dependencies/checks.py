"""What the facts about a dependency mean: findings, or why there is no verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level, Severity
from zt_gate.scanners.dependencies.manifests.base import quoted, without_credentials
from zt_gate.scanners.dependencies.registries.base import Missing, Project, Unverified

if TYPE_CHECKING:
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import DependencySettings
    from zt_gate.scanners.dependencies.lookup import Facts
    from zt_gate.scanners.dependencies.manifests.base import Dependency

_DAY = 86400.0
_REGISTRIES = {"pypi": "the Python index", "npm": "the npm registry"}
# With one of these nothing else about the package matters.
_FATAL = frozenset(("quarantined", "placeholder", "unpublished", "empty"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing to say about a dependency: which rule, and what makes this case differ."""

    rule: str
    message: str
    severity: Severity | None = None
    level: Level | None = None


def judge(
    dependency: Dependency, facts: Facts, settings: DependencySettings, rule: Rule, now: float
) -> list[Verdict]:
    """Say everything that is wrong with a package, in the order of the checks.

    ``rule`` is ``dependencies/withdrawn`` (its data says what a status means),
    ``now`` is in seconds since the epoch.  What could not be asked comes out
    as ``dependencies/unverified``.
    """
    where = _REGISTRIES[dependency.ecosystem]
    answer = facts.answer
    if isinstance(answer, Unverified):
        return [unverified(dependency, f"{where} {answer.why}")]
    if isinstance(answer, Missing):
        message = f"{dependency.name} does not exist in {where}"
        return [Verdict("dependencies/missing", message)]
    found = [_withdrawn(dependency, answer, rule)] if answer.status != "active" else []
    if answer.status in _FATAL:
        return found
    return found + _age(dependency, answer, settings, now) + _use(dependency, facts, settings)


def unverified(dependency: Dependency, why: str) -> Verdict:
    """Say that nothing is known about a dependency, and why."""
    return Verdict("dependencies/unverified", f"{dependency.name} is unverified: {why}")


def outside(dependency: Dependency, kind: str, rule: Rule) -> Verdict:
    """Say that an entry does not come from the registry; ``kind`` is a key of the rule's data."""
    case: dict[str, Any] = rule.data["sources"][kind]
    name = dependency.name or quoted(without_credentials(dependency.source.target))
    return _case(rule, f"{name} {case['text']}", case)


def _withdrawn(dependency: Dependency, project: Project, rule: Rule) -> Verdict:
    case: dict[str, Any] = rule.data["statuses"][project.status]
    note = f" (it says: {quoted(project.note)})" if project.note else ""
    return _case(rule, f"{dependency.name} {case['text']}{note}", case)


def _case(rule: Rule, message: str, case: dict[str, Any]) -> Verdict:
    return Verdict(rule.id, message, Severity(case["severity"]), Level(case["level"]))


def _age(
    dependency: Dependency, project: Project, settings: DependencySettings, now: float
) -> list[Verdict]:
    if settings.min_age_days <= 0:
        return []
    where = _REGISTRIES[dependency.ecosystem]
    if project.first_upload is None:
        return [unverified(dependency, f"{where} {project.undated or 'tells no dates'}")]
    days = (now - project.first_upload) / _DAY
    if days >= settings.min_age_days:
        return []
    age = "less than a day" if days < 1 else "1 day" if days < 2 else f"{int(days)} days"
    message = f"{dependency.name} was first uploaded {age} ago; {settings.min_age_days} are wanted"
    return [Verdict("dependencies/too-new", message)]


def _use(dependency: Dependency, facts: Facts, settings: DependencySettings) -> list[Verdict]:
    count = facts.downloads
    if count is None or settings.min_weekly_downloads <= 0:
        return []
    if isinstance(count, Unverified):
        return [unverified(dependency, f"the download service {count.why}")]
    if count >= settings.min_weekly_downloads:
        return []
    message = (
        f"{dependency.name} was downloaded {count} times in the last week;"
        f" {settings.min_weekly_downloads} are wanted"
    )
    return [Verdict("dependencies/few-downloads", message)]
