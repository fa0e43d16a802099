"""Settings files are written beside and renamed, and what was there is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from zt_gate.guard.install.settings_change import (
    SettingsChange,
    SettingsFileError,
    read_settings,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_the_first_content_is_kept_once(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"first")
    file.chmod(0o640)
    SettingsChange(str(file), b"first", b"second").write()
    SettingsChange(str(file), b"second", b"third").write()
    assert file.read_bytes() == b"third"
    assert file.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "settings.json.before-zt-gate").read_bytes() == b"first"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_new_file_and_its_folders_are_the_users_alone(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "settings.json"
    SettingsChange(str(file), None, b"new").write()
    assert file.stat().st_mode & 0o777 == 0o600
    SettingsChange(str(file), b"new", None).write()
    assert not file.exists()


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_bytes(b"other")
    with pytest.raises(SettingsFileError, match="changed meanwhile"):
        SettingsChange(str(file), b"first", b"second").write()
    assert file.read_bytes() == b"other"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_bytes(b"first")
    link = tmp_path / "settings.json"
    link.symlink_to(target)
    SettingsChange(str(link), b"first", b"second").write()
    assert link.is_symlink()
    assert target.read_bytes() == b"second"


def test_a_folder_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a file")
    with pytest.raises(SettingsFileError):
        SettingsChange(str(tmp_path / "a" / "settings.json"), None, b"new").write()
    assert read_settings(str(tmp_path / "none")) is None
    with pytest.raises(SettingsFileError, match="no settings file"):
        read_settings(str(tmp_path))


def test_the_difference_names_the_file() -> None:
    diff = SettingsChange("/h/s.json", b"a\nb\n", b"a\nc\n").diff()
    assert diff.splitlines()[:2] == ["--- /h/s.json", "+++ /h/s.json"]
    assert "-b" in diff
    assert "+c" in diff
