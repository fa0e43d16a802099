"""The registries that are asked for existence and age only: one class each.

Each takes its registry's own API, checks that the answer is about the package
that was asked for, and dates it by its first version.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from zt_gate.ecosystems.registries.base import (
    Answer,
    Count,
    Missing,
    Project,
    Release,
    Want,
    moment_of,
)
from zt_gate.ecosystems.registries.package_index import Fault, Index

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client

_JSON = "application/json"
_WRONG_FORM = "answered in a form that it should not have"
_ANOTHER = "answered for another package"
_UNDATED = "tells no dates"
# NuGet dates what it no longer lists to the year 1900.
_LISTED_SINCE = 631152000.0
_VERSION = re.compile(rb"<version>\s{0,20}([^<\s]{1,200})\s{0,20}</version>")
_ARTIFACT = re.compile(rb"<artifactId>\s{0,20}([^<\s]{1,200})\s{0,20}</artifactId>")


@dataclass(frozen=True, slots=True)
class _Other:
    """What they have in common: nobody counts weekly downloads."""

    ecosystem: str = ""
    accept: str = _JSON
    count_age: float = 86400.0
    count_width: int = 1
    width: int = 8

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """One name a request."""
        return [[key] for key in keys]

    def counts(self, client: Client, service: Index, keys: Sequence[str]) -> Mapping[str, Count]:  # noqa: ARG002 - the protocol's
        """Count nothing."""
        return dict.fromkeys(keys)

    def used_before(self, client: Client, service: Index, key: str, moment: float) -> bool:  # noqa: ARG002 - the protocol's
        """Say no: there are no counts."""
        return False


@dataclass(frozen=True, slots=True)
class Crates(_Other):
    """Cargo's registry and its web API."""

    ecosystem: str = "cargo"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for the crate with its versions."""
        answer = _json(client, index, f"/api/v1/crates/{quote(key)}")
        if answer is None:
            return Missing()
        crate = _table(answer, "crate")
        if _folded(crate.get("name")) != _folded(key):
            raise Fault(_ANOTHER)
        releases = tuple(
            Release(str(one.get("num")), moment_of(one.get("created_at")), bool(one.get("yanked")))
            for one in _tables(answer.get("versions"))
        )
        return _project(moment_of(crate.get("created_at")), releases)


@dataclass(frozen=True, slots=True)
class GoProxy(_Other):
    """The Go module proxy protocol; its dates are those of the tagged commits."""

    ecosystem: str = "golang"
    accept: str = "text/plain"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for the versions, and for the date of the first one."""
        path = "/" + re.sub("[A-Z]", lambda match: f"!{match[0].lower()}", key)
        listed = client.get(index, f"{path}/@v/list", self.accept)
        if listed.status != 200:
            return Missing()
        if not listed.type.startswith("text/plain"):
            raise Fault(_WRONG_FORM)
        names = listed.body.decode("ascii", "replace").split()
        versions = [name for name in names if re.fullmatch(r"v\d[0-9A-Za-z.+-]{0,100}", name)]
        if len(versions) != len(names):
            raise Fault(_WRONG_FORM)
        first = min(versions, key=_numbers, default="")
        info = _json(client, index, f"{path}/@v/{first}.info" if first else f"{path}/@latest")
        if info is None:
            return Missing() if not first else _project(None, ())
        if first and info.get("Version") != first:
            raise Fault(_ANOTHER)
        return _project(moment_of(info.get("Time")), ())


@dataclass(frozen=True, slots=True)
class RubyGems(_Other):
    """The gem registry."""

    ecosystem: str = "gem"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for all versions."""
        response = client.get(index, f"/api/v1/versions/{quote(key)}.json", _JSON)
        if response.status != 200:
            return Missing()
        versions = response.json()
        if not isinstance(versions, list) or not versions:
            raise Fault(_WRONG_FORM)
        releases = tuple(
            Release(str(one.get("number")), moment_of(one.get("created_at")))
            for one in _tables(versions)
        )
        return _project(None, releases)


@dataclass(frozen=True, slots=True)
class Packagist(_Other):
    """Composer's registry."""

    ecosystem: str = "composer"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for the package's page as JSON."""
        answer = _json(client, index, f"/packages/{quote(key)}.json")
        if answer is None:
            return Missing()
        package = _table(answer, "package")
        if str(package.get("name")).lower() != key.lower():
            raise Fault(_ANOTHER)
        abandoned = package.get("abandoned")
        project = _project(moment_of(package.get("time")), ())
        if not abandoned:
            return project
        note = abandoned if isinstance(abandoned, str) else ""
        return Project(project.first_upload, "deprecated", note, project.undated)


