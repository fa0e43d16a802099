"""PyPI and its mirrors: PEP 503, 691, 700 and 792, and the JSON API for missing dates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries import pypi_local
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
from zt_gate.ecosystems.registries.package_index import Index, RegistryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client, Response

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml")
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_MOST_NOTE = 300
_UPLOADED = "upload_time_iso_8601"
_STATUSES: dict[str, Status] = {
    "archived": "archived", "quarantined": "quarantined", "deprecated": "deprecated",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a project: when it came (seconds since the epoch), and whether it is yanked."""

    uploaded: float | None
    yanked: bool
    name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PyPI:
    """The client of the Simple API and of pypistats."""

    ecosystem: str = "pypi"
    accept: str = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
    # pypistats counts once a day and throttles near six requests at a time.
    count_age: float = 7 * 86400.0
    count_width: int = 3
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Ask the Simple API; the JSON API only where dates or texts that matter are missing."""
        if index.local:
            return pypi_local.project(index, key)
        response = client.get(index, f"/{key}/", self.accept)
        if response.status != 200:
            return Missing()
        files, status, note = _read(response, key)
        releases = _releases(files, key)
        if not files:
            return Project(None, status if status != "active" else "empty", note)
        if status == "active" and all(file.yanked for file in files):
            status = "yanked"
        dates = [file.uploaded for file in files if file.uploaded is not None]
        dated = len(dates) == len(files) or (dates and min(dates) < options.recent)
        project = Project(
            min(dates) if dated else None, status, note, releases=releases
        )
        undated = options.releases and len(dates) < len(files)
        if dated and not options.text and not undated:
            return project
        return _completed(project, client, index, key, options)

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """One name a request."""
        return [[key] for key in keys]

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Ask pypistats for last week's downloads."""
        found: dict[str, DownloadCount] = {}
        for key in keys:
            response = client.get(
                service, f"/api/packages/{key}/recent", "application/json"
            )
            if response.status != 200:
                found[key] = None
                continue
            answer = response.json()
            data = answer.get("data") if isinstance(answer, dict) else None
            count = data.get("last_week") if isinstance(data, dict) else None
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise RegistryError("returned an unexpected response format")
            if normalise("pypi", str(answer.get("package"))) != key:
                raise RegistryError("returned data for a different package")
            found[key] = count
        return found

    def used_before(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        key: str,  # noqa: ARG002
        moment: float,  # noqa: ARG002
    ) -> bool:
        """Say no: pypistats gives no figures for a week of one's choice."""
        return False


def _read(response: Response, key: str) -> tuple[list[_File], Status, str]:
    if response.type in _HTML:
        from zt_gate.ecosystems.registries.pypi_html import read_page

        page = read_page(response.body, key)
        files = [
            _File(parse_timestamp(f.uploaded), f.yanked, f.name) for f in page.files
        ]
        return files, _STATUSES.get(page.status, "active"), page.reason
    if response.type not in {_JSON, "application/json"}:
        raise RegistryError("returned a response that is not an index page")
    answer = response.json()
    files_listed = answer.get("files") if isinstance(answer, dict) else None
    if not isinstance(files_listed, list) or not isinstance(answer.get("name"), str):
        raise RegistryError("returned an unexpected response format")
    if normalise("pypi", answer["name"]) != key:
        raise RegistryError("returned data for a different package")
    if not all(
        isinstance(f, dict) and isinstance(f.get("filename"), str) for f in files_listed
    ):
        raise RegistryError("returned an unexpected response format")
    status = answer.get("project-status")
    word, note = "", ""
    if isinstance(status, dict):
        word, note = str(status.get("status", "")), str(status.get("reason") or "")
    files = [
        _File(
            parse_timestamp(f.get("upload-time")),
            bool(f.get("yanked")),
            f["filename"],
            _note(f),
        )
        for f in files_listed
    ]
    return files, _STATUSES.get(word, "active"), note


def _note(file: dict[str, Any]) -> str:
    reason = file.get("yanked") or file.get("yanked_reason")
    return reason[:_MOST_NOTE] if isinstance(reason, str) else ""


