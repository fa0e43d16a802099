"""How long values are cached, and that errors of the cache have no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches import sealed
from zt_gate.ecosystems.registries.cache import Cache
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.scanners.dependencies.registry_answers import Question
from zt_gate.scanners.dependencies.registry_lookup import RegistryLookup

if TYPE_CHECKING:
    from collections.abc import Iterable
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
