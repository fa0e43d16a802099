"""Checks the files of a repository's own folder before git opens them.

Git opens its files without looking at what they are, and opening a named pipe waits
until somebody writes into it.  The files are found as git finds them, but only looked at
with ``stat``, so that a plain commit pays next to nothing.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.errors import GitError, visible
from zt_gate.system.regular_file import NotRegularError, check_regular, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Files of each work tree's own folder, and of the folder that work trees share.
_OWN = (
    "HEAD", "index", "config.worktree", "commondir", "gitdir", "MERGE_HEAD", "FETCH_HEAD",
    "info/sparse-checkout",
)  # fmt: skip
_SHARED = (
    "config", "packed-refs", "shallow", "info/attributes", "info/exclude", "info/grafts",
    "objects/info/alternates", "objects/info/commit-graph", "objects/pack/multi-pack-index",
)  # fmt: skip
_MAX_POINTER = 1 << 16
_MAX_CONFIG = 1 << 20
_MAX_ENTRIES = 200_000
_MAX_DEPTH = 8
_INCLUDE = lazy_re.compile(
    rb'^[ \t]*path[ \t]*=[ \t]*"?([^"\r\n#;]+)', re.IGNORECASE | re.MULTILINE
)


def check_state(cwd: str | os.PathLike[str], environ: Mapping[str, str]) -> None:
    """Raise GitError if a file that git would open is no regular file.

    ``environ`` is git's own environment.  A folder without a repository is left to git.
    """
    own = _own_folder(os.fspath(cwd), environ)
    if not own:
        return
    shared = environ.get("GIT_COMMON_DIR") or _common_folder(own)
    objects = environ.get("GIT_OBJECT_DIRECTORY") or os.path.join(shared, "objects")
    for name in _OWN:
        _check(os.path.join(own, name))
    for name in _SHARED:
        _check(os.path.join(shared, name))
    index = environ.get("GIT_INDEX_FILE", "")
    if index:
        _check(os.path.join(_top(own, cwd), index))
    _check_shared_indexes(own)
    # Every ref and every object is a file that git may open.
    for folder in dict.fromkeys((f"{shared}/refs", f"{own}/refs", objects)):
        _check_folder(folder, 0)
    _check_alternates(objects, 0)
    for config in (
        os.path.join(shared, "config"),
        os.path.join(own, "config.worktree"),
    ):
        _check_includes(config, 0)


def _own_folder(cwd: str, environ: Mapping[str, str]) -> str:
    """Return the folder of the repository around ``cwd``, "" if there is none."""
    if environ.get("GIT_DIR"):
        return _followed(os.path.join(cwd, environ["GIT_DIR"]))
    folder = os.path.realpath(cwd)
    while True:
        candidate = os.path.join(folder, ".git")
        if os.path.lexists(candidate):
            return _followed(candidate)
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


def _followed(path: str) -> str:
    """Return the folder that a ``.git`` is or leads to; raises GitError for a special file."""
    if os.path.isdir(path):
        return path
    if not _check(path):
        return ""
    text = os.fsdecode(_read(path, _MAX_POINTER)).rstrip("\r\n")
    target = text.removeprefix("gitdir: ")
    if target == text or not target:
        return ""
    return os.path.normpath(os.path.join(os.path.dirname(path), target))


def _common_folder(own: str) -> str:
    path = os.path.join(own, "commondir")
    if not _check(path):
        return own
    shared = os.fsdecode(_read(path, _MAX_POINTER).rstrip(b"\r\n"))
    return os.path.normpath(os.path.join(own, shared))


def _top(own: str, cwd: str | os.PathLike[str]) -> str:
    """Return the folder that a relative GIT_INDEX_FILE begins at: the work tree's top."""
    return os.path.dirname(own) if os.path.basename(own) == ".git" else os.fspath(cwd)


def _check_shared_indexes(own: str) -> None:
    for entry in _entries(own):
        if entry.name.startswith("sharedindex."):
            _check(entry.path)


def _check_folder(path: str, depth: int) -> None:
    """Check all files below a folder; their kind costs no call on most file systems."""
    if depth > _MAX_DEPTH * 2:
        raise GitError(f"{visible(path)} is nested too deep")
    for number, entry in enumerate(_entries(path)):
        if number > _MAX_ENTRIES:
            raise GitError(f"{visible(path)} has more than {_MAX_ENTRIES:,} entries")
        if entry.is_dir(follow_symlinks=False):
            _check_folder(entry.path, depth + 1)
        elif not entry.is_file(follow_symlinks=False) and not entry.is_dir():
            _check(entry.path)


def _check_alternates(objects: str, depth: int) -> None:
    """Check the folders that other object folders are borrowed from."""
    path = os.path.join(objects, "info", "alternates")
    if not _check(path) or depth > _MAX_DEPTH:
        return
    for line in _read(path, _MAX_CONFIG).split(b"\n"):
        if line and not line.startswith((b"#", b'"')):
            other = os.path.join(objects, os.fsdecode(line))
            _check_folder(other, 0)
            _check_alternates(other, depth + 1)


def _check_includes(config: str, depth: int) -> None:
    """Check the files that a configuration file includes."""
    if not _check(config):
        return
    data = _read(config, _MAX_CONFIG)
    if b"include" not in data.lower():
        return
    if depth > _MAX_DEPTH:
        raise GitError(f"{visible(config)} includes too many files within each other")
    for match in _INCLUDE.finditer(data):
        target = os.path.expanduser(os.fsdecode(match[1].strip()))
        if target == os.devnull:
            continue  # has an end, and people use it to include nothing
        _check_includes(os.path.join(os.path.dirname(config), target), depth + 1)


def _entries(path: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise GitError(f"{visible(path)} cannot be read: {error.strerror}") from error


def _check(path: str) -> bool:
    """Return whether a file exists; raises GitError if it is no regular file."""
    try:
        return check_regular(path)
    except NotRegularError as error:
        raise GitError(f"{visible(path)}: {error.strerror}") from error
    except OSError as error:
        raise GitError(f"{visible(path)} cannot be read: {error.strerror}") from error


def _read(path: str, limit: int) -> bytes:
    try:
        return read_regular(path, limit)
    except OSError as error:
        raise GitError(f"{visible(path)} cannot be read: {error.strerror}") from error
