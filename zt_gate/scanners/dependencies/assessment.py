"""What can be said about a dependency, and what it is said from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import quoted, without_credentials
from zt_gate.model.finding import Level, Severity

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.base import Release, Unverified
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.name_similarity import SimilarName
    from zt_gate.scanners.dependencies.registry_answers import RegistryFacts

#: Seconds.
DAY = 86400.0
#: With one of these nothing else about the package matters.
FATAL = frozenset(("quarantined", "placeholder", "unpublished", "empty"))


@dataclass(frozen=True, slots=True)
class Assessment:
    """One thing to say about a dependency: which rule, and what makes this case differ."""

    rule: str
    message: str
    severity: Severity | None = None
    level: Level | None = None
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """Everything that is known about one dependency.

    ``established``: the snapshot has the name.  ``facts`` is None where nobody was
    asked; then, unless it is established for, ``why`` says why.  ``likeness`` is the
    well-known name that it looks like, with ``imitated`` downloads a week.
    ``release`` is the version that will be installed, None where that cannot
    be told.  ``advisories`` is None where they do not apply.  ``is_new`` is
    False for another version of a package that was there before, ``audited``
    True for one that the change does not touch.
    """

    established: bool = False
    facts: RegistryFacts | None = None
    why: str = ""
    similar_name: SimilarName | None = None
    imitated: float = 0.0
    release: Release | None = None
    advisories: tuple[Advisory, ...] | Unverified | None = None
    version: str = ""
    is_new: bool = True
    audited: bool = False


def unverified(dependency: Dependency, why: str) -> Assessment:
    """Say that nothing is known about a dependency, and why."""
    return Assessment(
        "dependencies/unverified", f"{dependency.name} is unverified: {why}"
    )


def outside_registry(dependency: Dependency, kind: str, rule: Rule) -> Assessment:
    """Say that an entry does not come from the registry; ``kind`` is a key of the rule's data."""
    case: dict[str, Any] = rule.data["sources"][kind]
    name = dependency.name or quoted(without_credentials(dependency.source.target))
    return assessment_of_case(rule, f"{name} {case['text']}", case)


def assessment_of_case(rule: Rule, message: str, case: dict[str, Any]) -> Assessment:
    """Return a verdict with the severity and level that the rule's data has for its case."""
    return Assessment(
        rule.id, message, Severity(case["severity"]), Level(case["level"])
    )


def duration(days: float) -> str:
    """Return how long ago something was, in words."""
    return (
        "less than a day" if days < 1 else "1 day" if days < 2 else f"{int(days)} days"
    )
