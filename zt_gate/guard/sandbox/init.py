"""The first process in the sandbox: starts the command, watches it, ends everything.

Runs inside, by itself (``python -I init.py FD``), and imports nothing of zt-gate.  Its
settings are JSON on a descriptor.  As process 1 it takes all others with it when it ends:
what the command left in the background does not outlive the command.  ``supervisor``
does the same where there are no namespaces, with parts of this.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 4, 38, 22, 2
#: seccomp(2), by processor.
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER, _NEW_LISTENER = 1, 8
_TICK = 0.25
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Run the command of the settings; returns its exit code, as a shell counts."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        settings = json.loads(file.read())
    libc = ctypes.CDLL(None, use_errno=True)
    if settings["filter"]:
        # The command runs as the same user: it must not be able to look into this
        # process, which has no filter.
        _check(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))
    listener = _listener(settings["port"]) if settings["proxy"] else None
    ready_read, ready_write = os.pipe()
    number = os.fork()
    if number == 0:
        os.close(ready_read)
        _become(libc, settings, ready_write)
    os.close(ready_write)
    if settings.get("broker"):
        os.close(settings["broker"])
    if listener is not None:
        _forward(listener, settings["proxy"])
    with os.fdopen(ready_read, "rb") as file:
        failed = file.read(4096)
    if failed:
        sys.stderr.write(f"zt-gate: {failed.decode(errors='replace')}\n")
        return 126
    return watch(number, settings["limits"], memory)


def _become(libc: ctypes.CDLL, settings: dict, ready: int) -> None:  # type: ignore[type-arg]
    """Take the limits and the filter, and become the command."""
    try:
        take_limits(settings["limits"])
        if settings["filter"]:  # macOS has none
            _take_filter(libc, settings)
        os.chdir(settings.get("cwd", os.curdir))
        words = settings["command"]
        os.execvpe(words[0], words, settings["environment"])  # noqa: S606
    except (OSError, ValueError, KeyError, TypeError) as error:
        tell_failure(ready, settings["command"][0], error)
    finally:
        # Whatever happened: nothing runs on without the filter.
        os._exit(126)


def tell_failure(ready: int, name: str, error: Exception) -> None:
    """Write to the parent's pipe why a command does not start."""
    reason = error.strerror if isinstance(error, OSError) else str(error)
    os.write(ready, f"{name} cannot be started in the sandbox: {reason}".encode())


def take_limits(limits: dict) -> None:  # type: ignore[type-arg]
    """Take the limits of resources that the kernel holds, for this process and its own."""
    for name, kind in (
        ("processes", resource.RLIMIT_NPROC),
        ("files", resource.RLIMIT_NOFILE),
        ("cpu_seconds", resource.RLIMIT_CPU),
        ("file_bytes", resource.RLIMIT_FSIZE),
        ("core_bytes", resource.RLIMIT_CORE),
    ):
        if name in limits:
            most = resource.getrlimit(kind)[1]
            value = int(limits[name])
            value = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.setrlimit(kind, (value, value))


def filter_argument(code: bytes) -> tuple[bytes, ctypes.Array[ctypes.c_char]]:
    """Return ``struct sock_fprog`` and the buffer that it points to, which must live on."""
    buffer = ctypes.create_string_buffer(code, len(code))
    # A count of instructions, and a pointer to them.
    return struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)), buffer


def _take_filter(libc: ctypes.CDLL, settings: dict) -> None:  # type: ignore[type-arg]
    """Take the filter; ``exec``, outside, gets the descriptor that asks for the broker."""
    code = bytes.fromhex(settings["filter"])
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if settings.get("broker"):
        listener = listening_filter(libc, code, settings["processor"])
        with socket.socket(fileno=settings["broker"]) as outside:
            socket.send_fds(outside, [b"x"], [listener])
        os.close(listener)
        return
    program, _buffer = filter_argument(code)
    _check(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.c_char_p(program), 0, 0))


def listening_filter(libc: ctypes.CDLL, code: bytes, processor: str) -> int:
    """Take a filter that asks, and return the descriptor by which it is answered."""
    program, _buffer = filter_argument(code)
    call = _SECCOMP[processor]
    listener: int = libc.syscall(
        call, _SET_FILTER, _NEW_LISTENER, ctypes.c_char_p(program)
    )
    if listener < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return listener


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def watch(number: int, limits: dict, memory: Callable[[], int]) -> int:  # type: ignore[type-arg]
    """Wait for the command, within its time and memory; reaps what it left.

    ``memory`` returns the bytes that all its processes use.
    """
    began = time.monotonic()
    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, lambda kind, _: _tell(number, kind))
    while True:
        found, status = _reaped()
        if found == number:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        if found:
            continue
        if "seconds" in limits and time.monotonic() - began > limits["seconds"]:
            sys.stderr.write(
                f"zt-gate: ended after {limits['seconds']} s, the task's limit\n"
            )
            return 124
        if "memory" in limits and memory() > limits["memory"]:
            megabytes = limits["memory"] >> 20
            sys.stderr.write(f"zt-gate: ended: it uses more than {megabytes} MB\n")
            return 137
        time.sleep(_TICK)


def _reaped() -> tuple[int, int]:
    try:
        return os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return 0, 0


def _tell(number: int, kind: int) -> None:
    with suppress(OSError):
        os.kill(number, kind)


def memory() -> int:
    """Return the bytes of memory that all processes of the sandbox use."""
    if not os.path.isdir("/proc"):
        return 0
    names = (name for name in os.listdir("/proc") if name.isdigit() and name != "1")
    return sum(memory_of(name) for name in names)


def memory_of(process: str) -> int:
    """Return the bytes of memory that a process uses, 0 if it is gone."""
    with (
        suppress(OSError, ValueError, IndexError),
        open(f"/proc/{process}/statm") as file,
    ):
        return int(file.read().split()[1]) * _PAGE
    return 0


def _listener(port: int) -> socket.socket:
    """Return a socket that listens on the sandbox's own loopback."""
    with suppress(OSError):
        _loopback_up()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    return listener


def _forward(listener: socket.socket, path: str) -> None:
    """Carry each connection to the proxy outside."""

    def accept() -> None:
        while True:
            inner, _ = listener.accept()
            threading.Thread(target=carry, args=(inner, path), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _loopback_up() -> None:
    """Switch the loopback on, where the starter did not (netdevice(7))."""
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # IFF_UP | IFF_RUNNING
        fcntl.ioctl(handle, 0x8914, request)  # SIOCSIFFLAGS


def carry(inner: socket.socket, path: str) -> None:
    """Carry what a connection says to the proxy's socket, and back, until one ends."""
    outer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        outer.connect(path)
        ends = {inner: outer, outer: inner}
        while True:
            ready, _, _ = select.select(list(ends), [], [])
            for end in ready:
                data = end.recv(1 << 16)
                if not data:
                    return
                ends[end].sendall(data)
    except OSError:
        return
    finally:
        inner.close()
        outer.close()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
