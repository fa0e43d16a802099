"""How long an answer is kept, and that a cache is never needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.ecosystems.registries.cache import Cache
from zt_gate.ecosystems.registries.package_index import Index
from zt_gate.scanners.dependencies.registry_answers import Question
from zt_gate.scanners.dependencies.registry_lookup import RegistryLookup

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def test_an_answer_is_kept_as_long_as_it_was_put(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"a": ({"x": 1}, 60), "b": (2, 600)}, now=1000)
    assert cache.get(["a", "b", "c"], now=1059) == {"a": {"x": 1}, "b": 2}
    assert cache.get(["a", "b"], now=1061) == {"b": 2}


def test_an_answer_from_the_future_is_not_believed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"a": (1, 60)}, now=5000)
    assert cache.get(["a"], now=1000) == {}


def test_what_is_past_is_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put({"a": (1, 60)}, now=1000)
    cache.put({"b": (1, 60)}, now=2000)
    assert cache.get(["a"], now=1001) == {}


def test_without_a_folder_nothing_is_kept() -> None:
    cache = Cache(None)
    cache.put({"a": (1, 60)})
    assert cache.get(["a"]) == {}


def test_a_file_that_is_no_database_is_replaced(tmp_path: Path) -> None:
    Cache(tmp_path).put({"a": (1, 60)})
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"garbage" * 1000)
    cache = Cache(tmp_path)
    assert cache.get(["a"]) == {}
    cache.put({"a": (2, 60)})
    assert cache.get(["a"]) == {"a": 2}


class _Kept(Cache):
    """A cache in which somebody else has written."""

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
def test_a_kept_value_of_any_shape_is_an_answer_or_nothing(
    service: Index | None, value: object
) -> None:
    question = Question("pypi", "x", (Index("http://127.0.0.1:1/simple"),), service)
    look_up = RegistryLookup({}, 0.0, 30, 1e9, _Kept(value))
    assert look_up.ask([question])[question].answer is not None
