"""The filter for system calls that namespaces leave open (seccomp(2), BPF).

Namespaces hide files and networks.  They do not stop a connection to a Unix socket whose
path is visible, netlink, vsock, io_uring (which does what a filter of calls denies), or
new user namespaces, in which a process has all capabilities again.  The program is
assembled here: it has a dozen rules, and no library for it is needed inside.
"""

from __future__ import annotations

import platform
import struct
from typing import TYPE_CHECKING

from zt_gate.guard.broker.handed import PROTOCOL
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

#: One instruction: its code, how far to jump if it fits and if not, and its constant.
Instruction = tuple[int, int, int, int]

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000
_KILL = 0x80000000
_ASK = 0x7FC00000
_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
#: Offsets in ``struct seccomp_data``: number, architecture, the low half of arguments.
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND, _THIRD = 0, 4, 16, 24, 32
_CLONE_NEW = (
    0x7E020000 | 0x80
)  # CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID, -NET, -TIME
_X32 = 0x40000000
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
#: Types of sockets; above the kind are flags.
_KIND, _STREAM, _SEQPACKET = 0xF, 1, 5
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
#: From SIOCGIFNAME on: what ioctl(2) tells about interfaces (netdevice(7)).
_INTERFACES, _AFTER_INTERFACES = 0x8910, 0x8A00


class UnsupportedProcessorError(Exception):
    """There is no table of system calls for this processor."""


@dataclass(frozen=True, slots=True)
class _Calls:
    """Numbers of system calls of one architecture (linux: include/uapi, unistd.h)."""

    audit: int
    socket: int
    socketpair: int
    clone: int
    clone3: int
    unshare: int
    setns: int
    ioctl: int
    io_uring: tuple[int, ...]
    denied: tuple[int, ...]


_DENIED_X86 = (
    101,  # ptrace
    155,  # pivot_root
    165,  # mount
    166,  # umount2
    161,  # chroot
    167, 168,  # swapon, swapoff
    169,  # reboot
    175, 176, 313,  # init_module, delete_module, finit_module
    246, 320,  # kexec_load, kexec_file_load
    248, 249, 250,  # add_key, request_key, keyctl
    298,  # perf_event_open
    304,  # open_by_handle_at
    310, 311,  # process_vm_readv, process_vm_writev
    321,  # bpf
    323,  # userfaultfd
    428, 429, 430, 431, 432, 433,  # open_tree, move_mount, fsopen, fsconfig, fsmount, fspick
    442,  # mount_setattr
    438,  # pidfd_getfd
)  # fmt: skip
_DENIED_ARM = (
    117, 41, 40, 39, 51, 224, 225, 142, 105, 106, 273, 104, 294, 217, 218, 219, 241, 265,
    270, 271, 280, 282, 428, 429, 430, 431, 432, 433, 442, 438,
)  # fmt: skip
_CALLS = {
    "x86_64": _Calls(
        0xC000003E, 41, 53, 56, 435, 272, 308, 16, (425, 426, 427), _DENIED_X86
    ),
    "aarch64": _Calls(
        0xC00000B7, 198, 199, 220, 435, 97, 268, 29, (425, 426, 427), _DENIED_ARM
    ),
}


def processor(machine: str = "") -> str:
    """Return this machine's processor, or the one of a name, as the tables call it."""
    name = machine or platform.machine()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name, name)


def broker_rules(machine: str = "") -> list[Instruction]:
    """Return the instructions that ask ``exec`` for a connection to the broker.

    They come before all others, which deny Unix sockets.  Such a connection belongs to
    the machine's network, and would tell about its interfaces.  Raises
    UnsupportedProcessorError.
    """
    calls = _calls_of(machine)
    return [
        (_EQUAL, 0, 5, calls.ioctl),
        (_LOAD, 0, 0, _SECOND),
        (_AT_LEAST, 0, 2, _INTERFACES),
        (_AT_LEAST, 1, 0, _AFTER_INTERFACES),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_EQUAL, 0, 9, calls.socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 0, 6, _AF_UNIX),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _KIND),
        (_EQUAL, 0, 3, _STREAM),
        (_LOAD, 0, 0, _THIRD),
        (_EQUAL, 0, 1, PROTOCOL),
        (_RETURN, 0, 0, _ASK),
        (_LOAD, 0, 0, _NUMBER),
    ]


def socket_call(machine: str = "") -> int:
    """Return the number of ``socket``; raises UnsupportedProcessorError."""
    return _calls_of(machine).socket


def filter_program(machine: str = "", first: Sequence[Instruction] = ()) -> bytes:
    """Return the filter for ``PR_SET_SECCOMP``: an array of ``struct sock_filter``.

    ``first`` are instructions before the others; they find the call's number loaded, and
    leave it so.  Raises UnsupportedProcessorError.
    """
    calls = _calls_of(machine)
    rules = [
        # Calls of another architecture have other numbers: they would pass the rules.
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, calls.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        *first,
    ]
    for number in (calls.clone3, *calls.io_uring):
        # Libraries fall back to what can be filtered.
        rules += _deny(number, _ENOSYS)
    for number in (calls.unshare, calls.setns, *calls.denied):
        rules += _deny(number, _EPERM)
    rules += [
        (_EQUAL, 0, 4, calls.clone),
        (_LOAD, 0, 0, _FIRST),
        (_ANY_BIT, 0, 1, _CLONE_NEW & ~0xFF),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
        (_EQUAL, 0, 5, calls.socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 2, 0, _AF_INET),
        (_EQUAL, 1, 0, _AF_INET6),
        (_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
        # A datagram socket of a pair sends to every path that can be seen.
        (_EQUAL, 0, 6, calls.socketpair),
        (_LOAD, 0, 0, _SECOND),
        (_AND, 0, 0, _KIND),
        (_EQUAL, 2, 0, _STREAM),
        (_EQUAL, 1, 0, _SEQPACKET),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
        # Typing into the terminal that the session was started from.
        (_EQUAL, 0, 4, calls.ioctl),
        (_LOAD, 0, 0, _SECOND),
        (_EQUAL, 1, 0, _TIOCSTI),
        (_EQUAL, 0, 1, _TIOCLINUX),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *rule) for rule in rules)


def _calls_of(machine: str) -> _Calls:
    name = processor(machine)
    calls = _CALLS.get(name)
    if calls is None:
        raise UnsupportedProcessorError(
            f"the sandbox has no filter of system calls for {name}"
        )
    return calls


def _deny(number: int, reason: int) -> list[Instruction]:
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | reason)]
