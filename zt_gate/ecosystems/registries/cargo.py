"""Cargo's registry and its web API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate.ecosystems.registries.base import Missing, Release, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.release_history import (
    ReleaseRecord,
    releases_with_anomalies,
)
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    dated_project,
    json_object,
    object_at,
    objects_in,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import LookupOptions, LookupResult
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index


def project(
    client: Client,
    index: Index,
    key: str,
    options: LookupOptions,  # noqa: ARG001 - part of the client signature
) -> LookupResult:
    """Look up the crate with its versions."""
    answer = json_object(client, index, f"/api/v1/crates/{quote(key)}")
    if answer is None:
        return Missing()
    crate = object_at(answer, "crate")
    if _folded(crate.get("name")) != _folded(key):
        raise RegistryError(OTHER_PACKAGE)
    records = [_record(version) for version in objects_in(answer.get("versions"))]
    releases = releases_with_anomalies(records)
    return dated_project(parse_timestamp(crate.get("created_at")), releases)


def _record(version: dict[str, Any]) -> ReleaseRecord:
    release = Release(
        str(version.get("num")),
        parse_timestamp(version.get("created_at")),
        bool(version.get("yanked")),
    )
    account = version.get("published_by")
    publisher = account.get("login") if isinstance(account, dict) else ""
    # A trusted publisher is a workflow of the repository, not an account.
    attested = bool(version.get("trustpub_data"))
    return ReleaseRecord(release, str(publisher or ""), attested=attested)


def _folded(name: object) -> str:
    """Return a name in the form that Cargo compares."""
    return str(name).lower().replace("_", "-")
