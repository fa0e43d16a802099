"""What it costs to scan a file, by its kind, so that every runner splits a change alike.

The figures are shipped, not measured in the run: two runners that measured would divide
the files differently, and leave some out.  ``bench/shards.py`` measures them.
"""

from __future__ import annotations

from typing import NamedTuple


class Cost(NamedTuple):
    """Milliseconds of CPU time for a file, and for each KiB of its added lines."""

    file: int
    kib: int


#: Of the scanners that shards divide, by the end of the file's name.
DIVIDED: dict[bytes, Cost] = {
    b"py": Cost(90, 26),
    b"js": Cost(110, 30),
    b"jsx": Cost(110, 30),
    b"mjs": Cost(110, 30),
    b"cjs": Cost(110, 30),
    b"ts": Cost(120, 30),
    b"tsx": Cost(120, 30),
    b"go": Cost(60, 20),
    b"html": Cost(20, 14),
    b"md": Cost(4, 12),
    b"rst": Cost(4, 12),
    b"txt": Cost(4, 12),
    b"json": Cost(4, 6),
    b"yaml": Cost(6, 8),
    b"yml": Cost(6, 8),
}
OTHER = Cost(5, 8)
#: Of the scanners that look at the whole change, for every file.
WHOLE = Cost(4, 14)


def cost_of(name: bytes, size: int, *, divided: bool) -> int:
    """Return the milliseconds for a file of which ``size`` bytes are added."""
    cost = WHOLE
    if divided:
        ending = name.rpartition(b".")[2].lower()
        cost = DIVIDED.get(ending, OTHER)
    return cost.file + cost.kib * (size + 1023) // 1024
