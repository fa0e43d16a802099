"""Which format a path has: by name alone, without loading any reader.

Both the scanner's first look and ``manifests.reader_for`` ask here, so that the
first look can miss nothing.  The formats stand in the files of the ecosystems and
in ``shared_formats``.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.shared_formats import FORMATS as SHARED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.ecosystems.base import ManifestFormat, Role


@cache
def formats() -> dict[str, ManifestFormat]:
    """Return all formats by name: those of the ecosystems, then the shared ones."""
    listed = [one for ecosystem in all_ecosystems() for one in ecosystem.formats]
    return {one.name: one for one in (*listed, *SHARED_FORMATS)}


@cache
def with_role(*roles: Role) -> frozenset[str]:
    """Return the names of the formats that have one of the roles."""
    return frozenset(name for name, one in formats().items() if one.role in roles)


@cache
def text_formats() -> frozenset[str]:
    """Return the formats that are no manifests: only what is added decides about them."""
    return with_role("text")


@cache
def lock_formats() -> frozenset[str]:
    """Return the formats of lock files."""
    return with_role("lock")


@cache
def declaring_formats() -> frozenset[str]:
    """Return the formats in which a project declares what it needs."""
    return with_role("declares")


@cache
def manifests_beside_locks() -> dict[bytes, bytes]:
    """Return the name of the manifest beside each lock file, by the lock file's name."""
    return {
        lock: manifest
        for one in formats().values()
        for lock, manifest in one.locks.items()
    }


@cache
def _by_file() -> dict[bytes, str]:
    return {file: one.name for one in formats().values() for file in one.files}


@cache
def _by_suffix() -> dict[bytes, str]:
    return {suffix: one.name for one in formats().values() for suffix in one.suffixes}


@cache
def _by_pattern() -> tuple[tuple[str, Callable[[bytes, Sequence[bytes]], bool]], ...]:
    listed = formats().values()
    return tuple((one.name, one.matches) for one in listed if one.matches is not None)


def format_of(path: bytes) -> str | None:
    """Return the format of the file at ``path`` (in git's form), None for any other file."""
    *folders, name = path.lower().split(b"/")
    if b"node_modules" in folders:
        return None  # what is vendored is not installed from
    by_file = _by_file().get(name)
    if by_file is not None:
        return by_file
    _, dot, suffix = name.rpartition(b".")
    by_suffix = _by_suffix().get(suffix) if dot else None
    if by_suffix is not None:
        return by_suffix
    return next(
        (known for known, matches in _by_pattern() if matches(name, folders)), None
    )
