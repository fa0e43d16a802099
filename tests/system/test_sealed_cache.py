"""A cache is only read where its entries were made with the user's key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.caches import sealed
from tests.support.offenders import check_each
from zt_gate.errors import UsageError
from zt_gate.system.sealed_cache import KEY_VARIABLE, SealedCache, open_cache

if TYPE_CHECKING:
    from collections.abc import Callable

NAME, CONTENT = "rules-secrets-1.json", b'[{"id": "secrets/x"}]'
LONG_KEY = "k" * 32


def opened(
    tmp_path: Path, scanned: tuple[Path, ...] = (), **more: str
) -> SealedCache | None:
    return open_cache({"HOME": str(tmp_path / "home"), **more}, scanned)


def key_file(tmp_path: Path) -> Path:
    return tmp_path / "home/.local/state/zt-gate/cache.key"


def test_an_entry_reads_as_it_was_written(tmp_path: Path) -> None:
    cache = sealed(tmp_path)
    cache.write(NAME, CONTENT)
    assert cache.read(NAME) == CONTENT
    assert sealed(tmp_path).read(NAME) == CONTENT
    assert cache.read("absent") is None
    assert "kkkk" not in repr(cache)


def planted() -> dict[str, Callable[[Path, bytes], None]]:
    """What someone may put in an entry's place who has the folder and not the key."""
    stranger = b"s" * 32

    def moved(entry: Path, _whole: bytes) -> None:
        sealed(entry.parent).write("rules-code-1.json", CONTENT)
        os.replace(entry.parent / "rules-code-1.json", entry)

    def linked(entry: Path, whole: bytes) -> None:
        entry.unlink()
        (entry.parent / "elsewhere").write_bytes(whole)
        entry.symlink_to(entry.parent / "elsewhere")

    def pipe(entry: Path, _whole: bytes) -> None:
        entry.unlink()
        os.mkfifo(entry)

    def folder(entry: Path, _whole: bytes) -> None:
        entry.unlink()
        entry.mkdir()

    return {
        "no seal": lambda entry, _: entry.write_bytes(b"[]") and None,
        "an empty seal": lambda entry, _: entry.write_bytes(b"\n[]") and None,
        "a checksum": lambda entry, _: entry.write_bytes(b"0" * 64 + b"\n[]") and None,
        "another key": lambda entry, _: SealedCache(entry.parent, stranger).write(
            NAME, b"[]"
        ),
        "another content": lambda entry, whole: (
            entry.write_bytes(whole[:65] + b"[]") and None
        ),
        "another name": moved,
        "a suffix": lambda entry, whole: entry.write_bytes(whole + b" ") and None,
        "a truncated file": lambda entry, whole: entry.write_bytes(whole[:-1]) and None,
        "a link": linked,
        "a named pipe": pipe,
        "a folder": folder,
        "a seal in capitals": lambda entry, whole: (
            entry.write_bytes(whole[:64].upper() + whole[64:]) and None
        ),
    }


def test_what_was_made_without_the_key_is_not_read(tmp_path: Path) -> None:
    forms = planted()

    def check(form: str) -> None:
        place = tmp_path / form
        place.mkdir()
        cache = sealed(place)
        cache.write(NAME, CONTENT)
        forms[form](place / NAME, (place / NAME).read_bytes())
        assert cache.read(NAME) is None

    check_each(forms, check)


@given(
    st.text(max_size=8),
    st.binary(max_size=64),
    st.text(max_size=8),
    st.binary(max_size=64),
)
def test_a_seal_fits_one_name_and_one_content(
    name: str, content: bytes, other: str, another: bytes
) -> None:
    cache = SealedCache(Path("/nowhere"), b"k" * 32)
    is_same = (name, content) == (other, another)
    assert cache.is_sealed(cache.seal(name, content), other, another) is is_same


