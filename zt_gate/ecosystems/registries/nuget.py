"""NuGet's registration index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from zt_gate.ecosystems.registries.base import Missing, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    WRONG_FORM,
    dated_project,
    json_object,
    object_at,
    objects_in,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import LookupOptions, LookupResult
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

# NuGet dates what it no longer lists to the year 1900.
_LISTED_SINCE = 631152000.0


def project(
    client: Client, index: Index, key: str, want: LookupOptions
) -> LookupResult:  # noqa: ARG001 - part of the client signature
    """Ask for the first page of versions, which may stand in a file of its own."""
    folder = f"/v3/registration5-semver1/{quote(key.lower())}"
    answer = json_object(client, index, f"{folder}/index.json")
    if answer is None:
        return Missing()
    pages = objects_in(answer.get("items"))
    if not pages:
        raise RegistryError(WRONG_FORM)
    page: dict[str, Any] = pages[0]
    if "items" not in page:
        where = urlsplit(str(page.get("@id", ""))).path
        if not where.startswith(f"{urlsplit(index.url).path}{folder}/"):
            raise RegistryError("stores its version pages at an unexpected URL")
        page = (
            json_object(client, index, where.removeprefix(urlsplit(index.url).path))
            or {}
        )
    entries = [object_at(one, "catalogEntry") for one in objects_in(page.get("items"))]
    if not entries:
        raise RegistryError(WRONG_FORM)
    if any(str(entry.get("id")).lower() != key.lower() for entry in entries):
        raise RegistryError(OTHER_PACKAGE)
    moments = [parse_timestamp(entry.get("published")) for entry in entries]
    known = [
        moment for moment in moments if moment is not None and moment > _LISTED_SINCE
    ]
    return dated_project(min(known, default=None), ())
