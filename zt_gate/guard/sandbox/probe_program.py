"""Tries, inside the sandbox, what must fail there; prints what did not fail as JSON.

Runs by itself (``python -I probe_program.py``) and imports nothing of zt-gate.  Its only
argument is JSON with the paths that must not be read or written.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
from contextlib import suppress


def main() -> None:
    """Print the list of what succeeded."""
    given = json.loads(sys.argv[1])
    held = [*_files(given), *_sockets(), *_calls()]
    if not given["has_hosts"] or given["is_alone"]:
        held += _network()
    if given["is_alone"]:
        held += _others()
    print(json.dumps(held))


def _files(given: dict) -> list[str]:  # type: ignore[type-arg]
    held = []
    for path in given["unreadable"]:
        with suppress(OSError):
            if os.path.isdir(path):
                content = bool(os.listdir(path))
            else:
                with open(path, "rb") as file:
                    content = bool(file.read(1))
            if content:
                held.append(f"it can read {path}")
    # What lies above a mounted folder exists inside, too, but is the sandbox's own: only
    # the starter can see whether the files come out.
    for path in given["unwritable"]:
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            os.close(os.open(path, flags, 0o600))
    return held


def _sockets() -> list[str]:
    held = []
    kinds = (
        ("a Unix socket", socket.AF_UNIX, socket.SOCK_STREAM, 0),
        ("a netlink socket", 16, socket.SOCK_RAW, 0),
        ("a vsock socket", 40, socket.SOCK_STREAM, 0),
        ("a raw socket", socket.AF_INET, socket.SOCK_RAW, 1),
        ("a packet socket", 17, socket.SOCK_RAW, 0),
    )
    for name, family, kind, protocol in kinds:
        with suppress(OSError):
            socket.socket(family, kind, protocol).close()
            held.append(f"it can open {name}")
    return held


def _network() -> list[str]:
    held = []
    # An address of documentation (RFC 5737): nothing is sent to anybody.
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        handle.connect(("192.0.2.1", 9))
        handle.send(b"x")
        held.append("it can send over the network")
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as handle:
        handle.settimeout(3)
        handle.connect(("192.0.2.1", 9))
        held.append("it can connect over the network")
    return held


def _others() -> list[str]:
    """Try what namespaces keep, where there are none: the parent is outside."""
    held = []
    outside = os.getppid()
    with suppress(OSError):
        os.kill(outside, 0)
        held.append("it can send signals to other processes")
    with suppress(OSError), open(f"/proc/{outside}/environ", "rb") as file:
        file.read()
        held.append("it can read the environment of other processes")
    with suppress(OSError):
        os.chmod(os.devnull, os.stat(os.devnull).st_mode & 0o7777)
        held.append("it can change modes of files")
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as handle:
        handle.listen(1)
        held.append("it can listen on the network")
    return held


def _calls() -> list[str]:
    held: list[str] = []
    if sys.platform != "linux":
        return held  # the numbers are Linux's
    libc = ctypes.CDLL(None, use_errno=True)
    machine = os.uname().machine
    io_uring_setup = 425
    if libc.syscall(io_uring_setup, 1, ctypes.create_string_buffer(120)) >= 0:
        held.append("it can use io_uring")
    if libc.unshare(0x10000000) == 0:  # CLONE_NEWUSER
        held.append("it can make user namespaces")
    if libc.ptrace(16, os.getppid(), 0, 0) == 0:  # PTRACE_ATTACH
        held.append("it can look into other processes")
    if machine and libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0:
        held.append("it can mount file systems")
    return held


if __name__ == "__main__":
    main()
