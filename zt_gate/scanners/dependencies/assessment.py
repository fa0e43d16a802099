"""Assessment of one dependency, and the facts that it is based on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.model.finding import Level, Severity
from zt_gate.record import dataclass
from zt_gate.syntax.addresses import without_credentials

if TYPE_CHECKING:
    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.base import Release, Unverified
    from zt_gate.ecosystems.registries.osv import Advisory
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.dependencies.name_similarity import SimilarName
    from zt_gate.scanners.dependencies.registry_answers import RegistryFacts

#: Seconds.
DAY = 86400.0
#: Registry statuses that make every other check of the package pointless.
FATAL = frozenset(("quarantined", "placeholder", "unpublished", "empty"))


@dataclass(frozen=True, slots=True)
class Assessment:
    """One problem of a dependency: the rule, and what is specific to this case."""

    rule: str
    message: str
    severity: Severity | None = None
    level: Level | None = None
    remedy: str = ""
    #: Why a package could not be checked, without its name.
    cause: str = ""


@dataclass(frozen=True, slots=True)
class PackageFacts:
    """Everything that is known about one dependency.

    ``established``: the snapshot lists the name as old and widely used.
    ``registry`` is None if no registry was asked; ``not_asked_reason`` then says
    why, unless the name is established.  ``similar_name`` is the well-known name
    that it resembles, with ``similar_name_downloads`` a week.  ``release`` is the
    version that will be installed, None if it cannot be determined.
    ``advisories`` is None if they do not apply.  ``is_new`` is False for another
    version of an existing dependency, ``audit_only`` True for a dependency that
    the change does not touch.
    """

    established: bool = False
    registry: RegistryFacts | None = None
    not_asked_reason: str = ""
    similar_name: SimilarName | None = None
    similar_name_downloads: float = 0.0
    release: Release | None = None
    advisories: tuple[Advisory, ...] | Unverified | None = None
    version: str = ""
    is_new: bool = True
    audit_only: bool = False
    #: The module of the package's name that the change imports, "" for none, and the
    #: modules that the version has, or why they are unknown.
    imported: str = ""
    modules: frozenset[str] | str = ""


def unverified(dependency: Dependency, reason: str) -> Assessment:
    """Return the assessment of a dependency that could not be checked."""
    message = f"{dependency.name} is unverified: {reason}"
    return Assessment("dependencies/unverified", message, cause=reason)


def outside_registry(dependency: Dependency, kind: str, rule: Rule) -> Assessment:
    """Return the assessment of a dependency that does not come from a registry.

    ``kind`` is a key of the table ``sources`` in the rule's data.
    """
    case: dict[str, Any] = rule.data["sources"][kind]
    name = dependency.name or quoted(without_credentials(dependency.source.target))
    return assessment_of_case(rule, f"{name} {case['text']}", case)


def assessment_of_case(rule: Rule, message: str, case: dict[str, Any]) -> Assessment:
    """Return an assessment with the severity and level of a case in the rule's data."""
    severity = Severity(case["severity"])
    return Assessment(rule.id, message, severity, Level(case["level"]))


def duration(days: float) -> str:
    """Return a number of days in words, such as ``1 day``."""
    if days < 1:
        return "less than a day"
    if days < 2:
        return "1 day"
    return f"{int(days)} days"
