"""Composer's registry."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate.ecosystems.registries.base import Missing, Project, parse_timestamp
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    dated_project,
    json_object,
    object_at,
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
    """Look up the package's page as JSON."""
    answer = json_object(client, index, f"/packages/{quote(key)}.json")
    if answer is None:
        return Missing()
    package = object_at(answer, "package")
    if str(package.get("name")).lower() != key.lower():
        raise RegistryError(OTHER_PACKAGE)
    abandoned = package.get("abandoned")
    project = dated_project(parse_timestamp(package.get("time")), ())
    if not abandoned:
        return project
    note = abandoned if isinstance(abandoned, str) else ""
    return Project(project.first_upload, "deprecated", note, project.no_date_reason)
