"""Known vulnerabilities and malware, from a service that speaks OSV's API.

One batch asks about every package at once and is answered with ids; the
advisories behind the ids say how bad it is and what mends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.registries.cvss import base_score
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.model.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

#: The public service; no package registry.
PUBLIC_URL = "https://api.osv.dev"
#: Questions in one batch.
MAX_QUERIES = 1000
_MOST_PAGES = 5
_MALWARE = "MAL-"
_WRONG_FORM = "returned an unexpected response format"
#: How databases call a severity.
SEVERITY_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "moderate": Severity.MEDIUM,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
}


@dataclass(frozen=True, slots=True)
class PackageQuery:
    """What is asked about; ``version`` is "" where nobody knows which one it will be."""

    ecosystem: str
    key: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """One thing that is known about a package.

    ``severity`` is None where nobody says; ``fixed`` holds the versions that
    mend it, as written.  ``everything``: it is about all versions.
    """

    id: str
    aliases: tuple[str, ...] = ()
    severity: Severity | None = None
    fixed_versions: tuple[str, ...] = ()
    affects_all_versions: bool = False
    withdrawn: bool = False

    @property
    def is_malware(self) -> bool:
        """Say whether the package itself is the attack."""
        return any(name.startswith(_MALWARE) for name in (self.id, *self.aliases))


def query_batch(
    client: Client, service: Index, packages: Sequence[PackageQuery]
) -> dict[PackageQuery, tuple[str, ...]]:
    """Return the ids of what is known about each package; raises RegistryError."""
    found: dict[PackageQuery, list[str]] = {package: [] for package in packages}
    waiting = [(package, "") for package in packages]
    for _ in range(_MOST_PAGES):
        if not waiting:
            return {
                package: tuple(dict.fromkeys(ids)) for package, ids in found.items()
            }
        queries = [_query(package, token) for package, token in waiting]
        response = client.post(service, "/v1/querybatch", {"queries": queries})
        if response.status != 200:
            raise RegistryError(f"returned HTTP status {response.status}")
        results = _results(response.json(), len(waiting))
        more: list[tuple[PackageQuery, str]] = []
        for (package, _), (ids, token) in zip(waiting, results, strict=True):
            found[package] += ids
            if token:
                more.append((package, token))
        waiting = more
    raise RegistryError(f"returned more than {_MOST_PAGES} pages of results")


def _query(package: PackageQuery, token: str) -> dict[str, Any]:
    named = {
        "name": package.key,
        "ecosystem": ecosystem_named(package.ecosystem).osv_name,
    }
    query: dict[str, Any] = {"package": named}
    if package.version:
        query["version"] = package.version
    if token:
        query["page_token"] = token
    return query


def _results(answer: object, count: int) -> list[tuple[list[str], str]]:
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list) or len(results) != count:
        raise RegistryError(_WRONG_FORM)
    read = []
    for result in results:
        known = result.get("vulns", []) if isinstance(result, dict) else None
        if not isinstance(known, list):
            raise RegistryError(_WRONG_FORM)
        ids = [entry.get("id") if isinstance(entry, dict) else None for entry in known]
        texts = [one for one in ids if isinstance(one, str) and one]
        if len(texts) != len(ids):
            raise RegistryError(_WRONG_FORM)
        read.append((texts, str(result.get("next_page_token") or "")))
    return read


def fetch_advisory(
    client: Client, service: Index, name: str, package: PackageQuery
) -> Advisory:
    """Return one advisory, as far as it is about ``package``; raises RegistryError."""
    if (
        not name.replace("-", "")
        .replace(".", "")
        .replace("_", "")
        .replace(":", "")
        .isalnum()
    ):
        raise RegistryError("returned an invalid advisory id")
    response = client.get(service, f"/v1/vulns/{name}", "application/json")
    if response.status != 200:
        raise RegistryError(f"returned HTTP status {response.status}")
    answer = response.json()
    if not isinstance(answer, dict) or answer.get("id") != name:
        raise RegistryError("returned a different advisory")
    aliases = answer.get("aliases")
    affected = [
        entry for entry in _dicts(answer.get("affected")) if _is_about(entry, package)
    ]  # fmt: skip
    events = [
        event
        for entry in affected
        for span in _dicts(entry.get("ranges"))
        if span.get("type") != "GIT"
        for event in _dicts(span.get("events"))
    ]
    closed = any({"fixed", "last_affected", "limit"} & event.keys() for event in events)
    return Advisory(
        name,
        tuple(a for a in aliases if isinstance(a, str))
        if isinstance(aliases, list)
        else (),
        _severity(answer, affected),
        tuple(
            dict.fromkeys(str(event["fixed"]) for event in events if "fixed" in event)
        ),
        any(event.get("introduced") == "0" for event in events) and not closed,
        bool(answer.get("withdrawn")),
    )


def _is_about(entry: dict[str, Any], package: PackageQuery) -> bool:
    named = entry.get("package")
    if not isinstance(named, dict):
        return False
    ecosystem = str(named.get("ecosystem", "")).partition(":")[0]
    name = str(named.get("name", "")).lower().replace("_", "-").replace(".", "-")
    wanted = package.key.lower().replace("_", "-").replace(".", "-")
    return ecosystem == ecosystem_named(package.ecosystem).osv_name and name == wanted


def _severity(
    answer: dict[str, Any], affected: list[dict[str, Any]]
) -> Severity | None:
    words = [entry.get("database_specific") for entry in (answer, *affected)]
    words += [entry.get("ecosystem_specific") for entry in affected]
    for specific in words:
        word = (
            str(specific.get("severity", "")).lower()
            if isinstance(specific, dict)
            else ""
        )
        if word in SEVERITY_WORDS:
            return SEVERITY_WORDS[word]
    scores = [
        base_score(str(entry.get("score", "")))
        for holder in (answer, *affected)
        for entry in _dicts(holder.get("severity"))
    ]
    known = [score for score in scores if score is not None]
    return severity_of(max(known)) if known else None


def severity_of(score: float) -> Severity:
    """Return the word for a CVSS score from 0 to 10, as CVSS v3.1 has it."""
    if score >= 9.0:
        return Severity.CRITICAL
    if score >= 7.0:
        return Severity.HIGH
    return Severity.MEDIUM if score >= 4.0 else Severity.LOW


def _dicts(value: object) -> list[dict[str, Any]]:
    return (
        [item for item in value if isinstance(item, dict)]
        if isinstance(value, list)
        else []
    )
