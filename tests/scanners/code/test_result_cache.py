from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches import sealed
from zt_gate import rulebook
from zt_gate.scanners.code import result_cache as module
from zt_gate.scanners.code.result_cache import ResultCache, cache_key
from zt_gate.scanners.code.rule_selection import EngineRules

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUE = {"matches": [["rule", 1, 2, 3, 4, None]]}


def entries(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def test_what_is_put_is_there_in_another_run(tmp_path: Path) -> None:
    ResultCache(sealed(tmp_path)).put(cache_key("a"), VALUE)
    assert ResultCache(sealed(tmp_path)).get(cache_key("a")) == VALUE
    assert ResultCache(sealed(tmp_path)).get(cache_key("b")) is None
    (file,) = entries(tmp_path)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_without_a_folder_nothing_is_kept() -> None:
    ResultCache(None).put(cache_key("a"), VALUE)
    assert ResultCache(None).get(cache_key("a")) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b" ",
        lambda data: data.replace(b"rule", b"ruse"),
        lambda data: data[65:],
        lambda data: b"\xff" * 1000,
    ],
)
def test_a_damaged_entry_does_not_exist(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    cache = ResultCache(sealed(tmp_path))
    cache.put(cache_key("a"), VALUE)
    (file,) = entries(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    assert cache.get(cache_key("a")) is None
    cache.put(cache_key("a"), VALUE)
    assert cache.get(cache_key("a")) == VALUE


def test_an_entry_under_another_key_does_not_exist(tmp_path: Path) -> None:
    cache = ResultCache(sealed(tmp_path))
    cache.put(cache_key("a"), VALUE)
    (file,) = entries(tmp_path)
    other = cache_key("b")
    place = tmp_path / "code" / other[:2] / other[2:]
    place.parent.mkdir(parents=True, exist_ok=True)
    os.rename(file, place)
    assert cache.get(other) is None


def test_the_number_of_entries_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 4)
    cache = ResultCache(sealed(tmp_path))
    keys = [f"00{number:062x}" for number in range(20)]
    for number, key in enumerate(keys):
        cache.put(key, number)
        os.utime(tmp_path / "code" / "00" / key[2:], ns=(number, number))
        assert len(entries(tmp_path)) <= 5
    assert cache.get(keys[-1]) == 19
    assert cache.get(keys[0]) is None


def test_a_large_entry_is_not_kept_unless_it_may_be(tmp_path: Path) -> None:
    large = "x" * (module.MAX_BYTES + 1)
    cache = ResultCache(sealed(tmp_path))
    cache.put(cache_key("a"), large)
    assert cache.get(cache_key("a")) is None
    cache.put(cache_key("a"), large, limit=module.MAX_LARGE)
    assert cache.get(cache_key("a")) == large


def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("a file")
    cache = ResultCache(sealed(tmp_path))
    cache.put(cache_key("a"), VALUE)
    assert cache.get(cache_key("a")) is None


def _write(folder: Path, number: int) -> bool:
    cache = ResultCache(sealed(folder))
    for turn in range(50):
        cache.put(cache_key("shared"), ["x" * 1000, number, turn])
        value = cache.get(cache_key("shared"))
        if value is not None and value[0] != "x" * 1000:
            return False
    return True


def test_several_processes_may_write_at_once(tmp_path: Path) -> None:
    with ProcessPoolExecutor(3) as pool:
        assert all(pool.map(partial(_write, tmp_path), range(3)))
    assert ResultCache(sealed(tmp_path)).get(cache_key("shared"))[0] == "x" * 1000
    assert len(entries(tmp_path)) == 1


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_keys_differ_where_the_parts_do(one: list[str], other: list[str]) -> None:
    assert (cache_key(*one) == cache_key(*other)) == (one == other)
    assert set(cache_key(*one)) <= set("0123456789abcdef")


def test_an_entry_is_json_below_its_checksum(tmp_path: Path) -> None:
    ResultCache(sealed(tmp_path)).put(cache_key("a"), VALUE)
    (file,) = entries(tmp_path)
    assert json.loads(file.read_bytes().partition(b"\n")[2]) == VALUE


def test_which_rules_apply_is_remembered_for_a_long_text(tmp_path: Path) -> None:
    cache = ResultCache(sealed(tmp_path))
    engine_rules = EngineRules(rulebook.load("code"), tmp_path, cache)
    text = b"eval(x)\n" + b"# word\n" * 1000
    found = engine_rules.applicable("python", text)
    assert "python-eval-of-argument" in found
    again = EngineRules(rulebook.load("code"), tmp_path, cache)
    assert again.applicable("python", text) == found
    assert (
        again.applicable("python", text + b"import pickle; pickle.loads(x)\n") > found
    )
