"""Where the gate keeps what it may forget: a private folder of the user's."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def cache_folder(
    environ: Mapping[str, str], scanned: Iterable[Path] = ()
) -> Path | None:
    """Return the cache folder, made if needed, or None where there is no safe one.

    ``ZT_GATE_CACHE_DIR``, else the XDG cache folder, else ``~/.cache``.  A
    folder that belongs to somebody else, or that others may write to, is not
    used: what lies there could be theirs.  Nor is one inside a folder that is
    ``scanned``: CI systems put caches into the checkout, and a change could
    bring compiled rules that find nothing.
    """
    own = environ.get("ZT_GATE_CACHE_DIR", "")
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(own):
        home = environ.get("HOME", "")
        if not os.path.isabs(base):
            if not os.path.isabs(home):
                return None
            base = os.path.join(home, ".cache")
        own = os.path.join(base, "zt-gate")
    folder = Path(own)
    real = os.path.realpath(folder)
    if any(_inside(real, os.path.realpath(root)) for root in scanned):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = os.lstat(folder)
    except OSError:
        return None
    safe = (
        stat.S_ISDIR(info.st_mode)
        and info.st_uid == os.geteuid()
        and not info.st_mode & 0o022
        and os.access(folder, os.W_OK)
    )
    return folder if safe else None


def _inside(path: str, root: str) -> bool:
    return os.path.commonpath((path, root)) == root


def write_atomically(target: Path, data: bytes, *, shared: bool = False) -> None:
    """Write ``data`` to ``target`` in one step, never through a link; raises OSError.

    The file is the user's alone, or ``shared`` as the one before it, or as new files are.
    """
    import tempfile  # costs 8 ms, and most runs write nothing

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if shared:
                os.fchmod(file.fileno(), _mode_of(target))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _mode_of(target: Path) -> int:
    """Return the permissions of a file, or those of a new one."""
    with suppress(OSError):
        info = os.lstat(target)
        if stat.S_ISREG(info.st_mode):
            return stat.S_IMODE(info.st_mode) & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def sha256(data: bytes) -> str:
    """Return the digest in hexadecimal, without ``hashlib``: its import loads OpenSSL (4 ms)."""
    import importlib

    for name in ("_sha2", "_sha256"):
        with suppress(ImportError):
            found: str = importlib.import_module(name).sha256(data).hexdigest()
            return found
    import hashlib

    return hashlib.sha256(data).hexdigest()