def test_the_key_is_made_once_and_only_the_user_can_read_it(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    assert first is not None
    assert first == second
    assert len(first.key) == 32
    assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert not first.folder.is_relative_to(key_file(tmp_path).parent)


def test_a_key_file_that_others_may_know_is_replaced(tmp_path: Path) -> None:
    def others_read(file: Path) -> None:
        file.chmod(0o644)

    def link(file: Path) -> None:
        (file.parent / "known").write_bytes(b"s" * 32)
        (file.parent / "known").chmod(0o600)
        file.unlink()
        file.symlink_to("known")

    def second_name(file: Path) -> None:
        os.link(file, file.parent / "second")

    def short(file: Path) -> None:
        file.write_bytes(b"")

    def long(file: Path) -> None:
        file.write_bytes(b"s" * 33)

    def pipe(file: Path) -> None:
        file.unlink()
        os.mkfifo(file, 0o600)

    def check(change: Callable[[Path], None]) -> None:
        before = opened(tmp_path)
        assert before is not None
        before.write(NAME, CONTENT)
        change(key_file(tmp_path))
        after = opened(tmp_path)
        assert after is not None
        assert after.key not in {before.key, b"s" * 32, b""}
        assert after.read(NAME) is None
        assert key_file(tmp_path).stat().st_mode & 0o777 == 0o600

    check_each(
        (others_read, link, second_name, short, long, pipe),
        check,
        name=lambda one: one.__name__,
    )


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can give a file to another user"
)
def test_a_key_or_a_folder_of_another_user_is_not_used(tmp_path: Path) -> None:
    assert opened(tmp_path) is not None
    os.chown(key_file(tmp_path), 65534, 65534)
    planted_key = key_file(tmp_path).read_bytes()
    after = opened(tmp_path)
    assert after is not None
    assert after.key != planted_key
    os.chown(key_file(tmp_path).parent, 65534, 65534)
    assert opened(tmp_path) is None


def test_without_a_safe_place_for_the_key_nothing_is_cached(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / "state").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/zt-gate").symlink_to(repository / "state")
    shared = tmp_path / "shared/zt-gate"
    shared.mkdir(parents=True)
    shared.chmod(0o777)
    cache = str(tmp_path / "cache")
    forms: dict[str, dict[str, str]] = {
        "HOME in the repository": {"HOME": str(repository), "ZT_GATE_CACHE_DIR": cache},
        "state in the repository": {"XDG_STATE_HOME": str(repository / "state")},
        "state links to the repository": {"XDG_STATE_HOME": str(tmp_path / "out")},
        "state in the cache": {"XDG_STATE_HOME": cache, "ZT_GATE_CACHE_DIR": cache},
        "the cache in the state": {
            "XDG_STATE_HOME": str(tmp_path / "s"),
            "ZT_GATE_CACHE_DIR": str(tmp_path / "s/zt-gate/cache"),
        },
        "others write the state": {"XDG_STATE_HOME": str(tmp_path / "shared")},
        "no state": {"HOME": "", "ZT_GATE_CACHE_DIR": cache},
        "the cache in the repository": {"ZT_GATE_CACHE_DIR": str(repository / "cache")},
        "XDG cache in the repository": {"XDG_CACHE_HOME": str(repository / "cache")},
    }
    check_each(forms, lambda form: opened(tmp_path, (repository,), **forms[form]))
    assert opened(tmp_path, (repository,), ZT_GATE_CACHE_DIR=cache) is not None


def test_in_ci_only_a_cache_with_a_key_of_the_caller_is_used(tmp_path: Path) -> None:
    forms = (
        {"CI": "true"},
        {"CI": "1"},
        {"CI": "false", "GITHUB_ACTIONS": "true"},
        {"CI": "", "GITLAB_CI": "true"},
        {"TF_BUILD": "True"},
        {"JENKINS_URL": "x"},
        {"CI": "true", KEY_VARIABLE: ""},
    )
    assert opened(tmp_path) is not None  # an earlier job on the same runner

    def check(form: dict[str, str]) -> None:
        assert opened(tmp_path, **form) is None
        with_key = opened(tmp_path, **{**form, KEY_VARIABLE: LONG_KEY})
        assert with_key is not None
        assert with_key == opened(tmp_path, **{KEY_VARIABLE: LONG_KEY})
        assert with_key.key != key_file(tmp_path).read_bytes()

    check_each(forms, check)


def test_a_short_key_of_the_caller_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at least 32"):
        opened(tmp_path, **{KEY_VARIABLE: "short"})
