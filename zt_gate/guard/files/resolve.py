"""Finds the file that a path names: links, ``..``, ``~``, ``/proc`` and hard links."""

from __future__ import annotations

import os
import re
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_OWN_FOLDER = re.compile(r"/proc/(?:self|thread-self)/(?:task/\d+/)?(cwd|root)(?=/|$)")
_MANY_SLASHES = re.compile(r"/{2,}")


class PathProblemError(Exception):
    """A path names no file that can be judged; the text says why."""


def real_paths(path: str, cwd: str, home: str) -> tuple[str, ...]:
    """Return the real paths that a tool could mean by ``path``, usually one.

    A kernel follows a link before a ``..`` behind it, many tools do not: then there are
    two.  Raises PathProblemError.
    """
    joined = spelled(path, cwd, home)
    # realpath of a loop of links returns a path in it; strict is for what must exist.
    found = (os.path.realpath(joined), os.path.realpath(os.path.normpath(joined)))
    return tuple(dict.fromkeys(found))


def spelled(path: str, cwd: str, home: str) -> str:
    """Return an absolute path with ``~`` and this process's own ``/proc`` entries replaced."""
    if not path or "\0" in path:
        raise PathProblemError("the path is empty or has a NUL")
    if path.startswith("file:"):
        path = path.removeprefix("file:").removeprefix("//")
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    elif path.startswith("~"):
        path = _home_of(path)
    joined = _MANY_SLASHES.sub("/", os.path.join(cwd, path))
    while True:
        plain = joined.replace("/./", "/")
        if not _OWN_FOLDER.match(plain):
            plain = os.path.normpath(joined)
        match = _OWN_FOLDER.match(plain)
        if match is None:
            return joined
        start = cwd if match[1] == "cwd" else ""
        joined = f"{start}{plain[match.end() :]}" or "/"


def same_file(path: str, others: Iterable[str]) -> str:
    """Return the one of ``others`` that is another name of the file, "" if none is.

    Only a file with several names is compared.
    """
    try:
        info = os.stat(path)
    except OSError:
        return ""
    if info.st_nlink < 2 or stat.S_ISDIR(info.st_mode):
        return ""
    for other in others:
        try:
            if os.path.samestat(info, os.stat(other)):
                return other
        except OSError:
            continue
    return ""


def files_below(folders: Iterable[str], most: int = 400) -> list[str]:
    """Return files in folders, at most ``most``; a file is returned itself."""
    found: list[str] = []
    waiting = list(folders)
    while waiting and len(found) < most:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        found.append(entry.path)
        except NotADirectoryError:
            found.append(place)
        except OSError:
            continue
    return found


def _home_of(path: str) -> str:
    import pwd

    name, _, rest = path[1:].partition("/")
    try:
        return os.path.join(pwd.getpwnam(name).pw_dir, rest)
    except KeyError:
        return path
