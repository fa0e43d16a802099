r"""CODEOWNERS: who owns a path, as GitHub reads it.

The last line that fits a path decides; one without owners leaves it without any.
Lines with ``!``, ``[`` or a leading ``\#`` mean nothing there and are passed over, and
``docs/*`` does not reach into folders (GitHub Docs, "About code owners").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.syntax.globs import Glob, GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where GitHub looks, in this order.
PLACES = (b".github/CODEOWNERS", b"CODEOWNERS", b"docs/CODEOWNERS")
_MAX_BYTES = 3 << 20
_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?|[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class _Line:
    glob: Glob
    flat: bool
    depth: int
    owners: tuple[str, ...]

    def fits(self, path: bytes) -> bool:
        return self.glob.matches(path) and not (self.flat and path.count(b"/") != self.depth)


@dataclass(frozen=True, slots=True)
class Owners:
    """The lines of one file; without any, nobody owns anything."""

    lines: tuple[_Line, ...] = ()

    def of(self, path: bytes) -> tuple[str, ...]:
        """Return the owners of ``path`` as they are written: ``@login``, ``@org/team``, address."""
        for line in reversed(self.lines):
            if line.fits(path):
                return line.owners
        return ()


def read(reader: Callable[[bytes], bytes | None]) -> Owners:
    """Return what the first file says that there is; ``reader`` reads the trusted side."""
    for place in PLACES:
        data = reader(place)
        if data is not None:
            return parse(data)
    return Owners()


def parse(data: bytes) -> Owners:
    """Read a file; as on GitHub one of more than 3 MB says nothing."""
    if len(data) > _MAX_BYTES:
        return Owners()
    found = []
    for raw in data.decode("utf-8", "replace").split("\n"):
        words = re.split(r"(?<!\\)[ \t]+", raw.strip())
        pattern = words[0].replace("\\ ", " ")
        if not pattern or pattern.startswith(("#", "!", "\\#")) or "[" in pattern:
            continue
        owners = []
        for word in words[1:]:
            if word.startswith("#"):
                break
            owners.append(word)
        if not all(_OWNER.fullmatch(owner) for owner in owners):
            continue
        try:
            glob = compile_glob(pattern)
        except GlobError:
            continue
        inner = pattern.strip("/")
        flat = pattern.endswith("/*") and "**" not in pattern
        found.append(_Line(glob, flat, inner.count("/"), tuple(owners)))
    return Owners(tuple(found))
