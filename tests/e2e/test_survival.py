"""Without memory, disk space or helpers, the gate ends in the right verdict or error, not pass."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e import planted
from tests.support.repo import GIT_ENV, Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = planted.key()


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A staged change with a key in one file and honest code in others."""
    made = Repo.create(tmp_path / "repository")
    made.write("README", "nothing\n")
    made.commit()
    made.write("a.py", f"key = '{KEY}'\n")
    made.write("b.py", "import subprocess\n\nsubprocess.run(['ls'])\n")
    made.git("add", "-A")
    (tmp_path / "tmp").mkdir()
    (tmp_path / "cache").mkdir(mode=0o700)
    return made


def start(
    repo: Repo, *words: str, limit: Callable[[], None] | None = None, **env: str
) -> subprocess.Popen[str]:
    top = repo.path.parent
    environ = {
        **GIT_ENV, "HOME": str(top), "TMPDIR": str(top / "tmp"),
        "ZT_GATE_CACHE_DIR": str(top / "cache"), **env,
    }  # fmt: skip
    return subprocess.Popen(
        # -B: CPython keeps half a .pyc where the disk is full, and trips over it later.
        [sys.executable, "-I", "-B", "-m", "zt_gate", "scan", "--offline", *words],
        cwd=repo.path, env=environ, text=True,
        preexec_fn=limit,  # noqa: PLW1509 - the tests have no threads
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(child: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = child.communicate(timeout=1800)
    assert "Traceback" not in out + err
    assert KEY not in out + err
    return child.returncode, out + err


def nothing_left(repo: Repo) -> bool:
    return list((repo.path.parent / "tmp").iterdir()) == []


def test_a_full_disk_is_never_a_pass(repo: Repo) -> None:
    # No file may grow beyond this: what a full disk looks like to whoever writes.
    for size in (0, 1, 4096):
        limit = (size, size)
        child = start(
            repo,
            limit=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, limit),  # type: ignore[misc]
        )
        code, said = ended(child)
        assert code in {1, 3}, said
        assert nothing_left(repo)


@pytest.mark.skipif(
    sys.platform != "linux", reason="other kernels do not keep this limit"
)
def test_too_little_memory_is_never_a_pass(repo: Repo) -> None:
    repo.git("rm", "-q", "--cached", "a.py")
    for megabytes in (40, 120):
        limit = (megabytes << 20, megabytes << 20)
        child = start(
            repo,
            limit=lambda limit=limit: resource.setrlimit(resource.RLIMIT_AS, limit),  # type: ignore[misc]
        )
        out, err = child.communicate(timeout=1800)
        # With too little to start Python itself, that says so: 1 is its own exit code.
        assert child.returncode != 0, out + err


def test_a_corrupt_cache_changes_no_verdict(repo: Repo) -> None:
    assert ended(start(repo))[0] == 1
    cache = repo.path.parent / "cache"
    files = [file for file in cache.rglob("*") if file.is_file()]
    assert files
    for damage in (b"", b"\x00" * 100, b"{}"):
        for file in files:
            file.write_bytes(damage)
        code, said = ended(start(repo))
        assert code == 1, said
        assert "a.py:1" in said
    assert nothing_left(repo)


def test_a_cache_that_cannot_be_used_changes_no_verdict(repo: Repo) -> None:
    place = repo.path / "README"
    assert ended(start(repo, ZT_GATE_CACHE_DIR=str(place)))[0] == 1
    assert ended(start(repo, ZT_GATE_CACHE_DIR=str(place / "below")))[0] == 1
    assert nothing_left(repo)


def test_several_gates_at_once_share_a_cold_cache(repo: Repo) -> None:
    children = [start(repo) for _ in range(3)]
    assert [ended(child)[0] for child in children] == [1, 1, 1]
    assert nothing_left(repo)


@pytest.mark.parametrize("program", [None, "/bin/false", "/bin/true"])
def test_a_missing_or_broken_engine_is_an_error(
    repo: Repo, program: str | None
) -> None:
    repo.git("rm", "-q", "-f", "--cached", "a.py")
    repo.write("c.py", "print(eval(input()))\n")
    repo.git("add", "c.py")
    top = repo.path.parent
    code = (
        "import sys\n"
        "from zt_gate import cli\n"
        "from zt_gate.scanners.code import semgrep_engine\n"
        "semgrep_engine._core = lambda: None\n"
        f"semgrep_engine._script = lambda: {program!r}\n"
        "sys.exit(cli.main(['scan', '--offline']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=repo.path, capture_output=True, text=True,
        check=False, env={**GIT_ENV, "HOME": str(top), "TMPDIR": str(top / "tmp")},
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert "could not inspect: code" in done.stdout
    assert nothing_left(repo)
