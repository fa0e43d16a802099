"""The rights of a command as rules of Landlock, which can allow and not take away.

A folder with something protected in it gets no rule of its own but that it can be
listed; its entries get theirs one by one.  So nothing new can be made directly in such a
folder: it would need a rule that holds for what is protected, too.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.guard.sandbox import bubblewrap
from zt_gate.guard.sandbox.landlock import DEVICE, LIST, READ, WRITE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from zt_gate.guard.sandbox.rights import Rights

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
#: Of /proc what tells about the machine.  The folders of processes are absent: they show
#: the command lines of all users.
_MACHINE = (
    "cpuinfo", "filesystems", "loadavg", "meminfo", "stat", "sys/kernel", "sys/vm",
    "uptime", "version",
)  # fmt: skip


def rules_of(rights: Rights, own: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return the rules; ``own`` are folders made for this command alone."""
    rules = [(place, READ) for place in bubblewrap.system_places()]
    rules += [(f"/dev/{name}", DEVICE) for name in _DEVICES]
    rules += [(f"/proc/{name}", READ) for name in _MACHINE]
    rules += [(place, READ) for place in bubblewrap.interpreter_places()]
    rules += [(place, WRITE) for place in own]
    for place in rights.read_only:
        rules += _split(place, READ, frozenset(rights.hidden))
    protected = frozenset((*rights.hidden, *rights.read_only))
    for place in rights.writable:
        if place not in rights.read_only or place == rights.root:
            rules += _split(place, WRITE, protected)
    return rules


def closed_folders(rights: Rights) -> list[str]:
    """Return the writable folders in which nothing new can be made."""
    protected = frozenset((*rights.hidden, *rights.read_only))
    found = [
        path
        for place in rights.writable
        for path, allowed in _split(place, WRITE, protected)
        if allowed == LIST
    ]
    return list(dict.fromkeys(found))


def _split(
    path: str, allowed: int, protected: Collection[str]
) -> Iterator[tuple[str, int]]:
    """Yield the rules that allow something below a folder but for what is protected."""
    below = [one for one in protected if one.startswith(path + os.sep)]
    if not below:
        yield path, allowed
        return
    yield path, LIST
    try:
        entries = list(os.scandir(path))
    except OSError:
        return
    for entry in entries:
        # A link is followed, and where it leads has its own rules.
        if entry.path not in protected and not entry.is_symlink():
            yield from _split(entry.path, allowed, below)
