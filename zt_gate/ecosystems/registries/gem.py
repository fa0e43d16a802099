"""The gem registry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate.ecosystems.registries.base import Missing, Release, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.release_history import (
    ReleaseRecord,
    releases_with_anomalies,
)
from zt_gate.ecosystems.registries.without_counts import (
    JSON,
    WRONG_FORM,
    dated_project,
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
    """Look up all versions."""
    response = client.get(index, f"/api/v1/versions/{quote(key)}.json", JSON)
    if response.status != 200:
        return Missing()
    versions = response.json()
    if not isinstance(versions, list) or not versions:
        raise RegistryError(WRONG_FORM)
    releases = releases_with_anomalies(
        [
            ReleaseRecord(
                Release(
                    str(version.get("number")),
                    parse_timestamp(version.get("created_at")),
                )
            )
            for version in objects_in(versions)
        ]
    )
    return dated_project(None, releases)
