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

# NuGet gives the year 1900 as the date of unlisted versions.
_LISTED_SINCE = 631152000.0


def project(
    client: Client,
    index: Index,
    key: str,
    options: LookupOptions,  # noqa: ARG001 - part of the client signature
) -> LookupResult:
    """Look up the first page of versions, which may be a separate file."""
    folder = f"/v3/registration5-semver1/{quote(key.lower())}"
    answer = json_object(client, index, f"{folder}/index.json")
    if answer is None:
        return Missing()
    pages = objects_in(answer.get("items"))
    if not pages:
        raise RegistryError(WRONG_FORM)
    page: dict[str, Any] = pages[0]
    if "items" not in page:
        page = _separate_page(client, index, folder, page)
    versions = [
        object_at(item, "catalogEntry") for item in objects_in(page.get("items"))
    ]
    if not versions:
        raise RegistryError(WRONG_FORM)
    if any(str(version.get("id")).lower() != key.lower() for version in versions):
        raise RegistryError(OTHER_PACKAGE)
    dates = [parse_timestamp(version.get("published")) for version in versions]
    listed = [date for date in dates if date is not None and date > _LISTED_SINCE]
    return dated_project(min(listed, default=None), ())


def _separate_page(
    client: Client, index: Index, folder: str, page: dict[str, Any]
) -> dict[str, Any]:
    """Return the content of a page that the registration index only refers to."""
    base_path = urlsplit(index.url).path
    page_path = urlsplit(str(page.get("@id", ""))).path
    if not page_path.startswith(f"{base_path}{folder}/"):
        raise RegistryError("stores its version pages at an unexpected URL")
    return json_object(client, index, page_path.removeprefix(base_path)) or {}
