"""Cargo's registry and its web API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate.ecosystems.registries.base import Missing, Release, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
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
    releases = tuple(
        Release(
            str(version.get("num")),
            parse_timestamp(version.get("created_at")),
            bool(version.get("yanked")),
        )
        for version in objects_in(answer.get("versions"))
    )
    return dated_project(parse_timestamp(crate.get("created_at")), releases)


def _folded(name: object) -> str:
    """Return a name in the form that Cargo compares."""
    return str(name).lower().replace("_", "-")
