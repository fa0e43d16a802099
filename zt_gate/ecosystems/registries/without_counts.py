"""Registries without a download service: only existence and age are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.registries.base import (
    DownloadCount,
    LookupOptions,
    LookupResult,
    Project,
    Release,
)
from zt_gate.ecosystems.registries.package_index import Index, RegistryError
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zt_gate.ecosystems.registries.client import Client

JSON = "application/json"
WRONG_FORM = "returned an unexpected response format"
OTHER_PACKAGE = "returned data for a different package"
_UNDATED = "provides no dates"


@dataclass(frozen=True, slots=True)
class RegistryWithoutCounts:
    """The client of such a registry; ``look_up`` implements ``Registry.project``."""

    ecosystem: str
    look_up: Callable[[Client, Index, str, LookupOptions], LookupResult]
    accept: str = JSON
    count_age: float = 86400.0
    count_width: int = 1
    width: int = 8

    def project(
        self, client: Client, index: Index, key: str, options: LookupOptions
    ) -> LookupResult:
        """Look up one package; raises RegistryError."""
        return self.look_up(client, index, key, options)

    def batches(self, keys: Sequence[str]) -> list[list[str]]:
        """Return a batch for each name."""
        return [[key] for key in keys]

    def counts(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        keys: Sequence[str],
    ) -> Mapping[str, DownloadCount]:
        """Return no count for any name."""
        return dict.fromkeys(keys)

    def used_before(
        self,
        client: Client,  # noqa: ARG002 - part of the protocol
        service: Index,  # noqa: ARG002
        key: str,  # noqa: ARG002
        moment: float,  # noqa: ARG002
    ) -> bool:
        """Return False: there are no counts."""
        return False


def json_object(client: Client, index: Index, path: str) -> dict[str, Any] | None:
    """Return a response that is a JSON object, None for a 404; raises RegistryError."""
    response = client.get(index, path, JSON)
    if response.status != 200:
        return None
    answer = response.json()
    if not isinstance(answer, dict):
        raise RegistryError(WRONG_FORM)
    return answer


def dated_project(first: float | None, releases: tuple[Release, ...]) -> Project:
    """Return a package; its first version gives its date unless ``first`` is known."""
    if first is None:
        dates = [release.uploaded for release in releases]
        first = min((date for date in dates if date is not None), default=None)
    no_date_reason = _UNDATED if first is None else ""
    return Project(first, no_date_reason=no_date_reason, releases=releases)


def object_at(answer: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return the object at a key; raises RegistryError if there is none."""
    value = answer.get(key)
    if not isinstance(value, dict):
        raise RegistryError(WRONG_FORM)
    return value


def objects_in(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list, [] for any other value."""
    if not isinstance(value, list):
        return []
    return [item for item in value if isinstance(item, dict)]
