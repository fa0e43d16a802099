"""npm's registry and compatible ones: package metadata (packuments) and download counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupOptions,
    LookupResult,
    Missing,
    Project,
    Status,
    join_texts,
    parse_timestamp,
)
from zt_gate.ecosystems.registries.npm_releases import (
    latest_version,
    no_publisher_reason,
    releases_of,
    repository_of,
    text_of,
)
from zt_gate.ecosystems.registries.package_index import (
    Index,
    RegistryError,
    ResponseTooLargeError,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client

_FULL = "application/json"
#: Names in one request for download counts.
_MAX_NAMES = 128
# npm's placeholder for a removed package has the version 0.0.1-security, others of the
# suffix only with this description.
_PLACEHOLDER = lazy_re.compile(r"0\.0\.1-security(?:\.\d{1,5})?\Z")
_MAYBE_PLACEHOLDER = lazy_re.compile(r"-security(?:\.\d{1,5})?\Z")
_PLACEHOLDER_TEXT = "security holding package"
_WRONG_FORM = "returned an unexpected response format"
_OTHER_PACKAGE = "returned data for a different package"
_TOO_LARGE = "returned more than 8 MB"
_NO_FULL_METADATA = "has abbreviated but no full metadata for the package"


@dataclass(frozen=True, slots=True)
class Npm:
    """The client of a registry with packuments and of its download counts."""

    ecosystem: str = "npm"
    accept: str = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8"
    count_age: float = 86400.0
    count_width: int = 4
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Look up the abbreviated packument, and the full one if its data are needed."""
        if options.text or options.releases:
            try:
                full = _packument(client, index, key, _FULL)
            except ResponseTooLargeError as error:
                return self._from_abbreviated(client, index, key, options, str(error))
            return Missing() if full is None else _described(full, _created(full))
        return self._from_abbreviated(client, index, key, options, "")

    def _from_abbreviated(
        self,
        client: Client,
        index: Index,
        key: str,
        options: LookupOptions,
        too_large: str,
    ) -> LookupResult:
        """Look up the abbreviated packument first.

        ``too_large`` is the error if the full one is already known to be too large.
        """
        try:
            abbreviated = _packument(client, index, key, self.accept)
        except ResponseTooLargeError:
            return _latest_only(client, index, key)
        if abbreviated is None:
            if too_large:
                raise RegistryError(_NO_FULL_METADATA)
            return Missing()
        if isinstance(abbreviated.get("time"), dict):
            return _described(abbreviated, _created(abbreviated))
        # A package was created no later than it was last modified.
        modified = parse_timestamp(abbreviated.get("modified"))
        may_be_placeholder = (
            _MAYBE_PLACEHOLDER.search(latest_version(abbreviated)) is not None
        )
        is_old = modified is not None and modified < options.recent
        if is_old and not may_be_placeholder:
            return _described(abbreviated, modified)
        full = None
        if not too_large:
            try:
                full = _packument(client, index, key, _FULL)
            except ResponseTooLargeError as error:
                too_large = str(error)
        if too_large:
            return _oversized(abbreviated, too_large, with_text=options.text)
        if full is None:
            raise RegistryError(_NO_FULL_METADATA)
        return _described(full, _created(full))

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Return batches of at most 128 names; a scoped name needs its own request."""
        plain = [key for key in keys if not key.startswith("@")]
        batches = [
            plain[start : start + _MAX_NAMES]
            for start in range(0, len(plain), _MAX_NAMES)
        ]
        batches += [[key] for key in keys if key.startswith("@")]
        return batches

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Return the downloads of the last week."""
        return _download_counts(client, service, "last-week", keys)

    def used_before(
        self, client: Client, service: Index, key: str, moment: float
    ) -> bool:
        """Return whether there were downloads in the week that ended at ``moment``."""
        end = datetime.fromtimestamp(moment, UTC).date()
        period = f"{end - timedelta(days=6)}:{end}"
        count = _download_counts(client, service, period, [key]).get(key)
        return isinstance(count, int) and count > 0


