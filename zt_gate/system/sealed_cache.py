"""A cache whose entries are authenticated with a key that is not in the cache.

A cache folder may come from elsewhere: a CI system restores it, a job on the same
runner has written it, a container image brings it.  Whoever wrote it could add
compiled rules that find nothing, or an empty result for a file.  Each entry therefore
has a MAC (keyed BLAKE2b) over its name and content, so an entry that was made without
the key, or for another name, is not read.

The key is a file in the user's state folder, which only the user can read.  In CI that
folder is not trusted either: the caller gives a key, or nothing is cached.
"""

from __future__ import annotations

import importlib
import os
import stat

# ``hmac.compare_digest``, without the import of OpenSSL.
from _operator import _compare_digest
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field
from zt_gate.system.cache import cache_folder, write_atomically
from zt_gate.system.ci import in_ci
from zt_gate.system.state_folder import is_inside, state_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: The variable with the caller's own key.
KEY_VARIABLE = "ZT_GATE_CACHE_KEY"
#: Characters that the caller's key needs at least: it must not be guessed.
MIN_KEY_LENGTH = 32
#: Bytes of the largest entry.
MAX_ENTRY = 16 * 1024 * 1024

_KEY_BYTES = 32
_KEY_FILE = "cache.key"
_FORMAT = b"zt-gate cache 1"
_SEAL_LENGTH = 64


@dataclass(frozen=True, slots=True)
class SealedCache:
    """Entries by name in a folder; a name may contain slashes."""

    folder: Path
    key: bytes = field(repr=False)

    def read(self, name: str, limit: int = MAX_ENTRY) -> bytes | None:
        """Return the content of an entry; None if it is missing or not authentic."""
        data = _read_regular_file(self.folder / name, limit + _SEAL_LENGTH + 1)
        if data is None or data[_SEAL_LENGTH : _SEAL_LENGTH + 1] != b"\n":
            return None
        content = data[_SEAL_LENGTH + 1 :]
        return content if self.is_sealed(data[:_SEAL_LENGTH], name, content) else None

    def write(self, name: str, content: bytes) -> None:
        """Write an entry in one step; its folder must exist.  Raises OSError."""
        sealed = self.seal(name, content) + b"\n" + content
        write_atomically(self.folder / name, sealed)

    def seal(self, name: str, content: bytes) -> bytes:
        """Return the MAC of an entry, in hexadecimal."""
        # ``hashlib`` loads OpenSSL, which costs a commit 5 ms; this module costs 0.4.
        mac = importlib.import_module("_blake2").blake2b(
            key=self.key, digest_size=_SEAL_LENGTH // 2
        )
        for part in (_FORMAT, os.fsencode(name), content):
            mac.update(len(part).to_bytes(8, "big"))
            mac.update(part)
        seal: str = mac.hexdigest()
        return seal.encode()

    def is_sealed(self, seal: bytes, name: str, content: bytes) -> bool:
        """Whether ``seal`` is the MAC of this entry."""
        return _compare_digest(seal, self.seal(name, content))


def open_cache(
    environ: Mapping[str, str], scanned: Iterable[Path] = ()
) -> SealedCache | None:
    """Return the user's cache, None if nothing may be cached.

    That is so without a safe folder (``cache_folder``), without a safe place for the
    key, and in CI without a key of the caller.  Raises UsageError if that key is too
    short.
    """
    roots = tuple(scanned)
    callers_key = _callers_key(environ)
    if callers_key is None and in_ci(environ):
        return None
    folder = cache_folder(environ, roots)
    if folder is None:
        return None
    key = callers_key or _own_key(environ, folder, roots)
    return None if key is None else SealedCache(folder, key)


def _callers_key(environ: Mapping[str, str]) -> bytes | None:
    text = environ.get(KEY_VARIABLE, "")
    if not text:  # a secret that a job may not read is an empty variable
        return None
    if len(text) < MIN_KEY_LENGTH:
        raise UsageError(
            f"{KEY_VARIABLE} is too short: give at least {MIN_KEY_LENGTH} random "
            "characters"
        )
    data = text.encode("utf-8", "surrogateescape")
    digest: bytes = (
        importlib.import_module("_blake2")
        .blake2b(data, digest_size=_KEY_BYTES, person=b"zt-gate key")
        .digest()
    )
    return digest


def _own_key(
    environ: Mapping[str, str], cache: Path, scanned: tuple[Path, ...]
) -> bytes | None:
    """Return the user's key, which is made at the first use; None without a safe place."""
    folder = state_folder(environ, (*scanned, cache))
    if folder is None or is_inside(os.path.realpath(cache), os.path.realpath(folder)):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private_folder(os.lstat(folder)):
            return None
    except OSError:
        return None
    file = folder / _KEY_FILE
    return _read_key(file) or _new_key(file)


def _is_private_folder(info: os.stat_result) -> bool:
    is_own = info.st_uid == os.geteuid()
    return stat.S_ISDIR(info.st_mode) and is_own and not info.st_mode & 0o022


def _read_key(file: Path) -> bytes | None:
    """Return the key; None if others can read it, or could have made the file."""
    data = _read_regular_file(file, _KEY_BYTES, private=True)
    return data if data is not None and len(data) == _KEY_BYTES else None


def _new_key(file: Path) -> bytes | None:
    """Write a new key instead of a missing or unsafe one; None if that is impossible.

    Of two processes that do this at once, one may use a key that the other replaces:
    its entries are not authentic for later runs, and are made again.
    """
    with suppress(OSError):
        write_atomically(file, os.urandom(_KEY_BYTES))
    return _read_key(file)


def _read_regular_file(
    path: Path, limit: int, *, private: bool = False
) -> bytes | None:
    """Return the content of a regular file of at most ``limit`` bytes, else None.

    Links are not followed, and a named pipe does not block.  With ``private`` the file
    must also be the user's own, without another name, and readable only by the user.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        with os.fdopen(handle, "rb") as file:
            info = os.fstat(handle)
            if not stat.S_ISREG(info.st_mode) or info.st_size > limit:
                return None
            if private and not _is_private_file(info):
                return None
            data = file.read(limit + 1)
    except OSError:
        return None
    return data if len(data) <= limit else None


def _is_private_file(info: os.stat_result) -> bool:
    is_own = info.st_uid == os.geteuid() and info.st_nlink == 1
    return is_own and not info.st_mode & 0o077
