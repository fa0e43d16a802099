"""Whether a managed guard is out of the user's reach: every file that it runs."""

from __future__ import annotations

import os
import stat
import sys
import sysconfig
from typing import TYPE_CHECKING

from zt_gate.system.root_owned import NotRootOwnedError, check_root_owned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST_PROBLEMS = 5


def own_parts() -> tuple[str, ...]:
    """Return the interpreter, and all folders that it imports from.

    The rules are below the package.
    """
    import zt_gate

    paths = [sys.executable, *(path for path in sys.path if os.path.isabs(path))]
    paths += [sysconfig.get_path("stdlib"), os.path.dirname(zt_gate.__file__)]
    # In an environment, a file beside the interpreter says which one it stands for.
    paths.append(os.path.join(sys.prefix, "pyvenv.cfg"))
    return tuple(dict.fromkeys(path for path in paths if os.path.exists(path)))


def within_reach(paths: Iterable[str], root_id: int = 0) -> tuple[str, ...]:
    """Return why parts can be changed by others than root, the first few reasons."""
    found: dict[str, None] = {}
    for path in paths:
        for reason in _reasons(path, root_id):
            found[reason] = None
            if len(found) == _MOST_PROBLEMS:
                return tuple(found)
    return tuple(found)


def _reasons(path: str, root_id: int) -> Iterator[str]:
    for place in {os.path.abspath(path), os.path.realpath(path)}:
        try:
            # -1: judged as for a user who owns nothing.
            check_root_owned(place, -1)
        except NotRootOwnedError as error:
            yield str(error)
            return
    if os.path.isdir(path):
        yield from _below(os.path.realpath(path), root_id)


def _below(folder: str, root_id: int) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        # A compiled module is read in the place of its source, so its folder counts.
        for name in (*folders, *files):
            place = os.path.join(here, name)
            try:
                info = os.lstat(place)
            except OSError:
                continue
            if info.st_uid != root_id:
                yield f"{place} does not belong to root"
            elif not stat.S_ISLNK(info.st_mode) and info.st_mode & 0o022:
                yield f"users other than root can write {place}"
            elif stat.S_ISLNK(info.st_mode):
                yield from _link(place)


def _link(place: str) -> Iterator[str]:
    try:
        check_root_owned(os.path.realpath(place), -1)
    except NotRootOwnedError as error:
        yield str(error)