def _releases(files: Iterable[_File], key: str) -> tuple[Release, ...]:
    """Put files together to versions; one is yanked where all its files are."""
    found: dict[str, list[_File]] = {}
    for file in files:
        found.setdefault(_version(file.name, key), []).append(file)
    found.pop("", None)
    return tuple(
        Release(
            version,
            min((f.uploaded for f in own if f.uploaded is not None), default=None),
            all(f.yanked for f in own),
            own[0].note,
        )
        for version, own in found.items()
    )


def _version(name: str, key: str) -> str:
    """Return the version in a file's name, "" where it cannot be told."""
    if name.endswith(".whl"):
        parts = name.split("-")
        return parts[1] if len(parts) >= 5 else ""
    stem = next((name.removesuffix(end) for end in _SOURCES if name.endswith(end)), "")
    head, mark, rest = (
        stem[: len(key)],
        stem[len(key) : len(key) + 1],
        stem[len(key) + 1 :],
    )
    return rest if mark == "-" and normalise("pypi", head) == key else ""


def _completed(
    project: Project, client: Client, index: Index, key: str, options: LookupOptions
) -> Project:
    """Add what the JSON API knows; what it does not say stays as it is, with its why."""
    try:
        answer = _beside(client, index, key)
    except RegistryError as fault:
        why = str(fault)
        undated = "" if project.first_upload is not None else (
            f"provides no upload dates, and its JSON API {why}"
        )  # fmt: skip
        # A mirror without the JSON API has no descriptions: nothing to ask for.
        untold = why if options.text and not isinstance(fault, _NoneError) else ""
        return replace(project, no_date_reason=undated, no_text_reason=untold)
    info, releases = answer
    first, undated = project.first_upload, ""
    if first is None:
        try:
            first = _earliest(
                file.get(_UPLOADED) for own in releases.values() for file in own
            )
        except RegistryError as fault:
            undated = f"provides no upload dates, and its JSON API {fault}"
    text = (
        join_texts(info.get("summary"), info.get("description"))
        if options.text
        else None
    )
    return replace(
        project,
        first_upload=first,
        no_date_reason=undated,
        text=text,
        releases=_dated(project.releases, releases),
    )


def _dated(
    known: tuple[Release, ...], listed: dict[str, list[dict[str, Any]]]
) -> tuple[Release, ...]:
    """Return the releases with the dates that only the JSON API has."""
    if known and all(release.uploaded is not None for release in known):
        return known
    return tuple(
        Release(
            version,
            min(
                filter(None, (parse_timestamp(file.get(_UPLOADED)) for file in own)),
                default=None,
            ),
            all(bool(f.get("yanked")) for f in own),
            _note({"yanked": own[0].get("yanked_reason")}),
        )
        for version, own in listed.items()
        if own
    )


class _NoneError(RegistryError):
    """There is no JSON API, or the package is not in it."""


def _beside(
    client: Client, index: Index, key: str
) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """Ask the JSON API beside the Simple API; raises RegistryError."""
    if not index.url.endswith("/simple"):
        raise _NoneError("has no known URL")
    beside = Index(
        index.url.removesuffix("/simple"),
        index.authorization,
        index.default,
        index.cleartext,
    )
    response = client.get(beside, f"/pypi/{key}/json", "application/json")
    if response.status != 200:
        raise _NoneError("does not have the package")
    answer: Any = response.json()
    info = answer.get("info") if isinstance(answer, dict) else None
    releases = answer.get("releases") if isinstance(answer, dict) else None
    if not isinstance(info, dict) or not isinstance(releases, dict):
        raise RegistryError("returned an unexpected response format")
    if normalise("pypi", str(info.get("name"))) != key:
        raise RegistryError("returned data for a different package")
    return info, {
        str(version): [file for file in files if isinstance(file, dict)]
        for version, files in releases.items()
        if isinstance(files, list)
    }


def _earliest(values: Iterable[object]) -> float:
    moments = [moment for moment in map(parse_timestamp, values) if moment is not None]
    if not moments:
        raise RegistryError("provides no upload dates either")
    return min(moments)
