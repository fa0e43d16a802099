"""Starts a command under Landlock, watches it from outside, and ends all that it started.

Where namespaces are forbidden there is no process 1 that takes all others with it.  This
process becomes the parent of whatever the command leaves behind, and ends that.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.guard.sandbox import init
from zt_gate.guard.sandbox.asked import serve_asked
from zt_gate.guard.sandbox.connections import Connections
from zt_gate.guard.sandbox.hand_over import hand_over_of, say_contained
from zt_gate.guard.sandbox.landlock import restrict
from zt_gate.guard.sandbox.seccomp_alone import CALLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.sandbox.asked import Answer

_PDEATHSIG, _NO_NEW_PRIVS, _CAPBSET_DROP, _SUBREAPER = 1, 38, 24, 36
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER = 1
_CAPABILITIES = 64
#: ``_LINUX_CAPABILITY_VERSION_3`` of capset(2).
_CAPABILITY_VERSION = 0x20080522
_ROUNDS, _PAUSE = 500, 0.02


class ParentEndedError(Exception):
    """The process that started this has ended, and nothing goes on without it."""


def main(descriptor: int) -> int:
    """Run the command of the settings, JSON on a descriptor; returns its exit code."""
    with os.fdopen(descriptor, "rb") as file:
        settings = json.loads(file.read())
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGUSR1, _parent_ended)
    libc.prctl(_PDEATHSIG, signal.SIGUSR1, 0, 0, 0)
    ready_read, ready_write = os.pipe()
    ours, theirs = socket.socketpair()
    number = os.fork()
    if number == 0:
        os.close(ready_read)
        ours.close()
        _become(libc, settings, ready_write, theirs)
    os.close(ready_write)
    theirs.close()
    try:
        answers = _answers(settings)
        if answers:
            serve_asked(ours, answers)
        with os.fdopen(ready_read, "rb") as pipe:
            failed = pipe.read(4096)
        if failed:
            sys.stderr.write(f"zt-gate: {failed.decode(errors='replace')}\n")
            return 126
        return init.watch(number, settings["limits"], _memory)
    except ParentEndedError:
        return 128 + signal.SIGKILL
    finally:
        end_descendants()


def _parent_ended(_number: int, _frame: object) -> None:
    raise ParentEndedError


def _contained(reason: str) -> None:
    """End everything, from a thread: the main one ends as it does without its parent."""
    say_contained(reason)
    os.kill(os.getpid(), signal.SIGUSR1)


def _become(
    libc: ctypes.CDLL, settings: Mapping[str, Any], ready: int, parent: socket.socket
) -> None:
    """Take limits, rules and filter, and become the command."""
    command = settings["command"]
    try:
        libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        limits = dict(settings["limits"])
        # The kernel counts all processes of the user, not those of this command.
        if "processes" in limits:
            limits["processes"] += _processes_of_user()
        init.take_limits(limits)
        for number in range(_CAPABILITIES):  # root's programs get none back
            libc.prctl(_CAPBSET_DROP, number, 0, 0, 0)
        os.chdir(settings["cwd"])
        own = (f"/proc/{os.getpid()}", settings["own_process"])
        restrict([*settings["rules"], own])
        _drop_capabilities(libc)
        _take_filter(libc, settings, parent)
        os.execvpe(command[0], command, settings["environment"])  # noqa: S606
    except (OSError, ValueError, KeyError, TypeError) as error:
        init.tell_failure(ready, command[0], error)
    finally:
        # Whatever happened: nothing runs on without rules and filter.
        os._exit(126)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Give up this process's capabilities, those of a managed program among them.

    With one the kernel would keep the command closed to its supervisor, which reads where
    it connects to, and clear the signal by which it ends with that.
    """
    header, none = struct.pack("=Ii", _CAPABILITY_VERSION, 0), bytes(24)
    if libc.capset(header, none) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _take_filter(
    libc: ctypes.CDLL, settings: Mapping[str, Any], parent: socket.socket
) -> None:
    """Take the filter; the supervisor gets the descriptor that asks about connections."""
    code = bytes.fromhex(settings["filter"])
    if settings["proxy"] or settings["broker"]:
        listener = init.listening_filter(libc, code, settings["processor"])
        socket.send_fds(parent, [b"x"], [listener])
        return
    program, _buffer = init.filter_argument(code)
    call = _SECCOMP[settings["processor"]]
    if libc.syscall(call, _SET_FILTER, 0, ctypes.c_char_p(program)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _answers(settings: Mapping[str, Any]) -> dict[int, Answer]:
    """Return what answers the calls that the filter asks about, by their number."""
    answers: dict[int, Answer] = {}
    calls = CALLS[settings["processor"]]
    if settings["proxy"]:
        answers[calls.connect] = Connections(settings["proxy"], settings["port"])
    if settings["broker"]:
        answers[calls.socket] = hand_over_of(settings["broker"], _contained)
    return answers


def descendants() -> list[int]:
    """Return the processes below this one."""
    parents: dict[int, int] = {}
    for name in os.listdir("/proc"):
        with suppress(OSError, ValueError, IndexError):
            if name.isdigit():
                with open(f"/proc/{name}/stat", "rb") as file:
                    # The name, which is in parentheses, can hold anything.
                    fields = file.read().rpartition(b")")[2].split()
                parents[int(name)] = int(fields[1])
    found = {os.getpid()}
    while True:
        more = {one for one, parent in parents.items() if parent in found} - found
        if not more:
            return sorted(found - {os.getpid()})
        found |= more


def end_descendants() -> None:
    """End all processes below this one, also those that make new ones meanwhile.

    First they are stopped: what stands still starts nothing.
    """
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        new = set(descendants()) - stopped
        if not new:
            break
        for number in new:
            with suppress(OSError):
                os.kill(number, signal.SIGSTOP)
        stopped |= new
    for _ in range(_ROUNDS):
        for number in descendants():
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(_PAUSE)


def _memory() -> int:
    return sum(init.memory_of(str(number)) for number in descendants())


def _processes_of_user() -> int:
    user, count = os.getuid(), 0
    for name in os.listdir("/proc"):
        with suppress(OSError):
            count += name.isdigit() and os.stat(f"/proc/{name}").st_uid == user
    return count
