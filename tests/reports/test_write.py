from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from zt_gate.reports.base import ReportError
from zt_gate.reports.write import write

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_file_and_a_replaced_one(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    write(target, b"one")
    write(str(target), b"two")
    assert target.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["report.json"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out" / "in").mkdir(parents=True)
    write("r.txt", b"1")
    write("./out/in/r.txt", b"2")
    write("out/in/../r.txt", b"3")
    assert [
        (tmp_path / p).read_bytes() for p in ("r.txt", "out/in/r.txt", "out/r.txt")
    ] == [
        b"1",
        b"2",
        b"3",
    ]


def refused(target: str | Path, reason: str) -> None:
    with pytest.raises(ReportError) as caught:
        write(target, b"new")
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 3


def test_never_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"old")
    (tmp_path / "link").symlink_to(victim)
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "folder")
    monkeypatch.chdir(tmp_path)
    for base in ("", f"{tmp_path}/"):
        refused(f"{base}link", "it is a symbolic link")
        refused(f"{base}dangling", "it is a symbolic link")
        refused(f"{base}way/r.txt", "the folder way is a symbolic link")
        refused(f"{base}folder/../way/r.txt", "the folder way is a symbolic link")
    assert victim.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == [
        "dangling",
        "folder",
        "link",
        "victim",
        "way",
    ]
    assert not os.listdir(tmp_path / "folder")


def test_a_hard_link_keeps_its_other_name(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"old")
    os.link(victim, tmp_path / "report")
    write(tmp_path / "report", b"new")
    assert victim.read_bytes() == b"old"


def test_no_folder_no_device_no_name(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "folder", "it is a folder")
    refused(tmp_path / "pipe", "not a regular file")
    refused("/dev/null", "not a regular file")
    refused(f"{tmp_path}/folder/", "not a file name")
    refused(f"{tmp_path}/..", "not a file name")
    refused("", "not a file name")
    refused(tmp_path / "none" / "r", "no such file or directory (folder none)")
    refused(tmp_path / "file" / "r", "not a directory (folder file)")
    refused(f"{tmp_path}/a\0b", "null")
    refused(f"{tmp_path}/" + "x" * 300, "file name too long")
    refused(f"{tmp_path}/\x1b[2J\n/r", r"\x1b[2J\n")


def test_a_failed_write_leaves_the_old_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "report"
    write(target, b"old")

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", fail)
    refused(target, "no space left on device")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["report"]
