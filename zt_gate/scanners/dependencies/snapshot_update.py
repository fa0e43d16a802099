"""A newer snapshot, from the indexes that the user has set and nobody else.

PyPI's index lists all its projects in one answer: names that are no longer
there are dropped, the order stays.  npm's download service counts names in
batches: names without a count are dropped, the others put in their new order.
New names are not learned: that takes lists that no index publishes.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zt_gate.ecosystems import ecosystem_named
from zt_gate.ecosystems.manifests.base import normalise
from zt_gate.ecosystems.registries import endpoints as endpoints_of
from zt_gate.ecosystems.registries import registry_for
from zt_gate.ecosystems.registries.client import Client, TlsSettings
from zt_gate.ecosystems.registries.package_index import RegistryError
from zt_gate.ecosystems.registries.pool import run
from zt_gate.ecosystems.registries.settings import SettingsSources
from zt_gate.scanners.dependencies import name_snapshot
from zt_gate.system.cache import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zt_gate.ecosystems.registries.settings import Endpoints

#: PyPI's list of all projects has some 40 MB.
_MOST_LIST = 256 * 1024 * 1024
_LIST_SECONDS = 120.0
_COUNT_SECONDS = 1800.0
#: Of the known names at least this part must be confirmed: else the answer is at fault.
_LEAST_PART = 0.9
_POINTS = (1, 3, 10, 30, 100, 300, 1000, 2000, 3500, 5000, 7500, 10_000, 15_000, 20_000)
_SIMPLE = "application/vnd.pypi.simple.v1+json"


class UpdateError(Exception):
    """The index gave no answer that a snapshot can be made of; the text says why."""


def refresh(
    ecosystem: str,
    environ: Mapping[str, str],
    policy: Mapping[str, str],
    cache_dir: Path,
    clock: Callable[[], float] = time.time,
) -> name_snapshot.Snapshot:
    """Confirm the known names, and keep the result in ``cache_dir``; raises UpdateError."""
    now = clock()
    old = name_snapshot.load(ecosystem, cache_dir, now)
    if old is None:
        raise UpdateError(f"there is no snapshot for {ecosystem}")
    source = ecosystem_named(ecosystem).snapshot
    sources = SettingsSources(environ, policy, lambda _path: None)
    today = datetime.fromtimestamp(now, UTC).date()
    try:
        confirm = _listed if source == "list" else _counted
        new = confirm(old, endpoints_of(ecosystem, sources), environ)
    except RegistryError as fault:
        raise UpdateError(f"the index {fault}") from fault
    if len(new.names) < _LEAST_PART * len(old.names):
        raise UpdateError(
            f"only {len(new.names):,} of {len(old.names):,} names were confirmed"
        )
    ranked = today if source == "counts" else old.ranked
    new = dataclasses.replace(new, day=today, ranked=ranked)
    data = name_snapshot.encode(new)
    name_snapshot.decode(data, ecosystem)
    try:
        write_atomically(name_snapshot.kept_path(cache_dir, ecosystem), data)
    except OSError as error:
        raise UpdateError(f"it could not be written: {error.strerror}") from error
    return new


def _listed(
    old: name_snapshot.Snapshot, endpoints: Endpoints, environ: Mapping[str, str]
) -> name_snapshot.Snapshot:
    deadline = time.monotonic() + _LIST_SECONDS
    client = Client(environ, TlsSettings(environ), deadline, max_bytes=_MOST_LIST)
    response = client.get(endpoints.indexes[0], "/", _SIMPLE)
    client.close()
    answer = response.json() if response.status == 200 else None
    projects = answer.get("projects") if isinstance(answer, dict) else None
    if not isinstance(projects, list):
        raise RegistryError("does not list its projects")
    there = {
        normalise(old.ecosystem, str(project.get("name")))
        for project in projects
        if isinstance(project, dict)
    }
    names = [name for name in old.names if name in there]
    return dataclasses.replace(old, body=name_snapshot.body_of(names or old.names[:1]))


def _counted(
    old: name_snapshot.Snapshot, endpoints: Endpoints, environ: Mapping[str, str]
) -> name_snapshot.Snapshot:
    service, registry = endpoints.service, registry_for(old.ecosystem)
    if service is None:
        raise RegistryError("has no download service: set ZT_GATE_NPM_DOWNLOADS_URL")
    counted: dict[str, int] = {}
    lock = threading.Lock()

    def task_of(keys: list[str]) -> Callable[[Client], None]:
        def task(client: Client) -> None:
            try:
                counts = registry.counts(client, service, keys)
            except RegistryError:
                return  # not confirmed
            with lock:
                counted.update(
                    {key: n for key, n in counts.items() if isinstance(n, int) and n}
                )

        return task

    tasks = [task_of(batch) for batch in registry.batches(old.names)]
    run([(registry.count_width, tasks)], environ, time.monotonic() + _COUNT_SECONDS)
    with lock:
        ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
    names = [name for name, _ in ranked]
    points = [n for n in _POINTS if n <= len(ranked)]
    curve = tuple((n, max(1, round(ranked[n - 1][1] * 30 / 7))) for n in points)
    if not curve:
        raise RegistryError("confirmed no name")
    return dataclasses.replace(old, body=name_snapshot.body_of(names), curve=curve)
