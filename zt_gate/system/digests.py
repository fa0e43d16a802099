"""Digests without the cost of ``hashlib``."""

from __future__ import annotations

import sys
from contextlib import suppress

#: An import that fails costs more than the digest.
_MODULES = ("_sha2",) if sys.version_info >= (3, 12) else ("_sha256",)


def sha256(data: bytes) -> str:
    """Return the digest in hexadecimal, without ``hashlib``: its import loads OpenSSL (4 ms)."""
    import importlib

    for name in _MODULES:
        with suppress(ImportError):
            digest: str = importlib.import_module(name).sha256(data).hexdigest()
            return digest
    import hashlib

    return hashlib.sha256(data).hexdigest()