def _download_counts(
    client: Client, service: Index, period: str, keys: Sequence[str]
) -> dict[str, DownloadCount]:
    response = client.get(service, f"/downloads/point/{period}/{','.join(keys)}", _FULL)
    if response.status != 200:
        if len(keys) > 1 and not service.optional:
            raise RegistryError(f"returned HTTP status {response.status}")
        return dict.fromkeys(keys)
    answer = response.json()
    if not isinstance(answer, dict):
        raise RegistryError(_WRONG_FORM)
    entries = {keys[0]: answer} if len(keys) == 1 else answer
    counts: dict[str, DownloadCount] = {}
    for key in keys:
        entry = entries.get(key, False)
        # null: the service knows the name and has no count for it.
        counts[key] = None if entry is None else _count_in(entry, key)
    return counts


def _count_in(entry: object, key: str) -> int:
    """Return the count of one entry of the download service; raises RegistryError."""
    if not isinstance(entry, dict):
        raise RegistryError(_WRONG_FORM)
    count = entry.get("downloads")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise RegistryError(_WRONG_FORM)
    if entry.get("package") != key:
        raise RegistryError(_OTHER_PACKAGE)
    return count


def _packument(
    client: Client, index: Index, key: str, accept: str
) -> dict[str, Any] | None:
    """Return the packument of a package, None for a 404; raises RegistryError."""
    response = client.get(index, f"/{key.replace('/', '%2f')}", accept)
    if response.status != 200:
        return None
    packument = response.json()
    if not isinstance(packument, dict) or not isinstance(packument.get("name"), str):
        raise RegistryError(_WRONG_FORM)
    if packument["name"] != key:
        raise RegistryError(_OTHER_PACKAGE)
    has_versions = isinstance(packument.get("versions"), dict)
    if not has_versions and not _is_unpublished(packument):
        raise RegistryError(_WRONG_FORM)
    return packument


def _latest_only(client: Client, index: Index, key: str) -> LookupResult:
    """Look up the newest version alone, if even the abbreviated form is too large."""
    response = client.get(index, f"/{key.replace('/', '%2f')}/latest", _FULL)
    version = response.json() if response.status == 200 else None
    if not isinstance(version, dict) or version.get("name") != key:
        raise ResponseTooLargeError(_TOO_LARGE)
    deprecated = version.get("deprecated")
    status: Status = "deprecated" if deprecated else "active"
    note = str(deprecated or "")
    return Project(None, status, note, _TOO_LARGE, oversized=True)


def _oversized(
    abbreviated: dict[str, Any], too_large: str, *, with_text: bool
) -> Project:
    """Return a package whose full packument is too large to read."""
    status, note = _status(abbreviated)
    return Project(
        None,
        status,
        note,
        no_date_reason=too_large,
        oversized=True,
        no_text_reason=too_large if with_text else "",
    )


def _described(packument: dict[str, Any], created: float | None) -> Project:
    """Return the package of a packument; only a full one has a description."""
    status, note = _status(packument)
    latest = latest_version(packument)
    text = None
    if isinstance(packument.get("time"), dict):
        newest = (packument.get("versions") or {}).get(latest)
        summary = packument.get("description") or text_of(newest, "description")
        text = join_texts(summary, packument.get("readme"))
    return Project(
        created,
        status,
        note,
        no_date_reason="provides no dates" if created is None else "",
        releases=releases_of(packument),
        latest=latest,
        text=text,
        repository=repository_of(packument),
        no_publisher_reason=no_publisher_reason(packument),
    )


def _is_unpublished(packument: dict[str, Any]) -> bool:
    time = packument.get("time")
    return isinstance(time, dict) and "unpublished" in time


def _status(packument: dict[str, Any]) -> tuple[Status, str]:
    """Return the status of a package, and the registry's note on it."""
    if _is_unpublished(packument):
        return "unpublished", ""
    versions = packument["versions"]
    if not versions:
        return "empty", ""
    latest = latest_version(packument)
    newest = versions.get(latest)
    summary = str(packument.get("description") or text_of(newest, "description"))
    has_text = _PLACEHOLDER_TEXT in summary.lower()
    if _PLACEHOLDER.match(latest) or (has_text and _MAYBE_PLACEHOLDER.search(latest)):
        return "placeholder", ""
    deprecated = text_of(newest, "deprecated")
    return ("deprecated", deprecated) if deprecated else ("active", "")


def _created(packument: dict[str, Any]) -> float | None:
    """Return ``time.created``, or the earliest version's time if a mirror omits it."""
    time = packument.get("time")
    if not isinstance(time, dict):
        return None
    created = parse_timestamp(time.get("created"))
    if created is not None:
        return created
    dates = [parse_timestamp(value) for key, value in time.items() if key != "modified"]
    return min((date for date in dates if date is not None), default=None)
