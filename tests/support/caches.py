"""Caches with a key of the tests' own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.system.sealed_cache import SealedCache

if TYPE_CHECKING:
    from pathlib import Path


def sealed(folder: Path, key: bytes = b"k" * 32) -> SealedCache:
    """Return a cache in a folder; a test gives another key to be a stranger."""
    return SealedCache(folder, key)
