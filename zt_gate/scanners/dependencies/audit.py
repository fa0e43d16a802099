"""Known vulnerabilities and malware of everything that a change brings.

One batch for all packages goes out beside the other questions.  Where a version
is not pinned, the batch asks about the package as a whole; only if something is
known of it does it matter which version will be installed.
"""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Severity
from zt_gate.scanners.dependencies.registries import osv
from zt_gate.scanners.dependencies.registries.base import Fault, Unverified
from zt_gate.scanners.dependencies.registries.osv import Advisory, Package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.scanners.dependencies.registries.base import Index
    from zt_gate.scanners.dependencies.registries.cache import Cache
    from zt_gate.scanners.dependencies.registries.client import Client

    Task = Callable[[Client], None]
    Lane = tuple[int, list[Task]]
    Where = tuple[Index, Package]

_IDS_AGE = 4 * 3600.0
_ADVISORY_AGE = 24 * 3600.0
_WIDTH = 8
#: Advisories of one package that are looked up: the worst is known before long.
_MOST_ADVISORIES = 40
_LATE = Unverified("did not answer before the deadline")


@dataclass(slots=True)
class Audit:
    """One round of questions to the advisory services; ``deadline`` as elsewhere."""

    environ: Mapping[str, str]
    deadline: float
    cache: Cache
    _ids: dict[Where, tuple[str, ...] | Unverified] = field(default_factory=dict)
    _advisories: dict[tuple[Index, str, Package], Advisory | Unverified] = field(
        default_factory=dict
    )
    _fresh: set[object] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lanes(self, wanted: Iterable[Where]) -> list[Lane]:
        """Return the batches for packages, to be run beside other questions."""
        places = list(dict.fromkeys(wanted))
        kept = self.cache.get([_ids_key(at) for at in places])
        for at in places:
            value = kept.get(_ids_key(at))
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                self._ids.setdefault(at, tuple(value))
        tasks: list[Task] = []
        for service in dict.fromkeys(service for service, _ in places):
            rest = [at[1] for at in places if at[0] == service and at not in self._ids]
            tasks += [
                self._batch_task(service, rest[start : start + osv.MOST_QUERIES])
                for start in range(0, len(rest), osv.MOST_QUERIES)
            ]
        return [(_WIDTH, tasks)] if tasks else []

    def known(self, at: Where) -> bool:
        """Say whether anything is known of a package; no, where nobody answered."""
        return bool(self._ids.get(at)) and not isinstance(self._ids.get(at), Unverified)

    def finish(self, wanted: Iterable[Where]) -> dict[Where, tuple[Advisory, ...] | Unverified]:
        """Ask what is still open, batches first, then the advisories themselves."""
        places = list(dict.fromkeys(wanted))
        self._run(self.lanes(at for at in places if at not in self._ids))
        self._run(self._advisory_lanes(places))
        result = {at: self._told(at) for at in places}
        self._keep()
        return result

    def _run(self, lanes: Sequence[Lane]) -> None:
        if any(tasks for _, tasks in lanes):
            from zt_gate.scanners.dependencies.registries.pool import run

            run(lanes, self.environ, self.deadline)

    def _batch_task(self, service: Index, packages: Sequence[Package]) -> Task:
        def task(client: Client) -> None:
            found: Mapping[Package, tuple[str, ...] | Unverified]
            try:
                found = osv.batch(client, service, packages)
            except Fault as fault:
                found = dict.fromkeys(packages, Unverified(str(fault)))
            with self._lock:
                for package, ids in found.items():
                    self._ids[service, package] = ids
                    self._fresh.add((service, package))

        return task

    def _advisory_lanes(self, places: Sequence[Where]) -> list[Lane]:
        wanted = [
            (service, name, _bare(package))
            for service, package in places
            for name in self._listed((service, package))[:_MOST_ADVISORIES]
        ]
        open_ones = [at for at in dict.fromkeys(wanted) if at not in self._advisories]
        kept = self.cache.get([_advisory_key(at) for at in open_ones])
        tasks: list[Task] = []
        for at in open_ones:
            read = _advisory_of(kept.get(_advisory_key(at)))
            if read is not None:
                self._advisories[at] = read
            else:
                tasks.append(self._advisory_task(at))
        return [(_WIDTH, tasks)] if tasks else []

    def _listed(self, at: Where) -> tuple[str, ...]:
        """Return the ids of a package, malware first."""
        ids = self._ids.get(at, ())
        if isinstance(ids, Unverified):
            return ()
        return tuple(sorted(ids, key=lambda name: not name.startswith("MAL-")))

    def _advisory_task(self, at: tuple[Index, str, Package]) -> Task:
        service, name, package = at

        def task(client: Client) -> None:
            told: Advisory | Unverified
            try:
                told = osv.advisory(client, service, name, package)
            except Fault as fault:
                told = Unverified(str(fault))
            with self._lock:
                self._advisories[at] = told
                self._fresh.add(at)

        return task

    def _told(self, at: Where) -> tuple[Advisory, ...] | Unverified:
        """Return everything known of a package, one entry for each thing that has many names."""
        with self._lock:
            ids = self._ids.get(at, _LATE)
            if isinstance(ids, Unverified):
                return ids
            read: list[Advisory] = []
            for name in self._listed(at):
                told = self._advisories.get((at[0], name, _bare(at[1])), _LATE)
                # An advisory that could not be read is still one.
                read.append(told if isinstance(told, Advisory) else Advisory(name))
        return merged(one for one in read if not one.withdrawn)

    def _keep(self) -> None:
        values: dict[str, tuple[Any, float]] = {}
        with self._lock:
            for at, ids in self._ids.items():
                if at in self._fresh and not isinstance(ids, Unverified):
                    values[_ids_key(at)] = (list(ids), _IDS_AGE)
            for place, told in self._advisories.items():
                if place in self._fresh and isinstance(told, Advisory):
                    values[_advisory_key(place)] = (dataclasses.asdict(told), _ADVISORY_AGE)
            self._fresh.clear()
        self.cache.put(values)


