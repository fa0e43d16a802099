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

    def of(self, size: int) -> int:
        """Return the milliseconds for a file of which ``size`` bytes are added."""
        return self.file + self.kib * size // 1024


_CODE = Cost(15, 15)
_PROSE = Cost(1, 2)
#: Of the scanners that shards divide, by the end of the file's name.
DIVIDED: dict[bytes, Cost] = {
    b"py": _CODE,
    b"js": _CODE,
    b"jsx": _CODE,
    b"mjs": _CODE,
    b"cjs": _CODE,
    b"ts": _CODE,
    b"tsx": _CODE,
    b"go": _CODE,
    b"html": Cost(5, 5),
    b"md": _PROSE,
    b"rst": _PROSE,
    b"txt": _PROSE,
}
OTHER = Cost(1, 1)
#: For every file: of the scanners of the whole change, in the first shard.
WHOLE = Cost(1, 3)
#: For every file: of the search for secrets to mask, in the other shards.
MASKING = Cost(1, 1)


def divided_cost(name: bytes, size: int) -> int:
    """Return the milliseconds of the divided scanners for a file."""
    ending = name.rpartition(b".")[2].lower()
    return DIVIDED.get(ending, OTHER).of(size)