@dataclass(frozen=True, slots=True)
class NuGet(_Other):
    """NuGet's registration index."""

    ecosystem: str = "nuget"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for the first page of versions, which may stand in a file of its own."""
        folder = f"/v3/registration5-semver1/{quote(key.lower())}"
        answer = _json(client, index, f"{folder}/index.json")
        if answer is None:
            return Missing()
        pages = _tables(answer.get("items"))
        if not pages:
            raise Fault(_WRONG_FORM)
        page: dict[str, Any] = pages[0]
        if "items" not in page:
            where = urlsplit(str(page.get("@id", ""))).path
            if not where.startswith(f"{urlsplit(index.url).path}{folder}/"):
                raise Fault("keeps its versions in another place")
            page = _json(client, index, where.removeprefix(urlsplit(index.url).path)) or {}
        entries = [_table(one, "catalogEntry") for one in _tables(page.get("items"))]
        if not entries:
            raise Fault(_WRONG_FORM)
        if any(str(entry.get("id")).lower() != key.lower() for entry in entries):
            raise Fault(_ANOTHER)
        moments = [moment_of(entry.get("published")) for entry in entries]
        known = [moment for moment in moments if moment is not None and moment > _LISTED_SINCE]
        return _project(min(known, default=None), ())


@dataclass(frozen=True, slots=True)
class Maven(_Other):
    """A Maven repository: its metadata, and the date of its first version's file."""

    ecosystem: str = "maven"
    accept: str = "application/xml, text/xml"

    def project(self, client: Client, index: Index, key: str, want: Want) -> Answer:  # noqa: ARG002 - the protocol's
        """Ask for the list of versions, then for when the first was put there."""
        group, _, artifact = key.partition(":")
        folder = f"/{quote(group.replace('.', '/'))}/{quote(artifact)}"
        response = client.get(index, f"{folder}/maven-metadata.xml", self.accept)
        if response.status != 200:
            return Missing()
        if "xml" not in response.type:
            raise Fault(_WRONG_FORM)
        named = _ARTIFACT.search(response.body)
        if named is None or named[1].decode("ascii", "replace") != artifact:
            raise Fault(_ANOTHER)
        versions = _VERSION.findall(response.body)
        if not versions:
            return Project(None, "empty")
        first = quote(versions[0].decode("utf-8", "replace"))
        file = client.get(index, f"{folder}/{first}/{quote(artifact)}-{first}.pom", "*/*")
        return _project(_moment_of_header(file.modified) if file.status == 200 else None, ())


def _json(client: Client, index: Index, path: str) -> dict[str, Any] | None:
    """Return an answer that is a JSON object, None for a 404; raises Fault."""
    response = client.get(index, path, _JSON)
    if response.status != 200:
        return None
    answer = response.json()
    if not isinstance(answer, dict):
        raise Fault(_WRONG_FORM)
    return answer


def _project(first: float | None, releases: tuple[Release, ...]) -> Project:
    dates = [one.uploaded for one in releases if one.uploaded is not None]
    moment = first if first is not None else min(dates, default=None)
    return Project(moment, undated="" if moment is not None else _UNDATED, releases=releases)


def _table(answer: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = answer.get(key)
    if not isinstance(found, dict):
        raise Fault(_WRONG_FORM)
    return found


def _tables(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _folded(name: object) -> str:
    return str(name).lower().replace("_", "-")


def _numbers(version: str) -> tuple[int, ...]:
    found: Iterable[str] = re.findall(r"\d{1,16}", version)
    return tuple(int(number) for number in found)


def _moment_of_header(value: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
