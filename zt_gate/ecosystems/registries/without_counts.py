"""Registries that are asked for existence and age only: nobody counts their downloads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupOptions,
    LookupResult,
    Project,
    Release,
)
from zt_gate.ecosystems.registries.package_index import Index, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client

JSON = "application/json"
WRONG_FORM = "returned an unexpected response format"
OTHER_PACKAGE = "returned data for a different package"
_UNDATED = "provides no dates"


@dataclass(frozen=True, slots=True)
class RegistryWithoutCounts:
    """The client of such a registry; ``ask`` does what ``Registry.project`` says."""

    ecosystem: str
    ask: Callable[[Client, Index, str, LookupOptions], LookupResult]
    accept: str = JSON
    count_age: float = 86400.0
    count_width: int = 1
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, want: LookupOptions
    ) -> LookupResult:
        """Ask for one package; raises RegistryError."""
        return self.ask(client, index, key, want)

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Put one name into a request."""
        return [[key] for key in keys]

    def counts(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        keys: Sequence[str],
    ) -> Mapping[str, DownloadCount]:
        """Count nothing."""
        return dict.fromkeys(keys)

    def used_before(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        key: str,  # noqa: ARG002
        moment: float,  # noqa: ARG002
    ) -> bool:
        """Say no: there are no counts."""
        return False


def json_object(client: Client, index: Index, path: str) -> dict[str, Any] | None:
    """Return an answer that is a JSON object, None for a 404; raises RegistryError."""
    response = client.get(index, path, JSON)
    if response.status != 200:
        return None
    answer = response.json()
    if not isinstance(answer, dict):
        raise RegistryError(WRONG_FORM)
    return answer


def dated_project(first: float | None, releases: tuple[Release, ...]) -> Project:
    """Return a package that exists, dated by its first version unless ``first`` is known."""
    dates = [one.uploaded for one in releases if one.uploaded is not None]
    moment = first if first is not None else min(dates, default=None)
    return Project(
        moment, no_date_reason="" if moment is not None else _UNDATED, releases=releases
    )


def object_at(answer: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the table below a key; raises RegistryError where there is none."""
    found = answer.get(key)
    if not isinstance(found, dict):
        raise RegistryError(WRONG_FORM)
    return found


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the tables of a list, [] for what is no list."""
    return (
        [one for one in value if isinstance(one, dict)]
        if isinstance(value, list)
        else []
    )
