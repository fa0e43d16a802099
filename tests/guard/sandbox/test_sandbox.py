"""Real processes in the real sandbox: what they must not reach, they do not reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zt_gate.guard.sandbox import bubblewrap, run
from zt_gate.guard.sandbox.rights import rights_of
from zt_gate.guard.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not bubblewrap.program(), reason="bubblewrap is not installed"),
]
PATH = "/usr/local/bin:/usr/bin:/bin"
CALL = "python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).{call} < 0)'"
GET = (
    "python3 -c \"from urllib.request import urlopen; print(urlopen('{url}').read())\""
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "secrets").mkdir()
    (root / "secrets" / "key").write_text("the key")
    (root / ".env").write_text("A=the value")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return root


class Sandbox:
    """Runs a command of bash in the sandbox of a task, in a process of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(
        self, script: str, environment: dict[str, str] | None = None, **task: object
    ) -> tuple[int, str]:
        fields = {"may_write": True, "restricted": ("secrets/", ".env"), **task}
        given = repr((str(self.root), script, fields, environment or {}))
        program = (
            "import ast, sys\n"
            "from tests.guard.sandbox.test_sandbox import inside\n"
            "sys.exit(inside(*ast.literal_eval(sys.argv[1])))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, given],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        return done.returncode, done.stdout + done.stderr


def inside(
    root: str, script: str, fields: dict[str, object], environment: dict[str, str]
) -> int:
    task = Task("test", **fields)  # type: ignore[arg-type]
    rights = rights_of(
        task, root, root, {"PATH": PATH, **environment}, os.path.expanduser("~")
    )
    return run.run(
        rights, ["bash", "-c", script], unwritable=["/usr", os.path.dirname(root)]
    )


@pytest.fixture
def sandbox(project: Path) -> Sandbox:
    return Sandbox(project)


def test_an_honest_command_works_in_the_project(sandbox: Sandbox) -> None:
    code, output = sandbox("echo x > src/a && git status --short && cat src/a; exit 7")
    assert code == 7, output
    assert "?? src/" in output
    assert (sandbox.root / "src" / "a").read_text() == "x\n"


@pytest.mark.parametrize(
    "script",
    [
        "cat secrets/key",
        "cat .env",
        "cat src/../secrets/key",
        "ln -s ../secrets/key src/k; cat src/k",
        "cat /proc/self/root/$PWD/secrets/key",
        "python3 -c \"print(open('secrets/key').read())\"",
        "find / -name key -exec cat {} + 2>/dev/null",
    ],
)
def test_restricted_files_are_absent(sandbox: Sandbox, script: str) -> None:
    _, output = sandbox(script)
    assert "the key" not in output
    assert "the value" not in output


@pytest.mark.parametrize(
    "script",
    [
        "echo x >> .git/hooks/pre-commit",
        "git config core.hooksPath /tmp",
        "mv .git/hooks .git/h",
        "rm -rf .git/hooks",
        "echo x > ../outside",
        "echo x > /usr/outside",
        "mount -o remount,rw /usr",
    ],
)
def test_what_lies_outside_and_hooks_cannot_be_changed(
    sandbox: Sandbox, script: str
) -> None:
    hooks = sorted(os.listdir(sandbox.root / ".git" / "hooks"))
    configuration = (sandbox.root / ".git" / "config").read_bytes()
    code, output = sandbox(script)
    # A folder above the project is the sandbox's own: what is written there is lost.
    assert code != 0 or ".." in script, output
    assert sorted(os.listdir(sandbox.root / ".git" / "hooks")) == hooks
    assert (sandbox.root / ".git" / "config").read_bytes() == configuration
    assert not (sandbox.root.parent / "outside").exists()


def test_a_task_that_only_reads_writes_nothing(sandbox: Sandbox) -> None:
    code, _ = sandbox("echo x > src/a", may_write=False)
    assert code != 0
    assert not (sandbox.root / "src" / "a").exists()


def test_only_the_allowed_folder_can_be_written(sandbox: Sandbox) -> None:
    code, output = sandbox("echo x > src/a && echo y > b", allowed=("src/",))
    assert code != 0
    assert "b: Read-only file system" in output
    assert (sandbox.root / "src" / "a").exists()
    assert not (sandbox.root / "b").exists()


@pytest.mark.parametrize(
    ("family", "kind", "protocol"),
    [
        ("socket.AF_UNIX", "socket.SOCK_STREAM", 0),
        ("socket.AF_UNIX", "socket.SOCK_DGRAM", 0),
        ("16", "socket.SOCK_RAW", 0),
        ("40", "socket.SOCK_STREAM", 0),
        ("socket.AF_INET", "socket.SOCK_RAW", 1),
        ("17", "socket.SOCK_RAW", 0),
    ],
    ids=["unix", "unix datagram", "netlink", "vsock", "raw", "packet"],
)
def test_no_socket_but_of_the_internet_can_be_made(
    sandbox: Sandbox, family: str, kind: str, protocol: int
) -> None:
    code, output = sandbox(
        f'python3 -c "import socket; socket.socket({family}, {kind}, {protocol})"'
    )
    assert code == 1, output
    assert "Error" in output


@pytest.mark.parametrize("network", [(), ("a.example",)], ids=["no", "hosts"])
@pytest.mark.parametrize(
    "script",
    [
        "socket.socket(2, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
        "socket.create_connection(('192.0.2.1', 9), 5)",
        "socket.socket(10, socket.SOCK_DGRAM).sendto(b'x', ('2001:db8::1', 9))",
        "socket.create_connection(('2001:db8::1', 9), 5)",
    ],
    ids=["udp", "tcp", "udp6", "tcp6"],
)
def test_nothing_is_sent_round_the_proxy(
    sandbox: Sandbox, script: str, network: tuple[str, ...]
) -> None:
    code, output = sandbox(f'python3 -c "import socket; {script}"', network=network)
    assert code == 1, output
    assert "unreachable" in output or "Cannot assign" in output


def test_a_server_of_the_machine_is_not_reached(sandbox: Sandbox, server: int) -> None:
    """TCP to a real listener, and the abstract socket of one, which have no path."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0zt-gate-test")
    listener.listen(1)
    for call in (
        f"socket.create_connection(('127.0.0.1', {server}), 5)",
        "socket.socket(1).connect(chr(0) + 'zt-gate-test')",
    ):
        code, output = sandbox(f'python3 -c "import socket; {call}"')
        assert code == 1, output
    listener.close()


def test_what_is_in_the_background_ends_at_the_time(
    sandbox: Sandbox, project: Path
) -> None:
    script = (
        '(setsid nohup sh -c \'trap "" TERM HUP; touch src/began; '
        "while :; do date > src/tick; sleep 0.2; done' >/dev/null 2>&1 &);"
        "until [ -e src/tick ]; do sleep 0.1; done; sleep 60"
    )
    code, output = sandbox(script, limits={"seconds": 3})
    assert code == 124, output
    assert (project / "src/tick").exists()
    (project / "src/tick").unlink()
    time.sleep(1)
    assert not (project / "src/tick").exists()


@pytest.mark.parametrize(
    "script",
    [
        "unshare -U true",
        "unshare -r true",
        CALL.format(call="syscall(425, 1, bytes(120))"),
        CALL.format(call="ptrace(16, 1, 0, 0)"),
        "dd if=/proc/1/mem of=/dev/null bs=1 count=1",
        "cat /proc/1/environ | grep .",
    ],
    ids=["user namespace", "root in it", "io_uring", "ptrace", "memory", "environment"],
)
def test_a_process_gets_no_more_rights(sandbox: Sandbox, script: str) -> None:
    code, _ = sandbox(script)
    assert code != 0


def test_the_environment_is_only_what_was_given(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZT_TEST_SECRET", "the secret")
    code, output = sandbox(
        "env; cat /proc/*/environ 2>/dev/null; true", {"AI_ACCESSIBLE_A": "b"}
    )
    assert code == 0
    assert "AI_ACCESSIBLE_A=b" in output
    assert "the secret" not in output
    assert "HOME=/home/agent" in output


def test_what_is_left_in_the_background_ends_with_the_command(
    sandbox: Sandbox, project: Path
) -> None:
    script = "(setsid nohup sh -c 'sleep 2; echo late > src/late' >/dev/null 2>&1 &) ; echo done"
    code, output = sandbox(script)
    assert (code, output.strip()) == (0, "done")
    time.sleep(3)
    assert not (project / "src" / "late").exists()


def test_a_command_ends_at_its_time(sandbox: Sandbox) -> None:
    code, output = sandbox("trap '' TERM; sleep 60", limits={"seconds": 1})
    assert code == 124
    assert "ended after 1 s, the task's limit" in output


def test_memory_is_limited(sandbox: Sandbox) -> None:
    script = 'python3 -c "import time; a = bytearray(400 << 20); time.sleep(30)"'
    code, output = sandbox(script, limits={"memory-megabytes": 200})
    assert code == 137
    assert "more than 200 MB" in output


def test_a_program_that_is_missing_is_said(sandbox: Sandbox, project: Path) -> None:
    rights = rights_of(
        Task("t", may_write=True),
        str(project),
        str(project),
        {"PATH": PATH},
        "/nonexistent",
    )
    assert run.run(rights, ["no-such-program"]) == 126


def test_a_sandbox_that_does_not_hold_starts_nothing(project: Path) -> None:
    rights = rights_of(
        Task("t", may_write=True),
        str(project),
        str(project),
        {"PATH": PATH},
        "/nonexistent",
    )
    with pytest.raises(run.SandboxError, match=r"does not hold: it can read .*key"):
        run.run(
            rights,
            ["touch", str(project / "ran")],
            unreadable=[str(project / "secrets" / "key")],
        )
    assert not (project / "ran").exists()


def test_a_sandbox_in_which_a_folder_can_be_written_starts_nothing(
    project: Path,
) -> None:
    rights = rights_of(
        Task("t", may_write=True), str(project), str(project), {"PATH": PATH}, "/none"
    )
    with pytest.raises(run.SandboxError, match=r"does not hold: it can write in .*src"):
        run.run(
            rights, ["touch", str(project / "ran")], unwritable=[str(project / "src")]
        )
    assert os.listdir(project / "src") == []
    assert not (project / "ran").exists()


def test_without_bubblewrap_nothing_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bubblewrap, "_PLACES", ())
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    rights = rights_of(
        Task("t", may_write=True),
        str(project),
        str(project),
        {"PATH": PATH},
        "/nonexistent",
    )
    with pytest.raises(run.SandboxError, match="bubblewrap is not installed"):
        run.run(rights, ["touch", str(project / "ran")], layer="bubblewrap")
    assert not (project / "ran").exists()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from the server")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[int]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made.server_address[1]
    made.shutdown()
    made.server_close()


def test_an_allowed_host_is_reached_and_no_other(sandbox: Sandbox, server: int) -> None:
    network = (f"127.0.0.1:{server}",)
    code, output = sandbox(
        GET.format(url=f"http://127.0.0.1:{server}/"), network=network
    )
    assert code == 0, output
    assert "from the server" in output
    code, output = sandbox(GET.format(url="http://other.example/"), network=network)
    assert code != 0
    assert "403" in output


def test_a_name_that_leads_inside_is_not_followed(
    sandbox: Sandbox, server: int
) -> None:
    """DNS rebinding: the name is allowed, the address is this machine's."""
    url = f"http://localhost:{server}/"
    code, output = sandbox(GET.format(url=url), network=(f"localhost:{server}",))
    assert code != 0
    assert "from the server" not in output


def test_loopback_of_the_machine_is_not_that_of_the_sandbox(
    sandbox: Sandbox, server: int
) -> None:
    script = (
        f"no_proxy='*' NO_PROXY='*' {GET.format(url=f'http://127.0.0.1:{server}/')}"
    )
    code, output = sandbox(script, network=("a.example",))
    assert code != 0
    assert "from the server" not in output


def test_a_unix_socket_in_the_project_is_not_reached(
    sandbox: Sandbox, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = socket.socket(socket.AF_UNIX)
    monkeypatch.chdir(project)
    listener.bind("s")
    listener.listen(1)
    script = "import socket; s = socket.socket(1); s.connect('s'); print('connected')"
    code, output = sandbox(f'python3 -c "{script}"')
    listener.close()
    assert code != 0
    assert "connected" not in output


def test_a_datagram_of_a_socket_pair_reaches_no_path(
    sandbox: Sandbox, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pair is made without ``socket``, and one of datagrams sends to any path."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    monkeypatch.chdir(project)
    listener.bind("s")
    listener.setblocking(False)
    script = (
        "import socket; a, b = socket.socketpair(1, socket.SOCK_DGRAM);"
        "a.sendto(b'x', 's')"
    )
    code, output = sandbox(f'python3 -c "{script}"')
    with pytest.raises(BlockingIOError):
        listener.recv(10)
    listener.close()
    assert code == 1, output


def test_a_restricted_folder_is_empty_and_stays_so(
    sandbox: Sandbox, project: Path
) -> None:
    """A pattern with a slash at its end hid what was in the folder, not the folder."""
    code, output = sandbox("ls secrets; echo x > secrets/new", may_write=True)
    assert "key" not in output, code
    assert sorted(os.listdir(project / "secrets")) == ["key"]


MAKES = {
    "settings of a client": "mkdir .claude && echo '{}' > .claude/settings.json",
    "servers of a client": "echo '{}' > .mcp.json",
    "an editor's tasks": "mkdir .vscode && echo '{}' > .vscode/tasks.json",
    "a shell's file": "echo x > .envrc",
    "another common folder": "echo ../evil > .git/commondir",
    "settings of a work tree": "echo '[core]' > .git/config.worktree",
    "a repository with a program": (
        "git init -q sub && git -C sub config core.fsmonitor 'touch /tmp/x'"
    ),
    "a repository with a hook": (
        "git init -q sub && echo x > sub/.git/hooks/post-checkout"
    ),
    "a bare repository": (
        "git init -q --bare b && git -C b config core.fsmonitor 'touch /tmp/x'"
    ),
    "a submodule's hook": (
        "git init -q --bare .git/modules/m && echo x > .git/modules/m/hooks/pre-push"
    ),
    "a file that names a repository outside": (
        "mkdir sub && echo 'gitdir: /tmp/elsewhere' > sub/.git"
    ),
}


@pytest.mark.parametrize("kind", MAKES)
def test_what_would_start_programs_outside_is_renamed(
    sandbox: Sandbox, project: Path, kind: str
) -> None:
    code, output = sandbox(MAKES[kind])
    assert code == 0, output
    assert "would start programs outside the sandbox" in output
    assert list(project.rglob("*.from-sandbox"))
    assert not (project / ".git" / "commondir").exists()
    assert not (project / ".claude").exists()


def test_plain_repositories_of_a_command_stay(sandbox: Sandbox, project: Path) -> None:
    code, output = sandbox(
        "git init -q sub && git -C sub remote add o https://a.example/x"
    )
    assert code == 0, output
    assert "from-sandbox" not in output
    assert (project / "sub/.git/config").exists()


def test_the_repository_is_not_replaced_by_another_one(sandbox: Sandbox) -> None:
    code, _ = sandbox("mv .git g && mkdir .git && echo x > .git/hooks/pre-commit")
    assert code != 0


def test_other_names_of_a_restricted_file_are_absent(
    sandbox: Sandbox, project: Path
) -> None:
    os.link(project / ".env", project / "hard")
    (project / "real").write_text("the value")
    (project / ".env.local").symlink_to("real")
    code, output = sandbox(
        "cat hard real .env.local", restricted=(".env", ".env.local")
    )
    assert "the value" not in output, (code, output)


def test_the_tasks_that_the_guard_brings_start(project: Path) -> None:
    """``@registries`` and its like are no hosts that the proxy could compare."""
    program = (
        "import os, sys\n"
        "from zt_gate.guard.places import GuardPlaces\n"
        "from zt_gate.guard.sandbox.start import ExecOptions, start\n"
        "root, task = sys.argv[1:]\n"
        "places = GuardPlaces(root + '-home', root + '-state', os.geteuid(), root + '-no')\n"
        "os.makedirs(places.home, exist_ok=True)\n"
        "sys.exit(start(['true'], root, {'PATH': os.defpath}, places,"
        " ExecOptions(task), print))\n"
    )
    for task in ("develop", "code-review", "dependency-audit", "deploy"):
        done = subprocess.run(
            [sys.executable, "-c", program, str(project), task],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=Path(__file__).parents[3],
        )
        assert done.returncode == 0, done.stderr
