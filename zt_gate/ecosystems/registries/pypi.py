"""PyPI and its mirrors: the Simple API (PEP 503, 691, 700, 792) and the JSON API."""

from __future__ import annotations

import re
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
from zt_gate.ecosystems.registries.release_history import (
    ReleaseRecord,
    releases_with_anomalies,
)
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client, Response

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml")
_SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz")
_MAX_NOTE = 300
#: Labels of the link to the source, as PyPI's pages recognise them (letters alone).
_SOURCE_LABELS = frozenset(("source", "repository", "sourcecode", "github"))
_UPLOADED = "upload_time_iso_8601"
_WRONG_FORM = "returned an unexpected response format"
_OTHER_PACKAGE = "returned data for a different package"
_STATUSES: dict[str, Status] = {
    "archived": "archived",
    "quarantined": "quarantined",
    "deprecated": "deprecated",
}

#: The files of each version in the JSON API.
_VersionFiles = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a project; ``uploaded`` is in seconds since the epoch."""

    uploaded: float | None
    yanked: bool
    name: str = ""
    note: str = ""
    attested: bool = False


@dataclass(frozen=True, slots=True)
class PyPI:
    """The client of the Simple API and of pypistats."""

    ecosystem: str = "pypi"
    accept: str = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
    # pypistats updates once a day and limits the rate near six parallel requests.
    count_age: float = 7 * 86400.0
    count_width: int = 3
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Look up the Simple API, and the JSON API if needed dates or texts are missing."""
        if index.local:
            return pypi_local.project(index, key)
        response = client.get(index, f"/{key}/", self.accept)
        if response.status != 200:
            return Missing()
        files, status, note = _read_page(response, key)
        if not files:
            return Project(None, status if status != "active" else "empty", note)
        if status == "active" and all(file.yanked for file in files):
            status = "yanked"
        dates = [file.uploaded for file in files if file.uploaded is not None]
        all_dated = len(dates) == len(files)
        # An undated file could only make the package older.
        first_upload = min(dates, default=None)
        is_old = first_upload is not None and first_upload < options.recent
        if not all_dated and not is_old:
            first_upload = None
        releases = _releases(files, key)
        project = Project(first_upload, status, note, releases=releases)
        lacks_release_dates = options.releases and not all_dated
        if first_upload is not None and not options.text and not lacks_release_dates:
            return project
        return _completed(project, client, index, key, options)

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Return a batch for each name."""
        return [[key] for key in keys]

    def counts(
        self, client: Client, service: Index, keys: Sequence[str]
    ) -> Mapping[str, DownloadCount]:
        """Return the downloads of the last week from pypistats."""
        return {key: _download_count(client, service, key) for key in keys}

    def used_before(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        key: str,  # noqa: ARG002
        moment: float,  # noqa: ARG002
    ) -> bool:
        """Return False: pypistats has no figures for a chosen week."""
        return False


def _download_count(client: Client, service: Index, key: str) -> int | None:
    """Return the downloads of one package, None if the service does not know it."""
    response = client.get(service, f"/api/packages/{key}/recent", "application/json")
    if response.status != 200:
        return None
    answer = response.json()
    data = answer.get("data") if isinstance(answer, dict) else None
    count = data.get("last_week") if isinstance(data, dict) else None
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise RegistryError(_WRONG_FORM)
    if normalise("pypi", str(answer.get("package"))) != key:
        raise RegistryError(_OTHER_PACKAGE)
    return count


def _read_page(response: Response, key: str) -> tuple[list[_File], Status, str]:
    """Return the files of an index page, the project's status and the note on it."""
    if response.type in _HTML:
        return _read_html(response, key)
    if response.type not in {_JSON, "application/json"}:
        raise RegistryError("returned a response that is not an index page")
    page = response.json()
    entries = page.get("files") if isinstance(page, dict) else None
    if not isinstance(entries, list) or not isinstance(page.get("name"), str):
        raise RegistryError(_WRONG_FORM)
    if normalise("pypi", page["name"]) != key:
        raise RegistryError(_OTHER_PACKAGE)
    files = [_file(entry) for entry in entries]
    status_object = page.get("project-status")
    status_word, note = "", ""
    if isinstance(status_object, dict):
        status_word = str(status_object.get("status", ""))
        note = str(status_object.get("reason") or "")
    return files, _STATUSES.get(status_word, "active"), note


def _read_html(response: Response, key: str) -> tuple[list[_File], Status, str]:
    from zt_gate.ecosystems.registries.pypi_html import read_page

    page = read_page(response.body, key)
    files = [
        _File(
            parse_timestamp(anchor.uploaded),
            anchor.yanked,
            anchor.name,
            attested=anchor.attested,
        )
        for anchor in page.files
    ]
    return files, _STATUSES.get(page.status, "active"), page.reason


def _file(entry: object) -> _File:
    """Return one file of an index page in JSON; raises RegistryError."""
    if not isinstance(entry, dict) or not isinstance(entry.get("filename"), str):
        raise RegistryError(_WRONG_FORM)
    uploaded = parse_timestamp(entry.get("upload-time"))
    yanked = bool(entry.get("yanked"))
    attested = bool(entry.get("provenance"))
    return _File(uploaded, yanked, entry["filename"], _yank_note(entry), attested)


def _yank_note(file: dict[str, Any]) -> str:
    reason = file.get("yanked") or file.get("yanked_reason")
    return reason[:_MAX_NOTE] if isinstance(reason, str) else ""


