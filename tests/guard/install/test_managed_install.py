"""A managed installation, on a machine with an empty /etc and /opt (bubblewrap, as root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zt_gate.errors import UsageError
from zt_gate.guard.install import program_copy
from zt_gate.guard.install.program_copy import (
    ProgramCopyError,
    check_program,
    install_program,
    remove_program,
    system_interpreter,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
USERS = "root:x:0:0::/root:/bin/bash\nnobody:x:65534:65534::/nonexistent:/bin/sh\n"
#: The scanners' own programs are most of a copy; the checks of these tests need none.
LARGE = ("semgrep", "pip-audit")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root installs for all")


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """A copy of the program in a folder that all users can enter."""
    if os.geteuid() != 0:
        pytest.skip("only root installs for all")
    try:
        system_interpreter()
    except ProgramCopyError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory(prefix="zt-gate-opt-") as folder:
        os.chmod(folder, 0o755)
        target = Path(folder) / "zt-gate"
        install_program(str(target), without=LARGE)
        yield target


def started(copy: Path, code: str, **environ: str) -> str:
    """Return what the copy's interpreter prints for a user without rights."""
    done = subprocess.run(
        [copy / "bin" / "python", "-I", "-c", code],
        cwd="/", env={"PATH": os.defpath, **environ}, user=65_534, group=65_534,
        extra_groups=[], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.slow
def test_users_start_the_copy_and_reach_nothing_of_it(copy: Path) -> None:
    check_program(str(copy))
    assert started(copy, "import zt_gate; print(zt_gate.__file__)").startswith(
        str(copy)
    )
    # A file of /proc that belongs to root: no process of the user can attach.
    assert started(copy, "import os; print(os.stat('/proc/self/status').st_uid)") == "0"


@pytest.mark.slow
def test_the_loaders_variables_do_not_reach_the_copy(copy: Path) -> None:
    program = copy / "bin" / "python"
    if b"\x08" not in os.getxattr(program, "security.capability"):
        pytest.skip("this file system keeps no capabilities")
    # A library that is missing is an error message, unless the variable is ignored.
    assert started(copy, "print('here')", LD_PRELOAD="/missing.so") == "here"


@pytest.mark.slow
def test_a_part_that_users_can_write_is_refused(copy: Path) -> None:

    module = next(copy.rglob("zt_gate/errors.py"))
    module.chmod(0o666)
    try:
        with pytest.raises(ProgramCopyError, match=r"can write .*errors\.py"):
            check_program(str(copy))
    finally:
        module.chmod(0o644)
    check_program(str(copy))


@pytest.mark.slow
def test_a_copy_that_fails_its_check_replaces_nothing(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(_folder: str) -> None:
        raise ProgramCopyError("within reach")

    monkeypatch.setattr(program_copy, "check_program", check)
    before = (copy / "pyvenv.cfg").stat().st_ino
    with pytest.raises(ProgramCopyError, match="within reach"):
        install_program(str(copy), without=LARGE)
    assert (copy / "pyvenv.cfg").stat().st_ino == before
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_folder_that_is_no_copy_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    assert not remove_program(str(tmp_path))
    assert (tmp_path / "kept").exists()


def test_no_interpreter_of_the_system_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(program_copy, "_SYSTEM_FOLDERS", ())
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    with pytest.raises(ProgramCopyError, match="none on this machine"):
        system_interpreter()


SCRIPT = """
import os, sys
from zt_gate.guard.install import program_copy
make = program_copy.install_program
program_copy.install_program = lambda folder: make(folder, without=%r)
from zt_gate.cli import main
agents = ["--agent", "claude-code", "--agent", "codex"]
install = ["guard", "install", "--managed", *agents]
print("install", main([*install, "--task", "develop", "--yes"]))
print("check", main([*install, "--check"]))
os.chmod("/opt/zt-gate/lib", 0o777)
print("open", main([*install, "--check"]))
os.chmod("/opt/zt-gate/lib", 0o755)
print("uninstall", main(["guard", "uninstall", "--managed", *agents, "--yes"]))
left = [os.path.join(here, name) for top in ("/etc", "/opt")
        for here, _, names in os.walk(top) for name in names]
print("left", sorted(left))
"""


@needs_root
@pytest.mark.slow
def test_install_check_and_uninstall_for_a_machine(tmp_path: Path) -> None:
    program = shutil.which("bwrap")
    if program is None:
        pytest.skip("bubblewrap is not installed")
    users = tmp_path / "passwd"
    users.write_text(USERS)
    words = [program, "--dev-bind", "/", "/", "--cap-add", "ALL", "--tmpfs", "/opt"]
    words += ["--tmpfs", "/etc", "--ro-bind", str(users), "/etc/passwd"]
    version = f"python3.{sys.version_info.minor}"
    if os.path.isdir(f"/etc/{version}"):
        words += ["--ro-bind", f"/etc/{version}", f"/etc/{version}"]
    done = subprocess.run(
        [*words, sys.executable, "-c", SCRIPT % (LARGE,)],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8"},
    )  # fmt: skip
    if "a managed guard needs" in done.stderr or "Operation not permitted" in (
        done.stderr
    ):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "install 0\n" in said
    assert "as installed: claude-code, codex\ncheck 0\n" in said
    assert "users other than root can write /opt/zt-gate/lib\nopen 1\n" in said
    assert "uninstall 0\n" in said
    left = said.rpartition("left ")[2]
    assert "managed-settings.json'" not in left
    assert "requirements.toml'" not in left
    assert "/opt" not in left


@pytest.mark.skipif(os.geteuid() == 0, reason="root may install")
def test_a_user_cannot_install_for_all() -> None:
    from zt_gate.commands import guard_managed

    with pytest.raises(UsageError, match="run it as root"):
        guard_managed._require_root()
