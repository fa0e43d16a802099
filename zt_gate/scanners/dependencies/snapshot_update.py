"""Update of a snapshot, from the indexes that the user has set.

PyPI's index lists all its projects in one answer: names that no longer exist are
dropped, the order stays.  npm's download service counts names in batches: names
without a count are dropped, the others are sorted by their new counts.  New names
are not added: no index publishes a list of its most used names.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries import endpoints as endpoints_of
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.client import Client
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.package_manager_settings import SettingsSources
from zt_gate.ecosystems.registries.pool import run
from zt_gate.ecosystems.registries.tls import TlsSettings
from zt_gate.record import replace
from zt_gate.scanners.dependencies import name_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.ecosystems.registries.package_manager_settings import Endpoints
    from zt_gate.system.sealed_cache import SealedCache

#: PyPI's list of all projects has about 40 MB.
_MOST_LIST_BYTES = 256 * 1024 * 1024
_LIST_SECONDS = 120.0
_COUNT_SECONDS = 1800.0
#: If a smaller part of the known names is confirmed, the answer must be wrong.
_MIN_CONFIRMED_PART = 0.9
_CURVE_RANKS = (
    1,
    3,
    10,
    30,
    100,
    300,
    1000,
    2000,
    3500,
    5000,
    7500,
    10_000,
    15_000,
    20_000,
)
_SIMPLE = "application/vnd.pypi.simple.v1+json"


class UpdateError(Exception):
    """The snapshot could not be updated; the text says why."""


def refresh(
    ecosystem: str,
    environ: Mapping[str, str],
    policy: Mapping[str, str],
    cache: SealedCache,
    clock: Callable[[], float] = time.time,
) -> name_snapshot.Snapshot:
    """Confirm the known names, and store the result in the cache; raises UpdateError."""
    now = clock()
    old = name_snapshot.load(ecosystem, cache, now)
    if old is None:
        raise UpdateError(f"there is no snapshot for {ecosystem}")
    source = ecosystem_named(ecosystem).snapshot
    sources = SettingsSources(environ, policy, lambda _path: None)
    today = datetime.fromtimestamp(now, UTC).date()
    try:
        confirm = _confirm_by_list if source == "list" else _confirm_by_counts
        new = confirm(old, endpoints_of(ecosystem, sources), environ)
    except RegistryError as fault:
        raise UpdateError(f"the index {fault}") from fault
    if len(new.names) < _MIN_CONFIRMED_PART * len(old.names):
        raise UpdateError(
            f"only {len(new.names):,} of {len(old.names):,} names were confirmed"
        )
    ranked = today if source == "counts" else old.ranked
    new = replace(new, day=today, ranked=ranked)
    data = name_snapshot.encode(new)
    name_snapshot.decode(data, ecosystem)
    try:
        cache.write(name_snapshot.cached_snapshot_name(ecosystem), data)
    except OSError as error:
        raise UpdateError(
            f"the snapshot could not be written: {error.strerror}"
        ) from error
    return new


def _confirm_by_list(
    old: name_snapshot.Snapshot, endpoints: Endpoints, environ: Mapping[str, str]
) -> name_snapshot.Snapshot:
    deadline = time.monotonic() + _LIST_SECONDS
    client = Client(environ, TlsSettings(environ), deadline, max_bytes=_MOST_LIST_BYTES)
    response = client.get(endpoints.indexes[0], "/", _SIMPLE)
    client.close()
    answer = response.json() if response.status == 200 else None
    projects = answer.get("projects") if isinstance(answer, dict) else None
    if not isinstance(projects, list):
        raise RegistryError("does not list its projects")
    existing = {
        normalise(old.ecosystem, str(project.get("name")))
        for project in projects
        if isinstance(project, dict)
    }
    names = [name for name in old.names if name in existing]
    # A snapshot has at least one name; the caller rejects so few.
    body = name_snapshot.body_of(names or old.names[:1])
    return replace(old, body=body)


def _confirm_by_counts(
    old: name_snapshot.Snapshot, endpoints: Endpoints, environ: Mapping[str, str]
) -> name_snapshot.Snapshot:
    service, registry = endpoints.service, registry_for(old.ecosystem)
    if service is None or service.optional:
        raise RegistryError("has no download service: set ZT_GATE_NPM_DOWNLOADS_URL")
    weekly_counts: dict[str, int] = {}
    lock = threading.Lock()

    def count_task(keys: list[str]) -> Callable[[Client], None]:
        def task(client: Client) -> None:
            try:
                counts = registry.counts(client, service, keys)
            except RegistryError:
                return  # these names stay unconfirmed
            confirmed = {
                key: count
                for key, count in counts.items()
                if isinstance(count, int) and count
            }
            with lock:
                weekly_counts.update(confirmed)

        return task

    tasks = [count_task(batch) for batch in registry.batches(old.names)]
    run([(registry.count_width, tasks)], environ, time.monotonic() + _COUNT_SECONDS)
    with lock:
        ranked = sorted(weekly_counts.items(), key=lambda pair: (-pair[1], pair[0]))
    if not ranked:
        raise RegistryError("confirmed no name")
    body = name_snapshot.body_of([name for name, _ in ranked])
    curve = tuple(
        (rank, _monthly(ranked[rank - 1][1]))
        for rank in _CURVE_RANKS
        if rank <= len(ranked)
    )
    return replace(old, body=body, curve=curve)


def _monthly(weekly: int) -> int:
    return max(1, round(weekly * 30 / 7))
