"""Files of root: what a program of another user cannot change, and what it can."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.offenders import check_each
from zt_gate.system import root_owned
from zt_gate.system.root_owned import (
    NotRootOwnedError,
    check_root_owned,
    read_root_owned,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can make root's files"
)

USER = 65534


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="zt-gate-test-"))
    made.chmod(0o755)
    (made / "file").write_text("x")
    (made / "file").chmod(0o644)
    yield made
    shutil.rmtree(made)


def test_a_file_of_root_is_read_and_a_missing_one_is_none(folder: Path) -> None:
    assert read_root_owned(folder / "file", USER) == b"x"
    assert read_root_owned(folder / "absent", USER) is None
    (folder / "link").symlink_to("file")
    assert read_root_owned(folder / "link", USER) == b"x"
    assert read_root_owned(Path("/etc/passwd"), USER)


def test_what_is_in_the_users_reach_is_refused(folder: Path) -> None:
    own = folder / "own"
    own.mkdir()
    (own / "file").write_text("x")
    os.chown(own, USER, USER)
    open_folder = folder / "open"
    open_folder.mkdir()
    open_folder.chmod(0o777)
    (open_folder / "file").write_text("x")
    sticky = folder / "sticky"
    sticky.mkdir()
    sticky.chmod(0o1777)
    (sticky / "own").write_text("x")
    os.chown(sticky / "own", USER, USER)
    (folder / "group").write_text("x")
    (folder / "group").chmod(0o664)
    (folder / "all").write_text("x")
    (folder / "all").chmod(0o646)
    (folder / "link").symlink_to(own / "file")
    (folder / "dangling").symlink_to(own / "absent")
    os.mkfifo(folder / "pipe")
    names = (
        "own/file",
        "open/file",
        "sticky/own",
        "group",
        "all",
        "link",
        "dangling",
        "pipe",
    )

    def check(name: str) -> None:
        with pytest.raises(NotRootOwnedError):
            read_root_owned(folder / name, USER)

    check_each(names, check)
    with pytest.raises(NotRootOwnedError, match="runs as root"):
        check_root_owned(str(folder / "file"), 0)


@pytest.mark.skipif(
    not os.path.exists("/usr/bin/python3"), reason="no Python for another user"
)
def test_another_user_reads_it_and_cannot_change_it(folder: Path) -> None:
    """The same code in a process that is not root's, which then tries everything."""
    source = Path(root_owned.__file__).read_text()
    tries = f"""
folder = {str(folder)!r}
from pathlib import Path
file = Path(folder, "file")
assert read_root_owned(file, os.geteuid()) == b"x"
for attempt in (
    lambda: open(file, "a"), lambda: os.unlink(file), lambda: os.chmod(file, 0o666),
    lambda: os.rename(file, "/tmp/other"), lambda: os.rename(folder, folder + "2"),
    lambda: os.symlink("/tmp/x", folder + "/new"), lambda: os.utime(file),
    lambda: os.chown(file, os.geteuid(), -1),
):
    try:
        attempt()
    except PermissionError:
        continue
    raise SystemExit("an attempt succeeded")
print("held")
"""
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-"], input=(source + tries).encode(), cwd="/",
        user=USER, group=USER, extra_groups=[], capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout == b"held\n", done.stderr
    assert read_root_owned(folder / "file", USER) == b"x"
