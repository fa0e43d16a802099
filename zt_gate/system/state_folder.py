"""The user's folders (XDG Base Directory Specification)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def state_folder(environ: Mapping[str, str], scanned: Iterable[Path]) -> Path | None:
    """Return the gate's state folder, None if the environment names no safe one.

    A folder inside a ``scanned`` one is not safe: a change could contain its files.
    The folder may not exist yet.
    """
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".local", "state")
    folder = os.path.join(base, "zt-gate")
    # Both: the gate's own folder may be a link that leads back into the repository.
    for real in (os.path.realpath(base), os.path.realpath(folder)):
        if any(is_inside(real, os.path.realpath(root)) for root in scanned):
            return None
    return Path(folder)


def settings_file(environ: Mapping[str, str]) -> Path | None:
    """Return the path of the user's own settings, None if the environment names no home.

    The file may not exist.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".config")
    return Path(base, "zt-gate", "config.toml")


def is_inside(path: str, root: str) -> bool:
    """Whether a real path is ``root`` or below it."""
    return os.path.commonpath((path, root)) == root
