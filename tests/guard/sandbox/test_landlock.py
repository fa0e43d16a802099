"""Landlock with the longer filter: what holds where namespaces are forbidden."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.guard.sandbox.test_sandbox import GET, PATH, project, server
from zt_gate.guard.sandbox import bubblewrap, landlock, run, seccomp, seccomp_alone
from zt_gate.guard.sandbox.landlock_rules import closed_folders, rules_of
from zt_gate.guard.sandbox.layers import layers
from zt_gate.guard.sandbox.rights import rights_of
from zt_gate.guard.task import Task

if TYPE_CHECKING:
    from zt_gate.guard.sandbox.rights import Rights

__all__ = ["project", "server"]  # fixtures
ROOT = Path(__file__).parents[3]
needs_landlock = pytest.mark.skipif(
    platform.system() != "Linux" or landlock.version() < landlock.NEEDED,
    reason=f"this kernel has no Landlock of version {landlock.NEEDED}",
)
SOCKET = 'python3 -c "import socket; socket.socket({})"'


class Confined:
    """Runs a command of bash under Landlock alone, in a process of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def words(self, script: str, **task: object) -> list[str]:
        fields = {"may_write": True, "restricted": ("secrets/", ".env"), **task}
        program = (
            "import ast, sys\n"
            "from tests.guard.sandbox.test_landlock import inside\n"
            "sys.exit(inside(*ast.literal_eval(sys.argv[1])))\n"
        )
        return [sys.executable, "-c", program, repr((str(self.root), script, fields))]

    def __call__(self, script: str, **task: object) -> tuple[int, str]:
        done = subprocess.run(
            self.words(script, **task),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=ROOT,
        )
        return done.returncode, done.stdout + done.stderr


def inside(root: str, script: str, fields: dict[str, object]) -> int:
    task = Task("test", **fields)  # type: ignore[arg-type]
    return run.run(
        rights_in(root, task),
        ["bash", "-c", script],
        unwritable=["/usr", os.path.dirname(root)],
        layer="landlock",
        say=print,
    )


def rights_in(root: str | Path, task: Task) -> Rights:
    home = os.path.expanduser("~")
    return rights_of(task, str(root), str(root), {"PATH": PATH}, home)


@pytest.fixture
def confined(project: Path) -> Confined:
    return Confined(project)


