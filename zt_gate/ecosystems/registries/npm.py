"""npm and registries that speak like it: packuments, placeholders and download counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupOptions,
    LookupResult,
    Missing,
    Project,
    Release,
    Status,
    join_texts,
    parse_timestamp,
)
from zt_gate.ecosystems.registries.package_index import (
    Index,
    RegistryError,
    ResponseTooLargeError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client

_FULL = "application/json"
_MOST_NAMES = 128
_PLACEHOLDER = re.compile(r"-security(?:\.\d{1,5})?\Z")
_MOST_NOTE = 300
_INSTALL = ("preinstall", "install", "postinstall")
_WRONG_FORM = "returned an unexpected response format"


@dataclass(frozen=True, slots=True)
class Npm:
    """The client of packuments and of the download counts."""

    ecosystem: str = "npm"
    accept: str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
    count_age: float = 86400.0
    count_width: int = 4
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Ask for the short form; for the long one only where its dates or texts matter.

        What was last modified before ``options.recent`` was also created before.
        """
        if options.text or options.releases:
            try:
                full = _packument(client, index, key, _FULL)
            except ResponseTooLargeError as fault:
                return self._short_first(client, index, key, options, str(fault))
            return Missing() if full is None else _described(full, _created(full))
        return self._short_first(client, index, key, options, "")

    def _short_first(
        self,
        client: Client,
        index: Index,
        key: str,
        options: LookupOptions,
        too_large: str,
    ) -> LookupResult:
        """Look at the short form first; ``too_large`` says that the long one cannot be read."""
        try:
            short = _packument(client, index, key, self.accept)
        except ResponseTooLargeError:
            return _latest_only(client, index, key)
        if short is None:
            if too_large:
                raise RegistryError(
                    "has abbreviated but no full metadata for the package"
                )
            return Missing()
        modified = parse_timestamp(short.get("modified"))
        suspect = _PLACEHOLDER.search(_latest(short)) is not None
        complete = isinstance(short.get("time"), dict)
        if (
            not complete
            and not suspect
            and modified is not None
            and modified < options.recent
        ):
            return _described(short, modified)
        if complete:
            return _described(short, _created(short))
        try:
            full = None if too_large else _packument(client, index, key, _FULL)
        except ResponseTooLargeError as fault:
            too_large = str(fault)
            full = None
        if too_large:
            status, note = _status(short)
            untold = too_large if options.text else ""
            return Project(
                None, status, note, too_large, oversized=True, no_text_reason=untold
            )
        if full is None:
            raise RegistryError("has abbreviated but no full metadata for the package")
        return _described(full, _created(full))

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """128 names at most; scoped ones alone."""
        plain = [key for key in keys if not key.startswith("@")]
        groups = [plain[n : n + _MOST_NAMES] for n in range(0, len(plain), _MOST_NAMES)]
        return groups + [[key] for key in keys if key.startswith("@")]

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Ask for last week's downloads."""
        return _points(client, service, "last-week", keys)

    def used_before(
        self, client: Client, service: Index, key: str, moment: float
    ) -> bool:
        """Ask for the downloads of the week that ended at ``moment``."""
        end = datetime.fromtimestamp(moment, UTC).date()
        period = f"{end - timedelta(days=6)}:{end}"
        count = _points(client, service, period, [key]).get(key)
        return isinstance(count, int) and count > 0


def _points(
    client: Client, service: Index, period: str, keys: Sequence[str]
) -> dict[str, DownloadCount]:
    response = client.get(service, f"/downloads/point/{period}/{','.join(keys)}", _FULL)
    if response.status != 200:
        if len(keys) > 1:
            raise RegistryError(f"returned HTTP status {response.status}")
        return dict.fromkeys(keys)
    answer = response.json()
    if not isinstance(answer, dict):
        raise RegistryError(_WRONG_FORM)
    entries = {keys[0]: answer} if len(keys) == 1 else answer
    found: dict[str, DownloadCount] = {}
    for key in keys:
        entry = entries.get(key, False)
        if entry is None:  # known to the service as a name without a count
            found[key] = None
            continue
        count = entry.get("downloads") if isinstance(entry, dict) else None
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise RegistryError(_WRONG_FORM)
        if entry.get("package") != key:
            raise RegistryError("returned data for a different package")
        found[key] = count
    return found


