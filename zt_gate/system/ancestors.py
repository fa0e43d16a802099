"""The processes that started this one: parent, its parent, and so on."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from zt_gate.record import record

TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A loop in the table of a hostile /proc, or a very deep tree, ends here.
_MAX_DEPTH = 64
_PS = "/bin/ps"
_PS_SECONDS = 5.0


@record
class Ancestor:
    """One process; ``name`` is the kernel's, ``words`` are its command line.

    ``started`` is its start in ticks since the machine's, 0 where that is not known.
    """

    name: str
    words: tuple[str, ...]
    pid: int = 0
    started: int = 0


def ancestors(pid: int = 0) -> tuple[Ancestor, ...]:
    """Return the ancestors, the parent first; those that cannot be read are left out.

    With ``pid`` they are that process and its ancestors.
    """
    first = pid or os.getppid()
    return tuple(_from_proc(first) if sys.platform == "linux" else _from_ps(first))


def _from_proc(number: int) -> Iterator[Ancestor]:
    for _ in range(_MAX_DEPTH):
        if number <= 0:
            return
        try:
            with open(f"/proc/{number}/stat", "rb") as file:
                status = file.read(4096)
        except OSError:
            return
        # "PID (NAME) STATE PARENT …"; the name may contain parentheses and spaces.
        head, _, tail = status.rpartition(b")")
        words: tuple[str, ...] = ()
        with suppress(OSError), open(f"/proc/{number}/cmdline", "rb") as file:
            data = file.read(64 * 1024).rstrip(b"\0")
            words = tuple(map(os.fsdecode, data.split(b"\0"))) if data else ()
        fields = tail.split()
        started = fields[19] if len(fields) > 19 else b""
        yield Ancestor(
            os.fsdecode(head.partition(b"(")[2]),
            words,
            number,
            int(started) if started.isdigit() else 0,
        )
        number = int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else 0


def _from_ps(number: int) -> Iterator[Ancestor]:
    """Read the table of ``ps``, which separates the words of a command line by spaces."""
    import subprocess  # not needed on Linux, and costs 10 ms

    try:
        done = subprocess.run(
            [_PS, "-axww", "-o", "pid=,ppid=,command="],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PS_SECONDS,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return
    yield from ancestors_in_table(done.stdout, number)


def ancestors_in_table(table: bytes, number: int) -> Iterator[Ancestor]:
    """Yield process ``number`` and its ancestors from ``ps``'s PID, PPID and command."""
    rows: dict[int, tuple[int, tuple[str, ...]]] = {}
    for line in table.splitlines():
        fields = line.split(None, 2)
        if len(fields) == 3 and fields[0].isdigit() and fields[1].isdigit():
            words = tuple(os.fsdecode(fields[2]).split())
            rows[int(fields[0])] = (int(fields[1]), words)
    for _ in range(_MAX_DEPTH):
        if number not in rows:
            return
        parent, words = rows[number]
        yield Ancestor(os.path.basename(words[0]), words, number)
        number = parent