def _releases(files: Iterable[_File], key: str) -> tuple[Release, ...]:
    """Return the versions of the files; one is yanked if all its files are."""
    files_by_version: dict[str, list[_File]] = {}
    for file in files:
        version = _version_in(file.name, key)
        if version:
            files_by_version.setdefault(version, []).append(file)
    return releases_with_anomalies(
        [
            _record(version, version_files)
            for version, version_files in files_by_version.items()
        ]
    )


def _record(version: str, files: Sequence[_File]) -> ReleaseRecord:
    dates = [file.uploaded for file in files if file.uploaded is not None]
    yanked = all(file.yanked for file in files)
    release = Release(version, min(dates, default=None), yanked, files[0].note)
    # Without a wheel, the installation runs the build script of the source archive.
    runs_code = not any(file.name.endswith(".whl") for file in files)
    attested = any(file.attested for file in files)
    return ReleaseRecord(release, attested=attested, runs_code=runs_code)


def _version_in(file_name: str, key: str) -> str:
    """Return the version in a file's name, "" if it has none."""
    if file_name.endswith(".whl"):
        parts = file_name.split("-")
        return parts[1] if len(parts) >= 5 else ""
    for suffix in _SDIST_SUFFIXES:
        if file_name.endswith(suffix):
            stem = file_name.removesuffix(suffix)
            break
    else:
        return ""
    # The name may contain hyphens, so its length separates it from the version.
    name, separator, version = (
        stem[: len(key)],
        stem[len(key) : len(key) + 1],
        stem[len(key) + 1 :],
    )
    return version if separator == "-" and normalise("pypi", name) == key else ""


def _completed(
    project: Project, client: Client, index: Index, key: str, options: LookupOptions
) -> Project:
    """Return a project with the data of the JSON API; missing data keep a reason."""
    try:
        info, version_files = _json_api(client, index, key)
    except RegistryError as error:
        return _without_json_api(project, error, with_text=options.text)
    first_upload, no_date_reason = project.first_upload, ""
    if first_upload is None:
        try:
            first_upload = _earliest_upload(version_files)
        except RegistryError as error:
            no_date_reason = _no_dates(error)
    text = None
    if options.text:
        text = join_texts(info.get("summary"), info.get("description"))
    return replace(
        project,
        first_upload=first_upload,
        no_date_reason=no_date_reason,
        text=text,
        releases=_dated_releases(project.releases, version_files),
        repository=_repository(info),
    )


def _repository(info: dict[str, Any]) -> str:
    """Return the address of the source among the project's links, "" for none."""
    links = info.get("project_urls")
    for label, address in links.items() if isinstance(links, dict) else ():
        words = re.sub(r"[^a-z]+", "", str(label).lower())
        if words in _SOURCE_LABELS and isinstance(address, str):
            return address[:_MAX_NOTE]
    return ""


def _no_dates(error: RegistryError) -> str:
    return f"provides no upload dates, and its JSON API {error}"


def _without_json_api(
    project: Project, error: RegistryError, *, with_text: bool
) -> Project:
    """Return a project with the reasons why its dates or texts are missing."""
    is_undated = project.first_upload is None
    # A mirror without the JSON API has no descriptions, so nothing failed.
    text_failed = with_text and not isinstance(error, _NoJsonApiError)
    return replace(
        project,
        no_date_reason=_no_dates(error) if is_undated else "",
        no_text_reason=str(error) if text_failed else "",
    )


def _dated_releases(
    releases: tuple[Release, ...], version_files: _VersionFiles
) -> tuple[Release, ...]:
    """Return the releases with the dates that only the JSON API has."""
    if releases and all(release.uploaded is not None for release in releases):
        return releases
    return tuple(
        _json_release(version, files)
        for version, files in version_files.items()
        if files
    )


def _json_release(version: str, files: list[dict[str, Any]]) -> Release:
    dates = filter(None, (parse_timestamp(file.get(_UPLOADED)) for file in files))
    yanked = all(bool(file.get("yanked")) for file in files)
    note = _yank_note({"yanked": files[0].get("yanked_reason")})
    return Release(version, min(dates, default=None), yanked, note)


class _NoJsonApiError(RegistryError):
    """There is no JSON API, or the package is not in it."""


def _json_api(
    client: Client, index: Index, key: str
) -> tuple[dict[str, Any], _VersionFiles]:
    """Look up a package in the JSON API next to the Simple API; raises RegistryError."""
    if not index.url.endswith("/simple"):
        raise _NoJsonApiError("has no known URL")
    base = replace(index, url=index.url.removesuffix("/simple"))
    response = client.get(base, f"/pypi/{key}/json", "application/json")
    if response.status != 200:
        raise _NoJsonApiError("does not have the package")
    answer: Any = response.json()
    info = answer.get("info") if isinstance(answer, dict) else None
    releases = answer.get("releases") if isinstance(answer, dict) else None
    if not isinstance(info, dict) or not isinstance(releases, dict):
        raise RegistryError(_WRONG_FORM)
    if normalise("pypi", str(info.get("name"))) != key:
        raise RegistryError(_OTHER_PACKAGE)
    version_files = {
        str(version): [file for file in files if isinstance(file, dict)]
        for version, files in releases.items()
        if isinstance(files, list)
    }
    return info, version_files


def _earliest_upload(version_files: _VersionFiles) -> float:
    """Return the earliest date of all files; raises RegistryError if none has one."""
    dates: list[float] = []
    for files in version_files.values():
        for file in files:
            uploaded = parse_timestamp(file.get(_UPLOADED))
            if uploaded is not None:
                dates.append(uploaded)
    if not dates:
        raise RegistryError("provides no upload dates either")
    return min(dates)