def _packument(
    client: Client, index: Index, key: str, accept: str
) -> dict[str, Any] | None:
    response = client.get(index, f"/{key.replace('/', '%2f')}", accept)
    if response.status != 200:
        return None
    answer = response.json()
    if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
        raise RegistryError(_WRONG_FORM)
    if answer["name"] != key:
        raise RegistryError("returned data for a different package")
    time = answer.get("time")
    gone = isinstance(time, dict) and "unpublished" in time
    if not isinstance(answer.get("versions"), dict) and not gone:
        raise RegistryError(_WRONG_FORM)
    return answer


def _latest_only(client: Client, index: Index, key: str) -> LookupResult:
    """Ask for the newest version alone, where even the short form is too large."""
    response = client.get(index, f"/{key.replace('/', '%2f')}/latest", _FULL)
    answer = response.json() if response.status == 200 else None
    if not isinstance(answer, dict) or answer.get("name") != key:
        raise ResponseTooLargeError("returned more than 8 MB")
    deprecated = answer.get("deprecated")
    status: Status = "deprecated" if deprecated else "active"
    note = str(deprecated or "")
    return Project(None, status, note, "returned more than 8 MB", oversized=True)


def _described(packument: dict[str, Any], created: float | None) -> Project:
    status, note = _status(packument)
    undated = "" if created is not None else "provides no dates"
    full = isinstance(packument.get("time"), dict)
    newest = (packument.get("versions") or {}).get(_latest(packument))
    about = packument.get("description") or _text(newest, "description")
    return Project(
        created,
        status,
        note,
        undated,
        releases=_releases(packument),
        latest=_latest(packument),
        text=join_texts(about, packument.get("readme")) if full else None,
    )


def _releases(packument: dict[str, Any]) -> tuple[Release, ...]:
    time = packument.get("time")
    dates: dict[str, object] = time if isinstance(time, dict) else {}
    versions = packument.get("versions")
    return tuple(
        Release(
            str(number),
            parse_timestamp(dates.get(number)),
            note=_text(version, "deprecated")[:_MOST_NOTE],
            scripts=_runs_scripts(version),
        )
        for number, version in (versions if isinstance(versions, dict) else {}).items()
    )


def _runs_scripts(version: object) -> bool:
    if not isinstance(version, dict):
        return False
    scripts = version.get("scripts")
    named = isinstance(scripts, dict) and any(scripts.get(name) for name in _INSTALL)
    return named or version.get("hasInstallScript") is True


def _status(packument: dict[str, Any]) -> tuple[Status, str]:
    time = packument.get("time")
    if isinstance(time, dict) and "unpublished" in time:
        return "unpublished", ""
    versions = packument["versions"]
    if not versions:
        return "empty", ""
    latest = _latest(packument)
    newest = versions.get(latest)
    described = str(packument.get("description") or _text(newest, "description"))
    if _PLACEHOLDER.search(latest) and "security holding package" in described.lower():
        return "placeholder", ""
    deprecated = _text(newest, "deprecated")
    return ("deprecated", deprecated) if deprecated else ("active", "")


def _text(version: object, key: str) -> str:
    value = version.get(key) if isinstance(version, dict) else None
    return "" if value in (None, False) else str(value)


def _latest(packument: dict[str, Any]) -> str:
    tags = packument.get("dist-tags")
    latest = tags.get("latest") if isinstance(tags, dict) else None
    if isinstance(latest, str):
        return latest
    versions = packument.get("versions")
    return next(reversed(versions), "") if isinstance(versions, dict) else ""


def _created(packument: dict[str, Any]) -> float | None:
    """Return ``time.created``, or the earliest version where a mirror leaves it out."""
    time = packument.get("time")
    if not isinstance(time, dict):
        return None
    created = parse_timestamp(time.get("created"))
    if created is not None:
        return created
    others = [
        parse_timestamp(value) for key, value in time.items() if key != "modified"
    ]
    return min((moment for moment in others if moment is not None), default=None)
