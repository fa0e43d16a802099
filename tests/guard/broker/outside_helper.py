"""What a program of the same user does beside a sandbox, for the tests of what is inside."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
import time

SOCKET = "/run/zt-gate-guard/socket"
_SECONDS = 120


def other_session() -> None:
    """Begin a session of its own, and let the sandbox know its id."""
    message = {
        "do": "begin", "client": "claude-code", "label": "outside", "root": "/srv/other",
        "common": "", "git_folder": "", "identity": "",
    }  # fmt: skip
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(SOCKET)
        data = json.dumps(message).encode()
        connection.sendall(struct.pack(">I", len(data)) + data)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    write("src/other.json", json.dumps({"id": json.loads(answer[4:])["session"]["id"]}))
    time.sleep(_SECONDS)


def stop_relay() -> None:
    """Stop what hands over connections, until the sandbox is done."""
    wait_for("src/ready")
    name = sys.argv[2]
    found = [
        int(pid)
        for pid in os.listdir("/proc")
        if pid.isdigit() and name.encode() in line(pid) and int(pid) != os.getpid()
    ]
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    write("src/stopped", str(found))
    wait_for("src/done")
    for pid in found:
        os.kill(pid, signal.SIGCONT)


def line(pid: str) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ")
    except OSError:
        return b""
    return words if words.startswith(b"/opt/zt-gate/bin/python") else b""


def wait_for(path: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.05)


def write(path: str, text: str) -> None:
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(f"{path}.new", path)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