@pytest.mark.slow
@needs_landlock
class TestConfined:
    def test_an_honest_command_works_in_the_project(self, confined: Confined) -> None:
        code, output = confined(
            "echo x > src/a && mkdir src/d && mv src/a src/d/b && cat src/d/b "
            "&& git status --short && mktemp && touch ~/x; exit 7"
        )
        assert code == 7, output
        assert "?? src/" in output
        assert (confined.root / "src/d/b").read_text() == "x\n"
        assert "nothing new can be made directly in" in output

    @pytest.mark.parametrize(
        "script",
        [
            "cat secrets/key .env",
            "ln -s ../secrets/key src/k; cat src/k",
            "ln secrets/key src/k; cat src/k",
            "mv secrets src/s; cat src/s/key",
            "cat /proc/self/root/$PWD/secrets/key",
            "python3 -c \"print(open('secrets/key').read())\"",
        ],
    )
    def test_restricted_files_are_not_read(
        self, confined: Confined, script: str
    ) -> None:
        _, output = confined(script)
        assert "the key" not in output
        assert "the value" not in output

    def test_a_restricted_file_stays_closed_when_the_folder_above_it_moves(
        self, confined: Confined
    ) -> None:
        """Rules by name are lost with the name."""
        (confined.root / "src/deep").mkdir()
        (confined.root / "src/deep/key").write_text("the key")
        (confined.root / "src/other").mkdir()
        code, output = confined(
            "mv src s; mv src/deep src/other/d; cat s/deep/key src/other/d/key",
            restricted=("src/deep/key",),
        )
        assert code != 0
        assert "the key" not in output

    @pytest.mark.parametrize(
        "script",
        [
            "echo x > .git/hooks/pre-commit",
            "echo x >> .git/config",
            "rm -r .git/hooks",
            "mv .git g",
            "chmod -x .git/hooks/pre-commit.sample",
            "python3 -c \"import os; os.fchmod(os.open('.git/config', 0), 0)\"",
            "setfattr -n user.x -v y .git/config || exit 1",
            "echo x > ../outside",
            "echo x > /tmp/zt-gate-outside",
            "truncate -s 0 ../beside",
            "rm ../beside",
        ],
    )
    def test_what_lies_outside_and_hooks_cannot_be_changed(
        self, confined: Confined, script: str
    ) -> None:
        git = confined.root / ".git"
        (confined.root.parent / "beside").write_text("beside")
        before = {
            path: (path.lstat().st_mode, path.read_bytes())
            for path in [git / "config", *(git / "hooks").iterdir()]
        }
        code, output = confined(script)
        assert code != 0, output
        after = {path: (path.lstat().st_mode, path.read_bytes()) for path in before}
        assert after == before
        assert sorted(before) == sorted([git / "config", *(git / "hooks").iterdir()])
        assert (confined.root.parent / "beside").read_text() == "beside"
        assert not (confined.root.parent / "outside").exists()
        assert not Path("/tmp/zt-gate-outside").exists()

    @pytest.mark.parametrize(
        "arguments",
        [
            "socket.AF_UNIX",
            "socket.AF_UNIX, socket.SOCK_DGRAM",
            "16, socket.SOCK_RAW",
            "40, socket.SOCK_STREAM",
            "17, socket.SOCK_RAW",
            "socket.AF_INET, socket.SOCK_RAW, 1",
            "socket.AF_INET, socket.SOCK_DGRAM",
            "socket.AF_INET6, socket.SOCK_DGRAM",
            "socket.AF_INET, socket.SOCK_STREAM, 262",
        ],
        ids=["unix", "unix datagram", "netlink", "vsock", "packet", "raw", "udp", "udp6",
             "mptcp"],
    )  # fmt: skip
    @pytest.mark.parametrize("network", [(), ("a.example",)], ids=["no", "hosts"])
    def test_no_socket_but_of_tcp_can_be_made(
        self, confined: Confined, arguments: str, network: tuple[str, ...]
    ) -> None:
        code, output = confined(SOCKET.format(arguments), network=network)
        assert code == 1, output
        assert "Error" in output

    def test_there_is_no_tcp_without_hosts(self, confined: Confined) -> None:
        code, output = confined(SOCKET.format("socket.AF_INET"))
        assert code == 1
        assert "Address family not supported" in output

    def test_an_allowed_host_is_reached_and_no_other(
        self, confined: Confined, server: int
    ) -> None:
        network = (f"127.0.0.1:{server}",)
        url = f"http://127.0.0.1:{server}/"
        code, output = confined(GET.format(url=url), network=network)
        assert code == 0, output
        assert "from the server" in output
        code, output = confined(
            GET.format(url="http://other.example/"), network=network
        )
        assert code != 0
        assert "403" in output

    @pytest.mark.parametrize(
        "way",
        ["connect(({address}))", "setblocking(False); s.connect(({address}))",
         "sendto(b'x', 0x20000000, ({address}))", "sendmsg([b'x'], [], 0x20000000, ({address}))",
         "bind(('127.0.0.1', 0))", "listen(1)"],
    )  # fmt: skip
    def test_nothing_goes_round_the_proxy(
        self, confined: Confined, server: int, way: str
    ) -> None:
        call = way.format(address=f"'127.0.0.1', {server}")
        script = f'python3 -c "import socket; s = socket.socket(); s.{call}"'
        code, output = confined(script, network=(f"127.0.0.1:{server}",))
        assert code == 1, output
        assert "unreachable" in output or "not permitted" in output

    @pytest.mark.parametrize(
        "script",
        [
            "cat /proc/$PPID/environ",
            "cat /proc/1/environ",
            "kill -0 $PPID",
            "ls /proc",
            'python3 -c "import os, resource; resource.prlimit(os.getppid(), 0)"',
            "unshare -U true",
            "exec 3<>/dev/ptmx",
        ],
    )
    def test_other_processes_are_out_of_reach(
        self, confined: Confined, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        monkeypatch.setenv("ZT_TEST_SECRET", "the secret")
        code, output = confined(script)
        assert code != 0
        assert "the secret" not in output

    def test_what_is_left_in_the_background_ends_with_the_command(
        self, confined: Confined
    ) -> None:
        script = (
            "(setsid nohup sh -c 'trap \"\" TERM; echo $$ > src/pid; sleep 120' "
            "> /dev/null 2>&1 &); until [ -s src/pid ]; do sleep 0.1; done"
        )
        code, output = confined(script)
        assert code == 0, output
        number = int((confined.root / "src/pid").read_text())
        assert not Path(f"/proc/{number}").exists()

    def test_a_command_ends_at_its_time(self, confined: Confined) -> None:
        code, output = confined("trap '' TERM; sleep 60", limits={"seconds": 1})
        assert code == 124
        assert "ended after 1 s, the task's limit" in output

    def test_memory_is_limited(self, confined: Confined) -> None:
        script = 'python3 -c "import time; a = bytearray(400 << 20); time.sleep(30)"'
        code, output = confined(script, limits={"memory-megabytes": 200})
        assert code == 137
        assert "more than 200 MB" in output

    def test_nothing_goes_on_when_zt_gate_is_killed(self, confined: Confined) -> None:
        script = "trap '' TERM; echo $$ > src/pid; sleep 120"
        process = subprocess.Popen(confined.words(script), cwd=ROOT)
        file = confined.root / "src/pid"
        deadline = time.monotonic() + 60
        while not (file.exists() and file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.1)
        number = int(file.read_text())
        process.send_signal(signal.SIGKILL)
        process.wait()
        while Path(f"/proc/{number}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not Path(f"/proc/{number}").exists()

    def test_a_program_that_is_missing_is_said(self, project: Path) -> None:
        rights = rights_in(project, Task("t", may_write=True))
        assert run.run(rights, ["no-such-program"], layer="landlock") == 126

    def test_a_sandbox_that_does_not_hold_starts_nothing(self, project: Path) -> None:
        rights = rights_in(project, Task("t", may_write=True))
        key = str(project / "secrets" / "key")
        with pytest.raises(run.SandboxError, match=r"does not hold: it can read .*key"):
            run.run(
                rights,
                ["touch", str(project / "src/ran")],
                unreadable=[key],
                layer="landlock",
            )
        assert not (project / "src/ran").exists()

    def test_landlock_holds_where_bubblewrap_may_make_no_namespaces(
        self, project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        refuses = tmp_path / "bwrap"
        refuses.write_text("#!/bin/sh\necho 'bwrap: no permission' >&2; exit 1\n")
        refuses.chmod(0o755)
        monkeypatch.setattr(bubblewrap, "_PLACES", (str(refuses),))
        heard: list[str] = []
        rights = rights_in(project, Task("t", may_write=True))
        assert run.run(rights, ["touch", "src/ran"], say=heard.append) == 0
        assert (project / "src/ran").exists()
        assert "Landlock holds the command" in heard[0]


def test_without_bubblewrap_and_landlock_nothing_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "_PLACES", ())
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    monkeypatch.setattr(landlock, "version", lambda: 0)
    rights = rights_in(project, Task("t", may_write=True))
    with pytest.raises(run.SandboxError) as caught:
        run.run(rights, ["touch", str(project / "src/ran")])
    said = str(caught.value)
    assert "nothing was started" in said
    assert "bubblewrap is not installed" in said
    assert "Landlock switched off or not built in, and 6 is needed: Linux 6.12" in said
    assert not (project / "src/ran").exists()


def test_an_older_landlock_is_not_taken(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 5)
    rights = rights_in(project, Task("t", may_write=True))
    with pytest.raises(run.SandboxError, match="has Landlock 5, and 6 is needed"):
        run.run(rights, ["true"], layer="landlock")


def test_a_folder_with_something_protected_is_split(project: Path) -> None:
    task = Task("t", may_write=True, restricted=("secrets/", ".env"))
    rights = rights_in(project, task)
    rules = dict(rules_of(rights, ()))
    git = f"{project}/.git"
    assert rules[str(project)] == landlock.LIST
    assert rules[git] == landlock.LIST
    assert rules[f"{project}/src"] == landlock.WRITE
    assert rules[f"{git}/objects"] == landlock.WRITE
    assert rules[f"{git}/hooks"] == landlock.READ
    assert f"{project}/secrets" not in rules
    assert f"{project}/.env" not in rules
    assert closed_folders(rights) == [str(project), git]


def test_the_filter_is_made_for_both_processors() -> None:
    for machine in ("x86_64", "aarch64"):
        for connects in (True, False):
            first = seccomp_alone.rules(machine, connects=connects)
            code = seccomp.filter_program(machine, first)
            assert len(code) % 8 == 0
            # Jumps of BPF are counted in a byte, and lead forward.
            assert all(0 <= jump < 256 for one in first for jump in one[1:3])
    with pytest.raises(seccomp.UnsupportedProcessorError, match=r"no filter.* riscv64"):
        seccomp_alone.rules("riscv64", connects=False)


def test_a_mac_has_its_own_way_alone() -> None:
    assert [one.name for one in layers("/x", platform="darwin")] == ["seatbelt"]
    assert [one.name for one in layers("/x", platform="linux")] == [
        "bubblewrap",
        "landlock",
    ]