def _bare(package: Package) -> Package:
    return dataclasses.replace(package, version="")


def merged(advisories: Iterable[Advisory]) -> tuple[Advisory, ...]:
    """Put advisories together that name each other: databases have their own ids."""
    groups: list[list[Advisory]] = []
    for one in advisories:
        names = {one.id, *one.aliases}
        for group in groups:
            if any(names & {other.id, *other.aliases} for other in group):
                group.append(one)
                break
        else:
            groups.append([one])
    return tuple(_merge(group) for group in groups)


def _merge(group: Sequence[Advisory]) -> Advisory:
    first = min(group, key=lambda one: (not one.is_malware, one.severity is None, one.id))
    severities = [one.severity for one in group if one.severity is not None]
    fixed = tuple(dict.fromkeys(version for one in group for version in one.fixed))
    names = {name for one in group for name in (one.id, *one.aliases)} - {first.id}
    worst = max(severities, key=lambda severity: severity.rank, default=None)
    whole = any(one.everything for one in group)
    return Advisory(first.id, tuple(sorted(names)), worst, fixed, whole)


def _ids_key(at: Where) -> str:
    service, package = at
    return f"ids {service.url} {package.ecosystem} {package.key} {package.version}"


def _advisory_key(at: tuple[Index, str, Package]) -> str:
    return f"advisory {at[0].url} {at[2].ecosystem} {at[2].key} {at[1]}"


def _advisory_of(value: object) -> Advisory | None:
    """Return a kept advisory, None for whatever is no such thing."""
    if not isinstance(value, dict):
        return None
    try:
        severity = value.get("severity")
        return Advisory(
            str(value["id"]),
            tuple(str(name) for name in value["aliases"]),
            None if severity is None else Severity(severity),
            tuple(str(version) for version in value["fixed"]),
            value["everything"] is True,
            value["withdrawn"] is True,
        )
    except (KeyError, TypeError, ValueError):
        return None
