"""What programs in a sandbox of ``exec`` try against the guard's hooks and the broker.

A test puts this file into a project and runs it inside, by a Python of the system: it uses
the standard library alone.  Each function prints what it saw as JSON.
"""

from __future__ import annotations

import ctypes
import fcntl
import glob
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

HOOK = [
    "/opt/zt-gate/bin/python",
    "-I",
    "-m",
    "zt_gate",
    "guard",
    "hook",
    "claude-code",
]
PROTOCOL = 0x7A67
#: No attack: the third one would contain the session.
DENIED, HONEST = "cat private/plan.txt", "ls src"
FAULT = "denies what it cannot judge"
_SEIZE, _PIDFD_OPEN, _PIDFD_GETFD, _READV = 0x4206, 434, 438, 310
_SECONDS = 120


def event(command: str) -> bytes:
    """Return an event of a call that runs a command."""
    return json.dumps(
        {
            "hook_event_name": "PreToolUse", "session_id": "inside", "cwd": os.getcwd(),
            "permission_mode": "default", "tool_name": "Bash",
            "tool_input": {"command": command},
        }
    ).encode()  # fmt: skip


def started(command: str, **options: Any) -> subprocess.Popen[bytes]:
    """Start a hook, which reads its event."""
    process = subprocess.Popen(
        HOOK,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
    assert process.stdin is not None
    with process.stdin as file:
        file.write(event(command))
    process.stdin = None
    return process


def hook(command: str, **options: Any) -> str:
    """Return what a hook answers to a call; one that ends with 2 denies."""
    process = started(command, **options)
    said = process.communicate()[0].decode()
    return f"exit {process.returncode}: {said}" if process.returncode else said


def asked(message: object, raw: bytes = b"") -> Any:
    """Send a message of its own on a connection that is handed over."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, PROTOCOL) as connection:
            connection.settimeout(30)
            data = json.dumps(message).encode()
            connection.sendall(raw or struct.pack(">I", len(data)) + data)
            answer = b""
            while part := connection.recv(1 << 16):
                answer += part
        return json.loads(answer[4:]) if answer else {"closed": True}
    except OSError as error:
        return {"closed": str(error)}


def one() -> Any:
    """Ask about one call of each kind."""
    return [hook(HONEST), hook("git commit --no-verify -m x")]


def many() -> Any:
    """Let sixteen hooks answer at once, and try to reach into each of them meanwhile."""
    commands = [DENIED if number % 2 else HONEST for number in range(16)]
    processes = [started(command) for command in commands]
    reached: set[str] = set()
    stop = threading.Event()
    tries = threading.Thread(target=_reach, args=(processes, reached, stop))
    tries.start()
    answers = [process.communicate()[0].decode() for process in processes]
    stop.set()
    tries.join()
    return {"answers": answers, "reached": sorted(reached)}


def _reach(
    processes: list[subprocess.Popen[bytes]], reached: set[str], stop: threading.Event
) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    space = ctypes.create_string_buffer(64)
    while not stop.is_set():
        for process in processes:
            pid = process.pid
            if libc.ptrace(_SEIZE, pid, 0, 0) == 0:
                reached.add("ptrace")
            handle = libc.syscall(_PIDFD_OPEN, pid, 0)
            for number in range(3, 12):
                if handle >= 0 and libc.syscall(_PIDFD_GETFD, handle, number, 0) >= 0:
                    reached.add("pidfd_getfd")
                with suppress(OSError):
                    os.close(os.open(f"/proc/{pid}/fd/{number}", os.O_RDWR))
                    reached.add("a descriptor in /proc")
            if handle >= 0:
                os.close(handle)
            if libc.syscall(_READV, pid, space, 1, space, 1, 0) > 0:
                reached.add("process_vm_readv")
            with suppress(OSError):
                os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR))
                reached.add("its memory")


def forge() -> Any:
    """Send what a hook would not send, and then ask a hook."""
    other = _waited_for("src/other.json")
    end = {
        "do": "end", "session": json.loads(other)["id"], "counts": {}, "attacks": ["x"] * 3,
        "control": "x", "entry": {"answer": "silent", "forged": True},
    }  # fmt: skip
    answers = {
        "another session": asked(end),
        "lines": asked({"do": "lines", "about": "list", "session": ""}),
        "contain": asked(
            {
                "do": "lines",
                "about": "contain",
                "session": end["session"],
                "reason": "x",
            }
        ),
        "exec": asked({"do": "exec", "task": "deploy"}),
        "hand-over": asked({"do": "hand-over", "task": "deploy"}),
        "release": asked({"do": "release", "session": end["session"], "user": "root"}),
        "no JSON": asked(0, b"\0\0\0\4nope"),
        "too long": asked(0, b"\x7f\xff\xff\xff" + b"x" * 100),
        "half": asked(0, b"\0"),
    }
    return {"answers": answers, "turned": turned(), "hook": hook(DENIED)}


def turned() -> list[str]:
    """Turn a connection that was handed over into something else."""
    found = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, PROTOCOL) as connection:
        path = os.path.join(os.environ["TMPDIR"], "socket")
        interface = struct.pack("16s24x", b"lo")  # SIOCGIFFLAGS
        for name, work in (
            ("bound to an abstract name", lambda: connection.bind("\0zt-gate-test")),
            ("bound to a path", lambda: connection.bind(path)),
            ("listens", lambda: connection.listen(1)),
            ("read an interface", lambda: fcntl.ioctl(connection, 0x8913, interface)),
            (
                "connected again",
                lambda: connection.connect("/run/zt-gate-guard/socket"),
            ),
        ):
            with suppress(OSError):
                work()
                found.append(name)
    return found


def flood() -> Any:
    """Open connections from many threads for some seconds, then ask a hook."""
    until = time.monotonic() + 8
    opened = [0]

    def open_many() -> None:
        while time.monotonic() < until:
            with suppress(OSError):
                connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, PROTOCOL)
                opened[0] += 1
                with suppress(OSError):
                    connection.sendall(b"\0")
                connection.close()

    threads = [threading.Thread(target=open_many) for _ in range(80)]
    for thread in threads:
        thread.start()
    during = [hook(DENIED) for _ in range(3)]
    for thread in threads:
        thread.join()
    after, deadline = hook(DENIED), time.monotonic() + _SECONDS
    while FAULT in after and time.monotonic() < deadline:
        after = hook(DENIED)
    return {"opened": opened[0], "during": during, "after": after}


def without_broker() -> Any:
    """Ask before and after the broker is killed."""
    before = hook(HONEST)
    open("src/stop.txt", "w").close()
    after, deadline = hook(HONEST), time.monotonic() + _SECONDS
    while FAULT not in after and time.monotonic() < deadline:
        after = hook(HONEST)
    return [before, after]


def stopped_relay() -> Any:
    """Ask while what hands connections over stands still."""
    before = hook(HONEST)
    open("src/ready", "w").close()
    _waited_for("src/stopped")
    after = hook(HONEST)
    open("src/done", "w").close()
    return [before, after]


def replace() -> Any:
    """Put something else in the place of what hands connections over."""
    libc = ctypes.CDLL(None, use_errno=True)
    # Returns 0 for each socket: the hook's standard input would be its broker.
    numbers = {"x86_64": 41, "aarch64": 198}
    number = numbers[os.uname().machine]
    rules = (
        (0x20, 0, 0, 0),
        (0x15, 0, 1, number),
        (6, 0, 0, 0x50000),
        (6, 0, 0, 0x7FFF0000),
    )
    code = ctypes.create_string_buffer(
        b"".join(struct.pack("=HBBI", *rule) for rule in rules)
    )
    program = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(code))
    call = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
    listener = libc.syscall(call, 1, 8, ctypes.c_char_p(program))

    def take() -> None:
        libc.syscall(call, 1, 0, ctypes.c_char_p(program))

    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        HOOK,
        stdin=theirs.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=take,  # noqa: PLW1509 - there is one thread
    )
    ours.sendall(event(HONEST))
    ours.shutdown(socket.SHUT_WR)
    said = process.communicate()[0].decode()
    return {"listener": listener, "said": said, "code": process.returncode}


def rewrite() -> Any:
    """Open what the guard keeps, and what its hooks read, for writing."""
    state = "/var/lib/zt-gate-guard"
    paths = [
        state, f"{state}/{os.getuid()}/log/guard.jsonl", "/etc/zt-gate/guard/policy.json",
        f"{state}/{os.getuid()}/sessions/sessions.json", "/etc/zt-gate/guard/broker.json",
        "/etc/claude-code/managed-settings.json", "/etc/codex/requirements.toml",
        "/opt/zt-gate/pyvenv.cfg", "/run/zt-gate-guard/socket",
        *glob.glob("/tmp/zt-gate-*/broker-state"), *glob.glob("/tmp/zt-gate-*/broker-state/pins"),
        *glob.glob("/tmp/zt-gate-*/broker-state/pins/*"),
    ]  # fmt: skip
    # Where it cannot be listed: beside the home of this run.
    beside = os.path.join(os.path.dirname(os.environ["HOME"]), "broker-state")
    paths += [beside, f"{beside}/pins", *glob.glob(f"{beside}/pins/*")]
    seen = [path for path in paths if "broker-state" in path and os.path.exists(path)]
    reached = []
    for path in paths:
        for name, work in (
            ("opened", lambda path=path: os.close(os.open(path, os.O_WRONLY))),
            ("renamed", lambda path=path: os.rename(path, f"{path}.old")),
            ("made in", lambda path=path: os.mkdir(f"{path}/new")),
        ):
            with suppress(OSError):
                work()
                reached.append(f"{name} {path}")
    return {"reached": reached, "seen": len(seen), "hook": hook(DENIED)}


def attempts() -> Any:
    """Try what no session may, again and again."""
    for number in range(20):
        hook(f"git commit --no-verify -m {number}")
    time.sleep(60)
    return "went on"


def _waited_for(path: str) -> str:
    deadline = time.monotonic() + _SECONDS
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise SystemExit(f"{path} did not come")
        time.sleep(0.05)
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    print("saw:", json.dumps(globals()[sys.argv[1]]()))
