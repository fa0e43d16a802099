"""The versions in a packument of npm: their dates, scripts, publishers and provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.base import Release, parse_timestamp
from zt_gate.ecosystems.registries.release_history import (
    ReleaseRecord,
    releases_with_anomalies,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTALL_SCRIPTS = ("preinstall", "install", "postinstall")
_MAX_NOTE = 300
_MAX_ADDRESS = 300


def releases_of(packument: Mapping[str, Any]) -> tuple[Release, ...]:
    """Return all versions of a packument."""
    versions = packument.get("versions")
    if not isinstance(versions, dict):
        return ()
    time = packument.get("time")
    dates: dict[str, object] = time if isinstance(time, dict) else {}
    return releases_with_anomalies(
        [
            _record(str(number), version, dates.get(number))
            for number, version in versions.items()
        ]
    )


def _record(number: str, version: object, date: object) -> ReleaseRecord:
    runs_code = _has_install_script(version)
    release = Release(
        number,
        parse_timestamp(date),
        note=text_of(version, "deprecated")[:_MAX_NOTE],
        scripts=runs_code,
    )
    if not isinstance(version, dict):
        return ReleaseRecord(release)
    maintainers = version.get("maintainers")
    accounts = map(_account, maintainers if isinstance(maintainers, list) else ())
    return ReleaseRecord(
        release,
        _account(version.get("_npmUser")),
        frozenset(filter(None, accounts)),
        _is_attested(version),
        runs_code,
        repository_of(version),
    )


def _account(person: object) -> str:
    """Return the name of an account, "" for none."""
    return text_of(person, "name")


def _is_attested(version: Mapping[str, Any]) -> bool:
    dist = version.get("dist")
    return isinstance(dist, dict) and bool(dist.get("attestations"))


def _has_install_script(version: object) -> bool:
    if not isinstance(version, dict):
        return False
    if version.get("hasInstallScript") is True:
        return True
    scripts = version.get("scripts")
    if not isinstance(scripts, dict):
        return False
    return any(scripts.get(name) for name in _INSTALL_SCRIPTS)


def repository_of(record: Mapping[str, Any]) -> str:
    """Return the address of the source repository in a packument or a version, "" for none."""
    repository = record.get("repository")
    if isinstance(repository, dict):
        repository = repository.get("url")
    return repository[:_MAX_ADDRESS] if isinstance(repository, str) else ""


def no_publisher_reason(packument: Mapping[str, Any]) -> str:
    """Return why the publishers of the versions are unknown, "" if one is named."""
    versions = packument.get("versions")
    records = versions.values() if isinstance(versions, dict) else ()
    if any(isinstance(one, dict) and one.get("_npmUser") for one in records):
        return ""
    return "does not say who published the versions"


def text_of(version: object, key: str) -> str:
    """Return a field of a version as text, "" if it is missing or false."""
    value = version.get(key) if isinstance(version, dict) else None
    return "" if value in (None, False) else str(value)


def latest_version(packument: Mapping[str, Any]) -> str:
    """Return the version tagged "latest", or the last one in a packument without tags."""
    tags = packument.get("dist-tags")
    latest = tags.get("latest") if isinstance(tags, dict) else None
    if isinstance(latest, str):
        return latest
    versions = packument.get("versions")
    return next(reversed(versions), "") if isinstance(versions, dict) else ""
