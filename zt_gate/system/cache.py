"""Per-user cache directory; everything in it can be rebuilt."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.system.digests import sha256
from zt_gate.system.state_folder import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["cache_folder", "configured_folder", "sha256", "write_atomically"]


def cache_folder(
    environ: Mapping[str, str], scanned: Iterable[Path] = ()
) -> Path | None:
    """Return the cache folder, created if needed, or None if there is no safe one.

    It is ``ZT_GATE_CACHE_DIR``, else ``zt-gate`` in the XDG cache folder, else in
    ``~/.cache``.  A folder that another user owns or can write to is not safe.  Nor
    is one inside a ``scanned`` folder: CI systems put caches into the checkout, and a
    change could bring compiled rules that find nothing.
    """
    folder = configured_folder(environ)
    if folder is None:
        return None
    real = os.path.realpath(folder)
    if any(is_inside(real, os.path.realpath(root)) for root in scanned):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = os.lstat(folder)
    except OSError:
        return None
    is_safe = (
        stat.S_ISDIR(info.st_mode)
        and info.st_uid == os.geteuid()
        and not info.st_mode & 0o022
        and os.access(folder, os.W_OK)
    )
    return folder if is_safe else None


def configured_folder(environ: Mapping[str, str]) -> Path | None:
    """Return the folder that the environment names; relative paths do not count."""
    own = environ.get("ZT_GATE_CACHE_DIR", "")
    if os.path.isabs(own):
        return Path(own)
    xdg = environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(xdg):
        return Path(xdg, "zt-gate")
    home = environ.get("HOME", "")
    if os.path.isabs(home):
        return Path(home, ".cache", "zt-gate")
    return None


def write_atomically(target: Path, data: bytes, *, shared: bool = False) -> None:
    """Write ``data`` to ``target`` in one step, never through a link; raises OSError.

    Only the user can read the file; with ``shared`` it gets the permissions of the
    file that it replaces, or those of a new file.
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
    """Return the permissions of a file, or those that a new file gets."""
    with suppress(OSError):
        info = os.lstat(target)
        if stat.S_ISREG(info.st_mode):
            return stat.S_IMODE(info.st_mode) & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask
