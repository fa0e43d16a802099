"""A first look at a short text, from a cold process: whether a format can be in it at all.

Most texts hold none, and to know that takes the formats' literals and, where
one of them stands, its pattern.  Both are kept in one file of the cache, so
that neither the rules nor the engine is imported for a text without a find.
For the same reason this module imports as little as it does: ``dataclasses``,
``pathlib``, ``json`` and ``typing`` would cost more than the look itself.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False  # as type checkers know it; importing typing costs 2 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Beside the formats: private keys, and URLs that hold more than an address.
_OTHERS = (b"PRIVATE KEY", b"Private-Lines:", b"jdbc:oracle:")
_URL = rb"://[^\s\"'<>`]{0,600}?(?:@|(?i:password|pwd)=)"


def suspicious(data: bytes, cache: str) -> bool:
    """Whether ``scan_formats`` could find anything in ``data``: false is certain.

    ``cache`` is the folder that ``zt_gate.system.cache.cache_folder`` returns.  Raises
    RulebookError where the rules cannot be read.
    """
    if any(text in data for text in _OTHERS):
        return True
    patterns = [_URL] if b"://" in data else []
    for literals, pattern in _index(cache):
        if any(text in data for text in literals):
            patterns.append(pattern)
    if not patterns:
        return False
    import re

    return any(re.search(pattern, data) for pattern in patterns)


def _index(cache: str) -> Iterator[tuple[list[bytes], bytes]]:
    """Yield the literals and the pattern of each format."""
    stamp = _stamp()
    text = _kept(os.path.join(cache, "secret-formats"), stamp)
    if text is None:
        text = _rows()
        _keep(cache, b"%s\n%d\n%s" % (stamp, zlib.crc32(text), text))
    for row in text.split(b"\n"):
        literals, _, pattern = row.partition(b"\t")
        yield [bytes.fromhex(text.decode()) for text in literals.split()], pattern


def _stamp() -> bytes:
    """Return what changes with the gate and with its rules, without reading them."""
    from zt_gate import __version__

    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    folder = os.path.join(package, "_rules")
    if not os.path.isdir(folder):
        folder = os.path.join(os.path.dirname(package), "rules")
    parts = [__version__]
    with os.scandir(os.path.join(folder, "secrets")) as entries:
        for entry in entries:
            info = entry.stat()
            parts.append(f"{entry.path!a} {info.st_size} {info.st_mtime_ns}")
    return " ".join(sorted(parts)).encode("ascii")


def _kept(name: str, stamp: bytes) -> bytes | None:
    """Return the kept formats; None where they are of other rules, or damaged."""
    try:
        with open(name, "rb") as file:
            known, _, rest = file.read().partition(b"\n")
    except OSError:
        return None
    check, _, text = rest.partition(b"\n")
    # Half a file would be a look that sees less than it says.
    return text if known == stamp and check == b"%d" % zlib.crc32(text) else None


def _keep(cache: str, data: bytes) -> None:
    from contextlib import suppress
    from pathlib import Path

    from zt_gate.system.cache import write_atomically

    with suppress(OSError):
        write_atomically(Path(cache, "secret-formats"), data)


def _rows() -> bytes:
    from zt_gate import rulebook
    from zt_gate.scanners.secrets.rule_index import formats

    def row(literals: Iterable[bytes], pattern: str) -> bytes:
        return " ".join(text.hex() for text in literals).encode() + b"\t" + pattern.encode()

    known = (form for form in formats(rulebook.load("secrets")) if not form.near)
    return b"\n".join(row(form.literals, form.source) for form in known)
