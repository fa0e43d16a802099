"""Snapshot of the most used names of an ecosystem on one day.

A name in the snapshot is established: it exists, is old enough and widely used, so
that no registry is asked about it.  A name outside the snapshot is looked up.  After
90 days no name counts as established, and only the name rules still use the snapshot.

Each ecosystem has one file, opened only if a dependency was added: a header line of
JSON, then the names, most used first, all compressed with zlib.
"""

from __future__ import annotations

import json
import os
import zlib
from bisect import bisect_right
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import with_snapshot
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.system.sealed_cache import SealedCache

#: Days after which a snapshot no longer proves that a name exists.
FRESH_DAYS = 90
#: Days after which ranks no longer prove use, even if the names were confirmed since.
RANKED_DAYS = 365
#: A package in a list of the last month's downloads existed a month before.
_MIN_AGE_DAYS = 30
#: Downloads are estimated from ranks, so the estimate must exceed a limit by this factor.
_SAFETY_FACTOR = 10
_FORMAT = 1
_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILE_BYTES = 4 * 1024 * 1024
_WEEKS_PER_MONTH = 30 / 7


class SnapshotError(ValueError):
    """A file is not a valid snapshot; the text says why."""


@dataclass(frozen=True)
class Snapshot:
    """The names of one ecosystem.

    ``day`` is when the names were last confirmed in the registry, ``ranked`` when
    their order was measured.  ``curve`` holds ``(rank, downloads a month)`` for
    some ranks in rising order; downloads are estimated between them.  ``body`` is
    the names, each between two newlines: searching it is faster than building a
    set of all names.
    """

    ecosystem: str
    day: date
    ranked: date
    curve: tuple[tuple[int, int], ...]
    body: bytes

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names, the most used one first."""
        return tuple(self.body.decode("ascii").strip("\n").split("\n"))

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of every name, from 1."""
        return {name: rank for rank, name in enumerate(self.names, 1)}

    def rank(self, key: str) -> int:
        """Return the rank of a normalised name, 0 for one that is not in the list."""
        if not key.isascii() or "\n" in key:
            return 0
        if "ranks" in self.__dict__:  # building it pays off for many names only
            return self.ranks.get(key, 0)
        start = self.body.find(b"\n%s\n" % key.encode("ascii"))
        return 0 if start < 0 else self.body.count(b"\n", 0, start + 1)

    def weekly(self, rank: int) -> float:
        """Return the estimated downloads a week of a rank."""
        return self._monthly(rank) / _WEEKS_PER_MONTH

    def _monthly(self, rank: int) -> float:
        """Interpolate between the two nearest points of the curve, on logarithmic scales."""
        at = bisect_right([curve_rank for curve_rank, _ in self.curve], rank)
        if at == 0:
            return float(self.curve[0][1])
        if at == len(self.curve):
            return float(self.curve[-1][1])
        (lower_rank, lower_count), (upper_rank, upper_count) = self.curve[
            at - 1 : at + 1
        ]
        part = (log(rank) - log(lower_rank)) / (log(upper_rank) - log(lower_rank))
        difference = log(upper_count) - log(lower_count)
        return exp(log(lower_count) + part * difference)

    def is_fresh(self, now: float) -> bool:
        """Return whether the snapshot is recent; ``now`` is in seconds since the epoch."""
        today = datetime.fromtimestamp(now, UTC).date()
        days = (today - self.day).days
        days_since_ranking = (today - self.ranked).days
        return 0 <= days < FRESH_DAYS and 0 <= days_since_ranking < RANKED_DAYS

    def is_established(
        self, key: str, *, age_days: int, weekly: int, now: float
    ) -> bool:
        """Return whether a name is known to exist, to be that old and to be used that much.

        ``age_days`` is the minimum age, ``weekly`` the minimum of downloads a week.
        """
        if not self.is_fresh(now):
            return False
        today = datetime.fromtimestamp(now, UTC).date()
        if age_days > _MIN_AGE_DAYS + (today - self.ranked).days:
            return False
        rank = self.rank(key)
        return rank > 0 and self.weekly(rank) >= weekly * _SAFETY_FACTOR


