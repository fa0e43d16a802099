"""Known vulnerabilities and malware, from a service with OSV's API.

One batch queries all packages and returns the ids of advisories.  An advisory gives
the severity and the fixed versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.registries.cvss import base_score
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.model.finding import Severity
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

#: The public service, which is not a package registry.
PUBLIC_URL = "https://api.osv.dev"
#: The most queries in one batch.
MAX_QUERIES = 1000
_MAX_PAGES = 5
_MALWARE = "MAL-"
_ADVISORY_ID_SEPARATORS = str.maketrans("", "", "-._:")
_WRONG_FORM = "returned an unexpected response format"
#: The severities by the words that advisory databases use.
SEVERITY_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}


@dataclass(frozen=True, slots=True)
class PackageQuery:
    """A package to query; ``version`` is "" if it is not known."""

    ecosystem: str
    key: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One advisory about a package.

    ``severity`` is None if unknown.  ``fixed_versions`` are as written.
    ``affects_all_versions``: no version is free of it.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity | None = None
    fixed_versions: tuple[str, ...] = ()
    affects_all_versions: bool = False
    withdrawn: bool = False

    @property
    def is_malware(self) -> bool:
        """Return whether the package itself is malicious."""
        return any(name.startswith(_MALWARE) for name in (self.id, *self.aliases))


def query_batch(
    client: Client, service: Index, packages: Sequence[PackageQuery]
) -> dict[PackageQuery, tuple[str, ...]]:
    """Return the ids of the advisories about each package; raises RegistryError."""
    ids_by_package: dict[PackageQuery, list[str]] = {
        package: [] for package in packages
    }
    waiting = [(package, "") for package in packages]
    for _ in range(_MAX_PAGES):
        if not waiting:
            return {
                package: tuple(dict.fromkeys(ids))
                for package, ids in ids_by_package.items()
            }
        queries = [_query(package, token) for package, token in waiting]
        response = client.post(service, "/v1/querybatch", {"queries": queries})
        if response.status != 200:
            raise RegistryError(f"returned HTTP status {response.status}")
        results = _results(response.json(), len(waiting))
        next_pages: list[tuple[PackageQuery, str]] = []
        for (package, _), (ids, token) in zip(waiting, results, strict=True):
            ids_by_package[package] += ids
            if token:
                next_pages.append((package, token))
        waiting = next_pages
    raise RegistryError(f"returned more than {_MAX_PAGES} pages of results")


def _query(package: PackageQuery, token: str) -> dict[str, Any]:
    ecosystem = ecosystem_named(package.ecosystem).osv_name
    query: dict[str, Any] = {"package": {"name": package.key, "ecosystem": ecosystem}}
    if package.version:
        query["version"] = package.version
    if token:
        query["page_token"] = token
    return query


def _results(answer: object, count: int) -> list[tuple[list[str], str]]:
    """Return the ids and the token of the next page for each query; raises RegistryError."""
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count:
        raise RegistryError(_WRONG_FORM)
    return [_result(result) for result in results]


def _result(result: object) -> tuple[list[str], str]:
    if not isinstance(result, dict):
        raise RegistryError(_WRONG_FORM)
    entries = result.get("vulns", [])
    if not isinstance(entries, list):
        raise RegistryError(_WRONG_FORM)
    ids: list[str] = []
    for entry in entries:
        advisory_id = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(advisory_id, str) or not advisory_id:
            raise RegistryError(_WRONG_FORM)
        ids.append(advisory_id)
    return ids, str(result.get("next_page_token") or "")


def fetch_advisory(
    client: Client, service: Index, name: str, package: PackageQuery
) -> Advisory:
    """Return the parts of one advisory that are about ``package``; raises RegistryError."""
    if not name.translate(_ADVISORY_ID_SEPARATORS).isalnum():
        raise RegistryError("returned an invalid advisory id")
    response = client.get(service, f"/v1/vulns/{name}", "application/json")
    if response.status != 200:
        raise RegistryError(f"returned HTTP status {response.status}")
    answer = response.json()
    if not isinstance(answer, dict) or answer.get("id") != name:
        raise RegistryError("returned a different advisory")
    affected = [
        entry for entry in _objects(answer.get("affected")) if _is_about(entry, package)
    ]
    events = _version_events(affected)
    fixed_versions = [str(event["fixed"]) for event in events if "fixed" in event]
    starts_at_zero = any(event.get("introduced") == "0" for event in events)
    has_end = any(
        {"fixed", "last_affected", "limit"} & event.keys() for event in events
    )
    return Advisory(
        name,
        aliases=_strings(answer.get("aliases")),
        severity=_severity(answer, affected),
        fixed_versions=tuple(dict.fromkeys(fixed_versions)),
        affects_all_versions=starts_at_zero and not has_end,
        withdrawn=bool(answer.get("withdrawn")),
    )


def _version_events(affected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the events of all version ranges; ranges of Git commits are left out."""
    events: list[dict[str, Any]] = []
    for entry in affected:
        for version_range in _objects(entry.get("ranges")):
            if version_range.get("type") != "GIT":
                events += _objects(version_range.get("events"))
    return events


def _is_about(entry: dict[str, Any], package: PackageQuery) -> bool:
    affected = entry.get("package")
    if not isinstance(affected, dict):
        return False
    ecosystem = str(affected.get("ecosystem", "")).partition(":")[0]
    if ecosystem != ecosystem_named(package.ecosystem).osv_name:
        return False
    return _folded(str(affected.get("name", ""))) == _folded(package.key)


def _folded(name: str) -> str:
    """Return a name for comparison: databases differ in case and separators."""
    return name.lower().replace("_", "-").replace(".", "-")


def _severity(
    answer: dict[str, Any], affected: list[dict[str, Any]]
) -> Severity | None:
    """Return the severity in words if there is one, else that of the highest score."""
    extensions = [entry.get("database_specific") for entry in (answer, *affected)]
    extensions += [entry.get("ecosystem_specific") for entry in affected]
    for extension in extensions:
        if not isinstance(extension, dict):
            continue
        word = str(extension.get("severity", "")).lower()
        if word in SEVERITY_WORDS:
            return SEVERITY_WORDS[word]
    scores: list[float] = []
    for entry in (answer, *affected):
        for severity in _objects(entry.get("severity")):
            score = base_score(str(severity.get("score", "")))
            if score is not None:
                scores.append(score)
    return severity_of(max(scores)) if scores else None


def severity_of(score: float) -> Severity:
    """Return the severity of a CVSS score from 0 to 10, as CVSS v3.1 defines it."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    return Severity.MEDIUM if score >= 4.0 else Severity.LOW


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(item for item in value if isinstance(item, str))
