"""More of the filter, for where there are no namespaces beside it.

Landlock does not know of modes, owners and attributes of files, of UDP, of listening, of
memory that processes share by a number, and of limits of other processes.  All of these
are denied.  A connection is carried out by the supervisor, which reads the address once
and hands over a socket of its own: what the kernel would read again could have changed.
"""

from __future__ import annotations

from zt_gate.guard.sandbox.seccomp import (
    Instruction,
    UnsupportedProcessorError,
    processor,
)
from zt_gate.record import dataclass

_LOAD, _EQUAL, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x45, 0x54, 0x06
_ALLOW, _ERRNO, _ASK = 0x7FFF0000, 0x00050000, 0x7FC00000
_EPERM, _EAFNOSUPPORT = 1, 97
_AF_INET, _AF_INET6, _KIND, _STREAM = 2, 10, 0xF, 1
#: TCP, by its name or as the default.  Landlock does not see MPTCP and SMC.
_DEFAULT, _TCP = 0, 6
_FASTOPEN = 0x20000000


@dataclass(frozen=True, slots=True)
class _AloneCalls:
    """Numbers of system calls of one architecture."""

    socket: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    prlimit: int
    denied: tuple[int, ...]


_DENIED_X86 = (
    49, 50,  # bind, listen
    90, 91, 268, 452,  # chmod, fchmod, fchmodat, fchmodat2
    92, 93, 94, 260,  # chown, fchown, lchown, fchownat
    188, 189, 190, 463,  # setxattr, lsetxattr, fsetxattr, setxattrat
    197, 198, 199, 466,  # removexattr, lremovexattr, fremovexattr, removexattrat
    29, 30, 31, 64, 65, 66, 220,  # shmget, shmat, shmctl, semget, semop, semctl, semtimedop
    68, 69, 70, 71, 240, 241,  # msgget, msgsnd, msgrcv, msgctl, mq_open, mq_unlink
    141, 251, 469,  # setpriority, ioprio_set, file_setattr
)  # fmt: skip
_DENIED_ARM = (
    200, 201, 52, 53, 452, 54, 55, 5, 6, 7, 463, 14, 15, 16, 466, 194, 195, 196, 190, 191,
    192, 193, 186, 187, 188, 189, 180, 181, 140, 30, 469,
)  # fmt: skip
CALLS = {
    "x86_64": _AloneCalls(41, 42, 44, 46, 307, 302, _DENIED_X86),
    "aarch64": _AloneCalls(198, 203, 206, 211, 269, 261, _DENIED_ARM),
}


def rules(machine: str = "", *, connects: bool) -> list[Instruction]:
    """Return the instructions before those of ``seccomp.filter_program``.

    ``connects``: TCP sockets can be made, and the supervisor is asked about each
    connection; otherwise there are no sockets.  Raises UnsupportedProcessorError.
    """
    calls = CALLS.get(processor(machine))
    if calls is None:
        raise UnsupportedProcessorError(
            f"the sandbox has no filter of system calls for {processor(machine)}"
        )
    found: list[Instruction] = []
    for number in calls.denied:
        found += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | _EPERM)]
    found += _unless_zero(calls.prlimit, 0)
    # TCP Fast Open connects without the call that the supervisor is asked about.
    found += _unless_zero(calls.sendto, 4)
    found += _without_bit(calls.sendmsg, 2, _FASTOPEN)
    found += _without_bit(calls.sendmmsg, 3, _FASTOPEN)
    if not connects:
        found += [
            (_EQUAL, 0, 1, calls.socket),
            (_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT),
        ]
        return found
    return [*found, (_EQUAL, 0, 1, calls.connect), (_RETURN, 0, 0, _ASK), *_tcp(calls)]


def _tcp(calls: _AloneCalls) -> list[Instruction]:
    """Return the rule that lets make sockets of TCP alone."""
    return [
        (_EQUAL, 0, 11, calls.socket),
        (_LOAD, 0, 0, _low(0)),
        (_EQUAL, 1, 0, _AF_INET),
        (_EQUAL, 0, 7, _AF_INET6),
        (_LOAD, 0, 0, _low(1)),
        (_AND, 0, 0, _KIND),
        (_EQUAL, 0, 4, _STREAM),
        (_LOAD, 0, 0, _low(2)),
        (_EQUAL, 1, 0, _DEFAULT),
        (_EQUAL, 0, 1, _TCP),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | _EAFNOSUPPORT),
    ]


def _unless_zero(number: int, argument: int) -> list[Instruction]:
    """Deny a call whose argument is not 0."""
    return [
        (_EQUAL, 0, 6, number),
        (_LOAD, 0, 0, _low(argument)),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, _low(argument) + 4),
        (_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
    ]


def _without_bit(number: int, argument: int, bit: int) -> list[Instruction]:
    """Deny a call that has a flag."""
    return [
        (_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _low(argument)),
        (_ANY_BIT, 0, 1, bit),
        (_RETURN, 0, 0, _ERRNO | _EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


def _low(argument: int) -> int:
    """Return the offset of the lower half of an argument in ``struct seccomp_data``."""
    return 16 + 8 * argument
