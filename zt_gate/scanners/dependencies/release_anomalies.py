"""Check of a recent release against the package's earlier releases: signs of a takeover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import quoted
from zt_gate.model.finding import Level, Severity
from zt_gate.scanners.dependencies.assessment import DAY, Assessment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.ecosystems.manifests.base import Dependency
    from zt_gate.ecosystems.registries.base import Anomaly, Project, Release
    from zt_gate.model.rule import Rule

RULE = "dependencies/unusual-release"
_DAYS_OF_YEAR = 365
#: So many strong signs together raise the finding to the level for combinations.
_COMBINATION = 2


def check_anomalies(
    dependency: Dependency,
    release: Release | None,
    rules: Mapping[str, Rule],
    now: float,
) -> Iterator[Assessment]:
    """Report what differs in the release that will be installed, if it is recent.

    What many people have installed for months is no news.  The message is part of the
    finding's fingerprint.
    """
    if release is None or release.uploaded is None or not release.anomalies:
        return
    data = rules[RULE].data
    if (now - release.uploaded) / DAY > data["recent"]["days"]:
        return
    texts = [_text(anomaly, data["signs"]) for anomaly in release.anomalies]
    version = f"version {quoted(release.version)} of {dependency.name}"
    message = f"{version} differs from the earlier ones: {'; '.join(texts)}"
    if _is_combination(release.anomalies, data["signs"]):
        case: Mapping[str, str] = data["combined"]
        yield Assessment(
            RULE, message, Severity(case["severity"]), Level(case["level"])
        )
    else:
        yield Assessment(RULE, message)


def _is_combination(
    anomalies: Sequence[Anomaly], signs: Mapping[str, Mapping[str, Any]]
) -> bool:
    strong = [anomaly for anomaly in anomalies if signs[anomaly.kind]["strong"]]
    return len(strong) >= _COMBINATION


def _text(anomaly: Anomaly, signs: Mapping[str, Mapping[str, Any]]) -> str:
    detail = quoted(anomaly.detail)
    if anomaly.kind == "gap":
        detail = f"{int(anomaly.detail) // _DAYS_OF_YEAR} years"
    text: str = signs[anomaly.kind]["text"]
    return text.replace("*", detail)


def unknown_history(
    project: Project, release: Release | None, rules: Mapping[str, Rule], now: float
) -> str:
    """Return why a recent release could not be compared in full, "" if it could be."""
    newest = _newest_possible(project, release)
    if newest is not None and (now - newest) / DAY > rules[RULE].data["recent"]["days"]:
        return ""
    if project.oversized:
        return project.no_date_reason or "returned a record that is too large"
    return project.no_publisher_reason


def _newest_possible(project: Project, release: Release | None) -> float | None:
    """Return a time after which the release was certainly not uploaded, None if unknown."""
    if release is not None and release.uploaded is not None:
        return release.uploaded
    if any(item.uploaded is not None for item in project.releases):
        return None
    # Where no version has a date, that of the package is its last modification.
    return project.first_upload


def repository_name(address: str) -> str:
    """Return the name of the repository in an address, "" for none."""
    from zt_gate.ecosystems.registries.release_history import source_of

    return source_of(address).rpartition("/")[2]
