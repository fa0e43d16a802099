"""The most used names of an ecosystem, as they were on one day.

The snapshot vouches for a name: it exists, it is old, it is used.  It never
condemns: a name that is not in it is only a name to ask about.  Past 90 days it
vouches for nothing, and only the name rules still look at it.

One file for each ecosystem, opened only when a dependency was added: a line of
JSON (``_Header``), then the names, most used first, all compressed with zlib.
"""

from __future__ import annotations

import json
import os
import zlib
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import with_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: Days after which a snapshot vouches for nothing.
FRESH_DAYS = 90
#: Days after which ranks say nothing about use, however often existence was confirmed.
RANKED_DAYS = 365
#: Whoever is in a list of the last month's downloads was there a month before.
_OLD_DAYS = 30
#: A rank is no count: it vouches for use only with this much room.
_ROOM = 10
_FORMAT = 1
_MOST_BYTES = 8 * 1024 * 1024
_MOST_FILE = 4 * 1024 * 1024
_WEEKS = 30 / 7


class SnapshotError(ValueError):
    """A file that is no snapshot."""


@dataclass(frozen=True)
class Snapshot:
    """The names of one ecosystem.

    ``day`` is when the names were last seen in the registry, ``ranked`` when
    their order was measured.  ``curve`` holds ``(rank, downloads a month)`` for
    some ranks, both rising in rank; between them downloads are estimated.
    ``body`` is the names, each between two newlines: a name is found in it
    faster than a set of all of them is made.
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
        if "ranks" in self.__dict__:  # worth making for many names only
            return self.ranks.get(key, 0)
        start = self.body.find(b"\n%s\n" % key.encode("ascii"))
        return 0 if start < 0 else self.body.count(b"\n", 0, start + 1)

    def weekly(self, rank: int) -> float:
        """Return the downloads a week that a rank stands for, by estimate."""
        places = [place for place, _ in self.curve]
        at = bisect_right(places, rank)
        if at == 0 or at == len(self.curve):
            count = float(self.curve[0 if at == 0 else -1][1])
        else:
            (r0, d0), (r1, d1) = self.curve[at - 1], self.curve[at]
            part = (log(rank) - log(r0)) / (log(r1) - log(r0))
            count = exp(log(d0) + part * (log(d1) - log(d0)))
        return count / _WEEKS

    def is_fresh(self, now: float) -> bool:
        """Say whether it may still vouch; ``now`` is in seconds since the epoch."""
        today = datetime.fromtimestamp(now, UTC).date()
        return (
            0 <= (today - self.day).days < FRESH_DAYS
            and 0 <= (today - self.ranked).days < RANKED_DAYS
        )

    def is_established(
        self, key: str, *, age_days: int, weekly: int, now: float
    ) -> bool:
        """Say whether the name is known to exist, to be that old and to be used that much."""
        if not self.is_fresh(now):
            return False
        passed = (datetime.fromtimestamp(now, UTC).date() - self.ranked).days
        if age_days > _OLD_DAYS + passed:
            return False
        rank = self.rank(key)
        return rank > 0 and self.weekly(rank) >= weekly * _ROOM


def encode(snapshot: Snapshot) -> bytes:
    """Return the file's bytes."""
    header = {
        "format": _FORMAT,
        "ecosystem": snapshot.ecosystem,
        "day": snapshot.day.isoformat(),
        "ranked": snapshot.ranked.isoformat(),
        "curve": snapshot.curve,
    }
    return zlib.compress(json.dumps(header).encode("ascii") + snapshot.body, 9)


def body_of(names: Sequence[str]) -> bytes:
    """Return the form in which a snapshot holds its names; raises SnapshotError."""
    text = "\n".join(names)
    if (
        not names
        or not text.isascii()
        or text.count("\n") != len(names) - 1
        or "" in names
    ):
        raise SnapshotError("names that cannot stand in a list")
    if len(set(names)) != len(names):
        raise SnapshotError("a name that stands in the list twice")
    return b"\n%s\n" % text.encode("ascii")


def decode(data: bytes, ecosystem: str) -> Snapshot:
    """Read a file; raises SnapshotError for whatever is no snapshot of this ecosystem."""
    if len(data) > _MOST_FILE:
        raise SnapshotError("a file that is too large for a snapshot")
    unpack = zlib.decompressobj()
    try:
        plain = unpack.decompress(data, _MOST_BYTES)
        head, mark, rest = plain.partition(b"\n")
        header = json.loads(head)
    except (zlib.error, ValueError, RecursionError) as error:
        raise SnapshotError("a file that is no snapshot") from error
    if not unpack.eof or not mark or not isinstance(header, dict):
        raise SnapshotError("a file that is no snapshot")
    if (header.get("format"), header.get("ecosystem")) != (_FORMAT, ecosystem):
        raise SnapshotError("a snapshot of another kind")
    body = mark + rest
    if (
        len(body) < 3
        or not body.endswith(b"\n")
        or not body.isascii()
        or b"\n\n" in body
    ):
        raise SnapshotError("a snapshot whose names are damaged")
    return Snapshot(
        ecosystem,
        _day(header.get("day")),
        _day(header.get("ranked")),
        _curve(header),
        body,
    )


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise SnapshotError("a snapshot without its date") from error


def _curve(header: dict[str, Any]) -> tuple[tuple[int, int], ...]:
    points = header.get("curve")
    sound = isinstance(points, list) and all(
        isinstance(point, list)
        and len(point) == 2
        and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in point)
        for point in points
    )
    if not sound or not points or not isinstance(points, list):
        raise SnapshotError("a snapshot without figures")
    curve = tuple((int(rank), int(count)) for rank, count in points)
    if any(one[0] >= other[0] for one, other in pairwise(curve)):
        raise SnapshotError("a snapshot without figures")
    return curve


def bundled_snapshot(ecosystem: str) -> Snapshot:
    """Return the snapshot that came with the package; raises SnapshotError."""
    path = os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "data", f"{ecosystem}.zlib"
    )
    try:
        with open(path, "rb") as file:
            return decode(file.read(_MOST_FILE + 1), ecosystem)
    except OSError as error:
        reason = f"no snapshot for {ecosystem}: the installation is incomplete"
        raise SnapshotError(reason) from error


def cached_snapshot_path(cache_dir: Path, ecosystem: str) -> Path:
    """Return where ``snapshot update`` leaves a newer one."""
    return cache_dir / f"snapshot-{_FORMAT}-{ecosystem}.zlib"


def load(ecosystem: str, cache_dir: Path | None, now: float) -> Snapshot | None:
    """Return the newest snapshot of an ecosystem, None where it has none.

    One in the user's cache folder counts where it is sound and newer than the
    package's own; one from the future is not believed.
    """
    if ecosystem not in with_snapshot():
        return None
    own = bundled_snapshot(ecosystem)
    if cache_dir is None:
        return own
    try:
        with open(cached_snapshot_path(cache_dir, ecosystem), "rb") as file:
            kept = decode(file.read(_MOST_FILE + 1), ecosystem)
    except (OSError, SnapshotError):
        return own
    return kept if kept.day > own.day and kept.is_fresh(now) else own
