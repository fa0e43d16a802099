"""Answers the calls about which a filter asks, from outside the sandbox (seccomp_unotify(2))."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Answer = Callable[[int, "Asked"], None]

_RECEIVE, _SEND, _IS_VALID, _ADD = 0xC0502100, 0xC0182101, 0x40082102, 0xC0182103
_NOT_PERMITTED = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: its name with the kernel, who asks, its number and its arguments."""

    name: int
    process: int
    call: int
    arguments: tuple[int, ...]


def serve_asked(parent: socket.socket, answers: Mapping[int, Answer]) -> None:
    """Answer a command's calls in the background.

    ``parent`` brings the kernel's descriptor; ``answers`` are by the call's number.
    Nothing is answered if the command could not be started.
    """
    _, descriptors, _, _ = socket.recv_fds(parent, 16, 1)
    parent.close()
    if descriptors:
        threading.Thread(
            target=_serve, args=(descriptors[0], answers), daemon=True
        ).start()


def _serve(listener: int, answers: Mapping[int, Answer]) -> None:
    while True:
        data = bytearray(80)
        try:
            fcntl.ioctl(listener, _RECEIVE, data)
        except InterruptedError:
            continue
        except FileNotFoundError:  # the process that asked has ended, or all have
            if _has_ended(listener):
                os.close(listener)
                return
            continue
        except OSError:
            return
        name, process = struct.unpack_from("=QI", data)
        (call,) = struct.unpack_from("=i", data, 16)
        request = Asked(name, process, call, struct.unpack_from("=6Q", data, 32))
        answer = answers.get(call)
        if answer is None:
            answer_asked(listener, request, _NOT_PERMITTED)
        else:
            answer(listener, request)


def _has_ended(listener: int) -> bool:
    """Whether no process has the filter any more."""
    poll = select.poll()
    poll.register(listener, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(0))


def check_valid(listener: int, request: Asked) -> None:
    """Raise OSError if the process that asked is gone."""
    fcntl.ioctl(listener, _IS_VALID, struct.pack("=Q", request.name))


def answer_asked(listener: int, request: Asked, error: int) -> None:
    """Let a call end, with an error unless that is 0."""
    with suppress(OSError):
        fcntl.ioctl(listener, _SEND, struct.pack("=QqiI", request.name, 0, -error, 0))


def add_descriptor(
    listener: int,
    request: Asked,
    given: socket.socket,
    how: int,
    *,
    at: int = 0,
    flags: int = 0,
) -> None:
    """Give a socket to the process that asked; raises OSError.

    ``how`` are the flags of ``SECCOMP_IOCTL_NOTIF_ADDFD``.
    """
    order = struct.pack("=QIIII", request.name, how, given.fileno(), at, flags)
    fcntl.ioctl(listener, _ADD, order)
