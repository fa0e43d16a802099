"""How long values are cached, and that errors of the cache have no effect."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches import sealed
from tests.support.offenders import check_each
from zt_gate.ecosystems.registries.cache import Cache
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.scanners.dependencies.registry_answers import Question
from zt_gate.scanners.dependencies.registry_lookup import RegistryLookup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path


def test_a_value_is_returned_until_it_expires(tmp_path: Path) -> None:
    cache = Cache(sealed(tmp_path))
    cache.put({"a": ({"x": 1}, 60), "b": (2, 600)}, now=1000)
    assert cache.get(["a", "b", "c"], now=1059) == {"a": {"x": 1}, "b": 2}
    assert cache.get(["a", "b"], now=1061) == {"b": 2}


def test_a_value_from_the_future_is_ignored(tmp_path: Path) -> None:
    cache = Cache(sealed(tmp_path))
    cache.put({"a": (1, 60)}, now=5000)
    assert cache.get(["a"], now=1000) == {}


def test_expired_values_are_removed(tmp_path: Path) -> None:
    cache = Cache(sealed(tmp_path))
    cache.put({"a": (1, 60)}, now=1000)
    cache.put({"b": (1, 60)}, now=2000)
    assert cache.get(["a"], now=1001) == {}


def test_without_a_folder_nothing_is_cached() -> None:
    cache = Cache(None)
    cache.put({"a": (1, 60)})
    assert cache.get(["a"]) == {}


def test_a_file_that_is_not_a_database_is_replaced(tmp_path: Path) -> None:
    Cache(sealed(tmp_path)).put({"a": (1, 60)})
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"garbage" * 1000)
    cache = Cache(sealed(tmp_path))
    assert cache.get(["a"]) == {}
    cache.put({"a": (2, 60)})
    assert cache.get(["a"]) == {"a": 2}


class _Kept(Cache):
    """Return a cache that contains a value of another program."""

    def __init__(self, value: object) -> None:
        super().__init__(None)
        self.value = value

    def get(self, keys: Iterable[str], now: float | None = None) -> dict[str, Any]:
        return dict.fromkeys(keys, self.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["first_upload", "status", "note", "missing", "x"]), inner
        )
    ),
    max_leaves=5,
)


@given(_JSON)
@pytest.mark.parametrize("service", [None, Index("http://127.0.0.1:1")])
def test_a_cached_value_of_any_shape_is_a_result_or_ignored(
    service: Index | None, value: object
) -> None:
    question = Question("pypi", "x", (Index("http://127.0.0.1:1/simple"),), service)
    look_up = RegistryLookup({}, 0.0, 30, 1e9, _Kept(value))
    assert look_up.ask([question])[question].answer is not None


def _rows(folder: Path, *statements: tuple[str, tuple[object, ...]]) -> None:
    """Change the database as a program without the key would."""
    with (
        closing(sqlite3.connect(folder / "registries-2.sqlite3")) as database,
        database,
    ):
        for statement, values in statements:
            database.execute(statement, values)


def test_rows_that_were_made_without_the_key_are_not_read(tmp_path: Path) -> None:
    advisory = "ids https://osv.example pypi flask 1.0"
    project = "project pypi 30 /False form https://index.example flask"
    old = json.dumps({"first_upload": 1.0})
    forms: dict[str, tuple[tuple[str, tuple[object, ...]], ...]] = {
        "a value": (("UPDATE answer SET value = ?", (old,)),),
        "no advisory": (("UPDATE answer SET value = '[]'", ()),),
        "a longer life": (("UPDATE answer SET until = 9e12", ()),),
        "an earlier time": (("UPDATE answer SET kept = 1.0", ()),),
        "another key's row": (
            ("UPDATE answer SET key = 'x' WHERE key = ?", (project,)),
            ("UPDATE answer SET key = ? WHERE key = ?", (project, advisory)),
            ("UPDATE answer SET key = ? WHERE key = 'x'", (advisory,)),
        ),
        "an empty seal": (("UPDATE answer SET seal = ''", ()),),
        "a seal of bytes": (("UPDATE answer SET seal = x'00'", ()),),
        "a seal of other letters": (("UPDATE answer SET seal = 'é'", ()),),
        "a value of bytes": (("UPDATE answer SET value = CAST(value AS BLOB)", ()),),
        "a view": (
            ("ALTER TABLE answer RENAME TO hidden", ()),
            (
                "CREATE VIEW answer AS SELECT key, until, kept, '[]' AS value, seal FROM hidden",
                (),
            ),
        ),
    }

    def check(name: str) -> None:
        place = tmp_path / name
        place.mkdir()
        cache = Cache(sealed(place))
        cache.put({advisory: (["CVE"], 60), project: ({"missing": True}, 60)})
        assert len(cache.get([advisory, project])) == 2
        _rows(place, *forms[name])
        assert cache.get([advisory, project]) == {}

    check_each(forms, check)


def test_a_database_of_a_stranger_or_no_file_at_all_is_not_read(tmp_path: Path) -> None:
    def stranger(file: Path) -> None:
        file.unlink()
        Cache(sealed(file.parent, b"s" * 32)).put({"a": (2, 60)})

    def link(file: Path) -> None:
        file.rename(file.parent / "other")
        file.symlink_to("other")

    def pipe(file: Path) -> None:
        file.unlink()
        os.mkfifo(file)

    def first_version(file: Path) -> None:
        file.unlink()
        with closing(sqlite3.connect(file)) as database, database:
            database.execute(
                "CREATE TABLE answer (key TEXT, until REAL, kept REAL, value TEXT)"
            )
            database.execute("INSERT INTO answer VALUES ('a', 9e12, 1.0, '2')")

    def check(change: Callable[[Path], None]) -> None:
        place = tmp_path / change.__name__
        place.mkdir()
        cache = Cache(sealed(place))
        cache.put({"a": (1, 60)})
        change(place / "registries-2.sqlite3")
        assert cache.get(["a"]) == {}
        cache.put({"b": (3, 60)})

    check_each(
        (stranger, link, pipe, first_version), check, name=lambda one: one.__name__
    )
