"""The bundled snapshots: which names are established, and for how long."""

from __future__ import annotations

import dataclasses
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches import sealed
from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.scanners.dependencies import name_snapshot, scan, snapshot_update

if TYPE_CHECKING:
    from pathlib import Path

PYPI, NPM = (
    name_snapshot.bundled_snapshot("pypi"),
    name_snapshot.bundled_snapshot("npm"),
)
RULES = rulebook.load("dependencies")


def moment(day: date) -> float:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def is_established(
    key: str, days: int = 0, age_days: int = 30, weekly: int = 100
) -> bool:
    now = moment(PYPI.day + timedelta(days=days))
    return PYPI.is_established(key, age_days=age_days, weekly=weekly, now=now)


def test_the_bundled_snapshots() -> None:
    assert len(PYPI.names) >= 14_900
    assert len(NPM.names) >= 20_000
    assert (
        PYPI.rank("requests")
        == PYPI.ranks["requests"]
        == PYPI.names.index("requests") + 1
    )
    assert NPM.rank("@types/node") == NPM.ranks["@types/node"]
    assert (
        PYPI.rank("no-such-name")
        == PYPI.rank("")
        == PYPI.rank("a\nb")
        == PYPI.rank("ü")
        == 0
    )
    assert NPM.weekly(1) > NPM.weekly(150) > NPM.weekly(20_000) > 100_000


def test_names_are_established_for_ninety_days() -> None:
    assert [is_established("requests", days) for days in (0, 89, 90, 400, -1)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert not is_established("no-such-name")


def test_names_are_established_within_the_known_limits() -> None:
    assert is_established("requests", age_days=30)
    assert not is_established("requests", age_days=31)
    assert is_established("requests", days=10, age_days=40)
    assert is_established("requests", weekly=1_000_000)
    assert not is_established(PYPI.names[-1], weekly=10_000)


def test_an_outdated_snapshot_is_not_used(tmp_path: Path) -> None:
    change = change_of({"requirements.txt": "flask\n"})
    with Registry() as registry:
        here = context(RULES, tmp_path, environ=registry.environment())
        start = here.deadline - 60
        fresh = scan.scan(change, here, start, lambda: moment(PYPI.day))
        assert [path for path in registry.asked() if "/simple/" in path] == []
        assert fresh.findings == ()
        stale = scan.scan(
            change, here, start, lambda: moment(PYPI.day + timedelta(days=90))
        )
        assert [finding.rule for finding in stale.findings] == ["dependencies/missing"]


@given(st.binary(max_size=300))
def test_other_files_are_not_snapshots(data: bytes) -> None:
    for content in (data, zlib.compress(data)):
        with pytest.raises(name_snapshot.SnapshotError):
            name_snapshot.decode(content, "pypi")


@pytest.mark.parametrize("names", [[], ["a", "a"], ["a\nb"], ["ü"], [""]])
def test_invalid_lists_of_names(names: list[str]) -> None:
    with pytest.raises(name_snapshot.SnapshotError):
        name_snapshot.body_of(names)


def test_a_snapshot_survives_a_round_trip() -> None:
    assert name_snapshot.decode(name_snapshot.encode(PYPI), "pypi") == PYPI
    with pytest.raises(name_snapshot.SnapshotError):
        name_snapshot.decode(name_snapshot.encode(PYPI), "npm")


def test_a_newer_cached_snapshot_is_used_and_a_damaged_one_is_not(
    tmp_path: Path,
) -> None:
    later = PYPI.day + timedelta(days=5)
    name = name_snapshot.cached_snapshot_name("pypi")
    own = dataclasses.replace(
        PYPI, day=later, body=name_snapshot.body_of(["only-this"])
    )
    sealed(tmp_path).write(name, name_snapshot.encode(own))
    for now, names in ((later, 1), (later - timedelta(days=1), len(PYPI.names))):
        loaded = name_snapshot.load("pypi", sealed(tmp_path), moment(now))
        assert loaded is not None
        assert len(loaded.names) == names
    (tmp_path / name).write_bytes(b"broken")
    assert name_snapshot.load("pypi", sealed(tmp_path), moment(later)) == PYPI
    assert name_snapshot.load("cargo", sealed(tmp_path), moment(later)) is None


def test_update_confirms_names_with_the_index_itself(tmp_path: Path) -> None:
    later = PYPI.day + timedelta(days=60)
    gone = {PYPI.names[7], PYPI.names[9000]}
    with Registry() as registry:
        registry.projects = [name for name in PYPI.names if name not in gone] + [
            "new-name"
        ]
        new = snapshot_update.refresh(
            "pypi", registry.environment(), {}, sealed(tmp_path), lambda: moment(later)
        )
        assert (new.day, new.ranked) == (later, PYPI.ranked)
        assert set(PYPI.names) - set(new.names) == gone
        kept = name_snapshot.load("pypi", sealed(tmp_path), moment(later))
        assert kept == new
        registry.projects = list(PYPI.names[:100])
        with pytest.raises(snapshot_update.UpdateError, match="100 of"):
            snapshot_update.refresh(
                "pypi", registry.environment(), {}, sealed(tmp_path)
            )
        registry.fault("html")
        with pytest.raises(snapshot_update.UpdateError, match="the index"):
            snapshot_update.refresh(
                "pypi", registry.environment(), {}, sealed(tmp_path)
            )
        assert name_snapshot.load("pypi", sealed(tmp_path), moment(later)) == kept


def test_update_sorts_npm_names_by_their_new_counts(tmp_path: Path) -> None:
    few = dataclasses.replace(NPM, body=name_snapshot.body_of(["a", "b", "@s/c", "d", "e"] + [
        f"x{n}" for n in range(20)]))  # fmt: skip
    sealed(tmp_path).write(
        name_snapshot.cached_snapshot_name("npm"),
        name_snapshot.encode(dataclasses.replace(few, day=NPM.day + timedelta(days=1))),
    )
    now = moment(NPM.day + timedelta(days=2))
    with Registry() as registry:
        for count, name in enumerate(few.names, 1):
            registry.npm(name, weekly=count * 1000)
        registry.npm("e", weekly=None)
        new = snapshot_update.refresh(
            "npm", registry.environment(), {}, sealed(tmp_path), lambda: now
        )
    assert (new.names[0], new.names[-1], "e" in new.names) == ("x19", "a", False)
    assert new.ranked == NPM.day + timedelta(days=2)
