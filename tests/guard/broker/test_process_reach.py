"""Whether the broker sees that others can reach into a hook: real processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from zt_gate.guard.broker.process_reach import attachable, traced

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel's /proc is read"
)

_TRACE = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, int(sys.argv[1]), 0, 0):  # PTRACE_SEIZE
    sys.exit(f"refused: {os.strerror(ctypes.get_errno())}")
print("attached", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process() -> Iterator[int]:
    """A process that others of its user may attach to, unless the kernel forbids it."""
    with subprocess.Popen(["sleep", "600"]) as child:
        yield child.pid
        child.kill()


def setting(folder: Path, text: str) -> str:
    (folder / "ptrace_scope").write_text(text)
    return str(folder / "ptrace_scope")


def test_the_setting_of_the_kernel_decides(process: int, tmp_path: Path) -> None:
    assert attachable([process], setting=setting(tmp_path, "1\n")) == ""
    if os.stat(f"/proc/{process}/status").st_uid != 0:
        said = attachable([process], setting=setting(tmp_path, "0\n"))
        assert f"attach to process {process}" in said
        assert attachable([process], setting=str(tmp_path / "missing"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts programs of others")
def test_a_program_that_users_cannot_read_is_closed_to_them() -> None:
    found = {}
    with tempfile.TemporaryDirectory(prefix="zt-gate-reach-") as folder:
        os.chmod(folder, 0o755)
        for mode in (0o755, 0o711):
            program = shutil.copy("/bin/sleep", f"{folder}/sleep-{mode:o}")
            os.chmod(program, mode)
            with subprocess.Popen([program, "600"], user=61_002, group=61_002) as child:
                found[mode] = attachable([child.pid], setting="/nonexistent")
                child.kill()
    assert "can attach" in found[0o755]
    assert found[0o711] == ""


def test_a_traced_process_is_named(process: int) -> None:
    assert traced([process]) == ""
    words = [sys.executable, "-c", _TRACE, str(process)]
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tracer:
        assert tracer.stdout is not None
        if tracer.stdout.readline() != "attached\n":
            pytest.skip("this machine lets no process attach to another one")
        assert f"traced by process {tracer.pid}" in traced([process])


def test_a_process_that_has_ended_counts_as_traced() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert "has ended" in traced([child.pid])
