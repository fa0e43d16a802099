"""Whether every part of a managed guard is out of the users' reach."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from zt_gate.errors import UsageError
from zt_gate.guard.install import managed
from zt_gate.guard.install.root_owned_parts import own_parts, within_reach

if TYPE_CHECKING:
    from pathlib import Path

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root makes root's files"
)


def tree(folder: Path) -> Path:
    package = folder / "package"
    package.mkdir(mode=0o755)
    (package / "module.py").write_text("x = 1\n")
    (package / "module.py").chmod(0o644)
    return package


def test_the_interpreter_and_what_it_imports_are_looked_at() -> None:
    parts = own_parts()
    assert sys.executable in parts
    assert any(path.endswith("zt_gate") for path in parts)
    assert all(os.path.isabs(path) for path in parts)


@needs_root
def test_files_of_root_alone_are_out_of_reach(tmp_path: Path) -> None:
    assert within_reach([str(tree(tmp_path))]) == ()


@needs_root
def test_a_file_that_others_can_write_is_named(tmp_path: Path) -> None:
    package = tree(tmp_path)
    (package / "module.py").chmod(0o666)
    (reason,) = within_reach([str(package)])
    assert reason == f"users other than root can write {package / 'module.py'}"


@needs_root
def test_a_file_or_folder_of_a_user_is_named(tmp_path: Path) -> None:
    package = tree(tmp_path)
    os.chown(package / "module.py", 1000, 1000)
    (reason,) = within_reach([str(package)])
    assert "module.py does not belong to root" in reason
    os.chown(package / "module.py", 0, 0)
    os.chown(tmp_path, 1000, 1000)
    (reason,) = within_reach([str(package)])
    assert f"{tmp_path} does not belong to root" in reason


@needs_root
def test_a_link_to_a_users_file_is_named(tmp_path: Path) -> None:
    package = tree(tmp_path)
    outside = tmp_path / "mine.py"
    outside.write_text("")
    os.chown(outside, 1000, 1000)
    (package / "linked.py").symlink_to(outside)
    (reason,) = within_reach([str(package)])
    assert "mine.py does not belong to root" in reason


def test_a_user_sees_all_of_the_own_files_within_reach(tmp_path: Path) -> None:
    package = tree(tmp_path)
    if os.geteuid() == 0:
        os.chown(package, 1000, 1000)
    assert within_reach([str(package)])


def test_a_guard_within_reach_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        managed, "within_reach", lambda: ("/x does not belong to root",)
    )
    with pytest.raises(UsageError, match=r"/x does not belong to root.*/root/zt-gate"):
        managed.refuse_within_reach(str(tmp_path))
