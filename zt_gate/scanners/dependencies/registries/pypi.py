"""PyPI and its mirrors: PEP 503, 691, 700 and 792, and the JSON API for missing dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.dependencies.manifests.base import normalise
from zt_gate.scanners.dependencies.registries.base import (
    Answer,
    Count,
    Fault,
    Index,
    Missing,
    Project,
    Status,
    moment_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.scanners.dependencies.registries.client import Client, Response

_JSON = "application/vnd.pypi.simple.v1+json"
_HTML = ("text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml")
_STATUSES: dict[str, Status] = {
    "archived": "archived", "quarantined": "quarantined", "deprecated": "deprecated",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a project: when it came (seconds since the epoch), and whether it is yanked."""

    uploaded: float | None
    yanked: bool


@dataclass(frozen=True, slots=True)
class PyPI:
    """The client of the Simple API and of pypistats."""

    ecosystem: str = "pypi"
    accept: str = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
    # pypistats counts once a day and throttles early.
    count_age: float = 7 * 86400.0
    count_width: int = 2

    def project(self, client: Client, index: Index, key: str, recent: float) -> Answer:
        """Ask the Simple API; the JSON API only where dates that matter are missing."""
        response = client.get(index, f"/{key}/", self.accept)
        if response.status != 200:
            return Missing()
        files, status, note = _read(response, key)
        if not files:
            return Project(None, status if status != "active" else "empty", note)
        if status == "active" and all(file.yanked for file in files):
            status = "yanked"
        dates = [file.uploaded for file in files if file.uploaded is not None]
        if len(dates) == len(files) or (dates and min(dates) < recent):
            return Project(min(dates), status, note)
        try:
            return Project(_first_upload(client, index, key), status, note)
        except Fault as fault:
            return Project(None, status, note, f"tells no upload dates, and its JSON API {fault}")

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """One name a request."""
        return [[key] for key in keys]

    def counts(self, client: Client, service: Index, keys: Sequence[str]) -> Mapping[str, Count]:
        """Ask pypistats for last week's downloads."""
        found: dict[str, Count] = {}
        for key in keys:
            response = client.get(service, f"/api/packages/{key}/recent", "application/json")
            if response.status != 200:
                found[key] = None
                continue
            answer = response.json()
            data = answer.get("data") if isinstance(answer, dict) else None
            count = data.get("last_week") if isinstance(data, dict) else None
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise Fault("answered in a form that it should not have")
            if normalise("pypi", str(answer.get("package"))) != key:
                raise Fault("answered for another package")
            found[key] = count
        return found

    def used_before(self, client: Client, service: Index, key: str, moment: float) -> bool:  # noqa: ARG002 - the protocol's
        """Say no: pypistats gives no figures for a week of one's choice."""
        return False


def _read(response: Response, key: str) -> tuple[list[_File], Status, str]:
    if response.type in _HTML:
        from zt_gate.scanners.dependencies.registries.pypi_html import read_page

        page = read_page(response.body, key)
        files = [_File(moment_of(file.uploaded), file.yanked) for file in page.files]
        return files, _STATUSES.get(page.status, "active"), page.reason
    if response.type not in {_JSON, "application/json"}:
        raise Fault("answered with something that is no index page")
    answer = response.json()
    files_listed = answer.get("files") if isinstance(answer, dict) else None
    if not isinstance(files_listed, list) or not isinstance(answer.get("name"), str):
        raise Fault("answered in a form that it should not have")
    if normalise("pypi", answer["name"]) != key:
        raise Fault("answered for another package")
    if not all(isinstance(f, dict) and isinstance(f.get("filename"), str) for f in files_listed):
        raise Fault("answered in a form that it should not have")
    status = answer.get("project-status")
    word, note = "", ""
    if isinstance(status, dict):
        word, note = str(status.get("status", "")), str(status.get("reason") or "")
    files = [_File(moment_of(f.get("upload-time")), bool(f.get("yanked"))) for f in files_listed]
    return files, _STATUSES.get(word, "active"), note


def _first_upload(client: Client, index: Index, key: str) -> float:
    """Ask the JSON API beside the Simple API; raises Fault."""
    if not index.url.endswith("/simple"):
        raise Fault("is not known")
    beside = Index(
        index.url.removesuffix("/simple"), index.authorization, index.default, index.cleartext
    )
    response = client.get(beside, f"/pypi/{key}/json", "application/json")
    if response.status != 200:
        raise Fault("does not know the package")
    answer: Any = response.json()
    info = answer.get("info") if isinstance(answer, dict) else None
    releases = answer.get("releases") if isinstance(answer, dict) else None
    if not isinstance(info, dict) or not isinstance(releases, dict):
        raise Fault("answered in a form that it should not have")
    if normalise("pypi", str(info.get("name"))) != key:
        raise Fault("answered for another package")
    return _earliest(
        file.get("upload_time_iso_8601")
        for files in releases.values()
        if isinstance(files, list)
        for file in files
        if isinstance(file, dict)
    )


def _earliest(values: Iterable[object]) -> float:
    moments = [moment for moment in map(moment_of, values) if moment is not None]
    if not moments:
        raise Fault("tells no upload dates either")
    return min(moments)