def encode(snapshot: Snapshot) -> bytes:
    """Return the content of the snapshot's file."""
    header = {
        "format": _FORMAT,
        "ecosystem": snapshot.ecosystem,
        "day": snapshot.day.isoformat(),
        "ranked": snapshot.ranked.isoformat(),
        "curve": snapshot.curve,
    }
    return zlib.compress(json.dumps(header).encode("ascii") + snapshot.body, 9)


def body_of(names: Sequence[str]) -> bytes:
    """Return the names in the form of ``Snapshot.body``; raises SnapshotError."""
    text = "\n".join(names)
    has_newline_in_name = text.count("\n") != len(names) - 1
    if not names or "" in names or not text.isascii() or has_newline_in_name:
        raise SnapshotError("no names, an empty name, or a name with other characters")
    if len(set(names)) != len(names):
        raise SnapshotError("duplicate name")
    return b"\n%s\n" % text.encode("ascii")


def decode(data: bytes, ecosystem: str) -> Snapshot:
    """Read the content of a file; raises SnapshotError if it is no snapshot of the ecosystem."""
    if len(data) > _MOST_FILE_BYTES:
        raise SnapshotError("file too large for a snapshot")
    decompressor = zlib.decompressobj()
    try:
        plain = decompressor.decompress(data, _MOST_BYTES)
        header_line, newline, names = plain.partition(b"\n")
        header = json.loads(header_line)
    except (zlib.error, ValueError, RecursionError) as error:
        raise SnapshotError("not a snapshot file") from error
    if not decompressor.eof or not newline or not isinstance(header, dict):
        raise SnapshotError("not a snapshot file")
    if (header.get("format"), header.get("ecosystem")) != (_FORMAT, ecosystem):
        raise SnapshotError("snapshot of another format or ecosystem")
    body = newline + names
    is_terminated = len(body) >= 3 and body.endswith(b"\n")
    if not is_terminated or not body.isascii() or b"\n\n" in body:
        raise SnapshotError("snapshot with damaged names")
    day, ranked = _day(header.get("day")), _day(header.get("ranked"))
    return Snapshot(ecosystem, day, ranked, _curve(header), body)


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise SnapshotError("snapshot without a date") from error


def _curve(header: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    points = header.get("curve")
    if not isinstance(points, list) or not points or not all(map(_is_point, points)):
        raise SnapshotError("snapshot without download figures")
    curve = tuple((int(rank), int(count)) for rank, count in points)
    if any(lower[0] >= upper[0] for lower, upper in pairwise(curve)):
        raise SnapshotError("snapshot without download figures")
    return curve


def _is_point(value: object) -> bool:
    """Return whether a value is a list of two positive integers."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(
        isinstance(number, int) and not isinstance(number, bool) and number > 0
        for number in value
    )


def bundled_snapshot(ecosystem: str) -> Snapshot:
    """Return the snapshot that is installed with the package; raises SnapshotError."""
    folder = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(folder, "data", f"{ecosystem}.zlib")
    try:
        with open(path, "rb") as file:
            return decode(file.read(_MOST_FILE_BYTES + 1), ecosystem)
    except OSError as error:
        raise SnapshotError(
            f"the snapshot of {ecosystem} is missing: reinstall zt-gate"
        ) from error


def cached_snapshot_name(ecosystem: str) -> str:
    """Return the cache entry in which ``snapshot update`` stores a newer snapshot."""
    return f"snapshot-{_FORMAT}-{ecosystem}.zlib"


def load(ecosystem: str, cache: SealedCache | None, now: float) -> Snapshot | None:
    """Return the newest snapshot of an ecosystem, None for an ecosystem without one.

    A snapshot in the user's cache is used if it is authentic, newer than the
    bundled one and not from the future.
    """
    if ecosystem not in with_snapshot():
        return None
    bundled = bundled_snapshot(ecosystem)
    if cache is None:
        return bundled
    data = cache.read(cached_snapshot_name(ecosystem), _MOST_FILE_BYTES)
    if data is None:
        return bundled
    try:
        cached = decode(data, ecosystem)
    except SnapshotError:
        return bundled
    if cached.day > bundled.day and cached.is_fresh(now):
        return cached
    return bundled
