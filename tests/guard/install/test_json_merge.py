"""Adding to a JSON document, and taking exactly that away again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zt_gate.guard.install import json_merge

WANTED = {"a": {"list": ["x", "y"], "flag": True}, "name": "n"}


def test_what_is_there_is_kept_and_what_lacks_is_added() -> None:
    new, additions = json_merge.merged({"a": {"list": ["x", "z"]}, "b": 1}, WANTED, "f")
    assert new == {"a": {"list": ["x", "z", "y"], "flag": True}, "b": 1, "name": "n"}
    assert [(row["path"], row["value"]) for row in additions] == [
        (["a", "list"], "y"),
        (["a", "flag"], True),
        (["name"], "n"),
    ]


def test_a_changed_value_comes_back() -> None:
    old = {"a": {"flag": False}}
    new, additions = json_merge.merged(old, WANTED, "f")
    assert json_merge.without(new, additions) == old


def test_what_a_person_changed_meanwhile_stays() -> None:
    new, additions = json_merge.merged({}, WANTED, "f")
    new["name"] = "another"
    new["a"]["list"].append("own")
    assert json_merge.without(new, additions) == {
        "a": {"list": ["own"]},
        "name": "another",
    }


@pytest.mark.parametrize("old", [{"a": []}, {"a": {"list": {}}}, {"a": {"list": "x"}}])
def test_another_shape_is_refused(old: Any) -> None:
    with pytest.raises(json_merge.SettingsShapeError, match="f: a"):
        json_merge.merged(old, WANTED, "f")


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b"\xff", b"[" * 9999])
def test_settings_that_are_no_object_are_refused(data: bytes) -> None:
    with pytest.raises(json_merge.SettingsShapeError, match=r"^settings\.json"):
        json_merge.parsed(data, "settings.json")


def test_missing_values_are_named() -> None:
    lacks = list(json_merge.missing({"a": {"list": ["x"], "flag": 1.5}}, WANTED))
    assert lacks == ["a.list: y", "a.flag is not true", 'name is not "n"']


values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(tables, tables)
def test_additions_undo_each_other_exactly(
    old: dict[str, Any], wanted: dict[str, Any]
) -> None:
    try:
        new, additions = json_merge.merged(old, wanted, "f")
    except json_merge.SettingsShapeError:
        return
    assert list(json_merge.missing(new, wanted)) == []
    again, more = json_merge.merged(new, wanted, "f")
    assert (again, more) == (new, [])
    additions = json.loads(json.dumps(additions))
    assert _plain(json_merge.without(new, additions)) == _plain(old)


def _plain(value: Any) -> Any:
    """Without empty tables and lists: these are not told from none."""
    if isinstance(value, dict):
        inner = {key: _plain(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in ({}, [])}
    return [_plain(item) for item in value] if isinstance(value, list) else value
