"""The cache folder: private, and never in a folder that a change can write to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from zt_gate.system.cache import cache_folder, write_atomically


def test_the_variables_select_the_folder(tmp_path: Path) -> None:
    home, xdg, own = (str(tmp_path / name) for name in ("home", "xdg", "own"))
    everything = {"HOME": home, "XDG_CACHE_HOME": xdg, "ZT_GATE_CACHE_DIR": own}
    assert cache_folder(everything) == Path(own)
    assert cache_folder({**everything, "ZT_GATE_CACHE_DIR": ""}) == Path(xdg, "zt-gate")
    assert cache_folder({"HOME": home}) == Path(home, ".cache", "zt-gate")
    assert cache_folder({"HOME": home, "XDG_CACHE_HOME": ""}) == Path(
        home, ".cache", "zt-gate"
    )
    assert os.stat(own).st_mode & 0o777 == 0o700


def test_relative_values_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = {"ZT_GATE_CACHE_DIR": "own", "XDG_CACHE_HOME": "xdg"}
    assert (
        cache_folder({**relative, "HOME": str(tmp_path / "h")})
        == tmp_path / "h/.cache/zt-gate"
    )
    assert cache_folder({**relative, "HOME": "home"}) is None
    assert cache_folder({}) is None
    assert os.listdir(tmp_path) == ["h"]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used(
    mode: int, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    folder.mkdir()
    folder.chmod(mode)
    assert cache_folder({"ZT_GATE_CACHE_DIR": str(folder)}) is None


def test_a_folder_of_another_user_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"ZT_GATE_CACHE_DIR": str(tmp_path / "cache")}
    assert cache_folder(environ) is not None
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert cache_folder(environ) is None


def test_neither_a_link_nor_a_file_is_used(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").write_text("")
    for name in ("link", "file", "file/below"):
        assert cache_folder({"ZT_GATE_CACHE_DIR": str(tmp_path / name)}) is None


def test_a_folder_without_write_permission_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder({"ZT_GATE_CACHE_DIR": "/proc/zt-gate"}) is None
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert cache_folder({"ZT_GATE_CACHE_DIR": str(tmp_path / "cache")}) is None


def test_a_folder_that_is_scanned_is_not_used(tmp_path: Path) -> None:
    root, other = tmp_path / "repository", tmp_path / "repository-2"
    root.mkdir()
    (tmp_path / "link").symlink_to(root)
    for place in (root, root / ".cache", tmp_path / "link" / "a" / "b"):
        assert cache_folder({"ZT_GATE_CACHE_DIR": str(place)}, [other, root]) is None
        assert cache_folder({"XDG_CACHE_HOME": str(place)}, [tmp_path / "link"]) is None
    assert os.listdir(root) == []
    assert cache_folder({"ZT_GATE_CACHE_DIR": str(other)}, [root]) == other


def test_write_atomically(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    write_atomically(target, b"one")
    write_atomically(target, b"two")
    assert target.read_bytes() == b"two"
    assert target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["kept"]


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "kept").symlink_to("precious")
    write_atomically(tmp_path / "kept", b"new")
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "kept").is_symlink()


def test_a_failure_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").write_text("")
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", b"x")
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "absent" / "x", b"x")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "kept", b"x")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_file_of_the_project_keeps_its_mode(tmp_path: Path) -> None:
    """A policy that only its owner can read breaks images and packages built from the folder."""
    target = tmp_path / "policy"
    old = os.umask(0o022)
    try:
        write_atomically(target, b"one", shared=True)
        assert target.stat().st_mode & 0o777 == 0o644
        target.chmod(0o664)
        write_atomically(target, b"two", shared=True)
        assert target.stat().st_mode & 0o777 == 0o664
    finally:
        os.umask(old)
