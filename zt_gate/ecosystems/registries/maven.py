"""A Maven repository: its metadata, and the date of its first version's file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate import lazy_re
from zt_gate.ecosystems.registries.base import Missing, Project
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.without_counts import (
    OTHER_PACKAGE,
    WRONG_FORM,
    dated_project,
)

if TYPE_CHECKING:
    from zt_gate.ecosystems.registries.base import LookupOptions, LookupResult
    from zt_gate.ecosystems.registries.client import Client
    from zt_gate.ecosystems.registries.package_index import Index

_VERSION = lazy_re.compile(rb"<version>\s{0,20}([^<\s]{1,200})\s{0,20}</version>")
_ARTIFACT = lazy_re.compile(
    rb"<artifactId>\s{0,20}([^<\s]{1,200})\s{0,20}</artifactId>"
)
_ACCEPT = "application/xml, text/xml"


def project(
    client: Client,
    index: Index,
    key: str,
    options: LookupOptions,  # noqa: ARG001 - part of the client signature
) -> LookupResult:
    """Look up the list of versions, then the date of the first one."""
    group, _, artifact = key.partition(":")
    folder = f"/{quote(group.replace('.', '/'))}/{quote(artifact)}"
    response = client.get(index, f"{folder}/maven-metadata.xml", _ACCEPT)
    if response.status != 200:
        return Missing()
    if "xml" not in response.type:
        raise RegistryError(WRONG_FORM)
    artifact_element = _ARTIFACT.search(response.body)
    if (
        artifact_element is None
        or artifact_element[1].decode("ascii", "replace") != artifact
    ):
        raise RegistryError(OTHER_PACKAGE)
    versions = _VERSION.findall(response.body)
    if not versions:
        return Project(None, "empty")
    first = quote(versions[0].decode("utf-8", "replace"))
    pom_path = f"{folder}/{first}/{quote(artifact)}-{first}.pom"
    pom = client.get(index, pom_path, "*/*")
    # A page in the file's place has a date of its own.
    is_file = pom.status == 200 and pom.type != "text/html"
    uploaded = _parse_http_date(pom.modified) if is_file else None
    return dated_project(uploaded, ())


def _parse_http_date(value: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
