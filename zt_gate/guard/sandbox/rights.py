"""What a sandboxed command may see, change and reach."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.guard.sandbox.starters import GIT, PROJECT, existing
from zt_gate.record import dataclass, field
from zt_gate.syntax.globs import compile_glob

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.guard.task import Task

DEFAULT_LIMITS = {
    "processes": 4096,
    "files": 65_536,
    "core_bytes": 0,
    "memory": 8 << 30,
}
_FACTORS = {"memory-megabytes": ("memory", 1 << 20)}
_NAMES = {
    "processes": "processes",
    "cpu-seconds": "cpu_seconds",
    "seconds": "seconds",
    "open-files": "files",
}
_MOST_HIDDEN = 5000


class TooManyHiddenPathsError(Exception):
    """The restricted patterns fit more files than a sandbox can hide one by one."""


@dataclass(frozen=True, slots=True)
class Rights:
    """The sandbox of one command.

    ``writable`` and ``read_only`` are real paths that exist; ``hidden`` are files and
    folders below them that are absent inside.  ``hosts`` are the task's; ``limits`` are by
    the names of ``init``.  ``environment`` is the whole of it.
    """

    root: str
    cwd: str
    writable: tuple[str, ...]
    read_only: tuple[str, ...]
    hidden: tuple[str, ...]
    hosts: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    #: Files of the real home that the client needs, with their places inside.
    home_files: tuple[tuple[str, str], ...] = ()
    #: A folder outside that is writable inside, with its place there: the hooks' state.
    state: tuple[str, str] | None = None


def rights_of(
    task: Task, root: str, cwd: str, environment: Mapping[str, str], home: str
) -> Rights:
    """Return what the task gives a command in the project at ``root``.

    Raises TooManyHiddenPathsError.
    """
    writable: list[str] = []
    read_only: list[str] = [root]
    if task.may_write:
        allowed = list(_allowed_folders(task.allowed, root))
        writable = allowed if task.allowed else [root]
        repository = _git_folder(root)
        read_only = [] if not task.allowed else read_only
        if not task.allowed:
            read_only += existing(root, PROJECT)
        if repository:
            # A mount of its own: a folder that holds mounts could be renamed, and another
            # one with other hooks be put in its place.
            writable.append(repository)
            read_only += existing(repository, GIT)
    hidden = tuple(_with_other_names(_hidden(task.restricted, root), root))
    return Rights(
        root,
        cwd,
        tuple(dict.fromkeys(writable)),
        tuple(dict.fromkeys((*read_only, *_tools(environment.get("PATH", ""), home)))),
        hidden,
        task.network,
        _limits(task),
        environment,
    )


def _limits(task: Task) -> dict[str, int]:
    limits = dict(DEFAULT_LIMITS)
    for key, value in task.limits.items():
        if key in _FACTORS:
            name, factor = _FACTORS[key]
            limits[name] = value * factor
        elif key in _NAMES:
            limits[_NAMES[key]] = value
    if task.ttl:
        limits["seconds"] = min(limits.get("seconds", task.ttl * 60), task.ttl * 60)
    return limits


def unenforced(task: Task) -> tuple[str, ...]:
    """Return the ``allowed`` patterns that are no folders: mounts cannot hold them."""
    return tuple(pattern for pattern in task.allowed if not _is_folder_pattern(pattern))


def _is_folder_pattern(pattern: str) -> bool:
    return pattern.endswith("/") and not any(char in pattern for char in "*?[!")


def _allowed_folders(patterns: Sequence[str], root: str) -> Iterator[str]:
    for pattern in patterns:
        if _is_folder_pattern(pattern):
            path = os.path.join(root, pattern.strip("/"))
            real = os.path.realpath(path)
            if os.path.isdir(real) and real.startswith(root + os.sep):
                yield real


def _git_folder(root: str) -> str:
    """Return the repository's folder: of a linked work tree it lies elsewhere."""
    entry = os.path.join(root, ".git")
    if os.path.isdir(entry):
        return os.path.realpath(entry)
    try:
        with open(entry, "rb") as file:
            first = file.read(4096).partition(b"\n")[0]
    except OSError:
        return ""
    if not first.startswith(b"gitdir:"):
        return ""
    folder = os.path.join(root, os.fsdecode(first[7:].strip()))
    common = os.path.join(folder, "commondir")
    try:
        with open(common, "rb") as file:
            folder = os.path.join(folder, os.fsdecode(file.read(4096).strip()))
    except OSError:
        pass
    real = os.path.realpath(folder)
    return real if os.path.isdir(real) else ""


def _hidden(patterns: Sequence[str], root: str) -> Iterator[str]:
    """Yield the files and folders of a project that gitignore patterns fit."""
    if not patterns:
        return
    globs = [compile_glob(pattern) for pattern in patterns]
    count = 0

    def fits(path: str) -> bool:
        return any(glob.matches(os.fsencode(path)) for glob in globs)

    for folder, names, files in os.walk(root):
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == os.curdir else f"{relative}/"
        for name in list(names):
            # With a slash at its end a pattern fits folders alone, by what is in them.
            if fits(f"{prefix}{name}") or fits(f"{prefix}{name}/"):
                names.remove(name)
                count += 1
                yield os.path.join(folder, name)
        for name in files:
            if fits(f"{prefix}{name}"):
                count += 1
                yield os.path.join(folder, name)
        if count > _MOST_HIDDEN:
            raise TooManyHiddenPathsError(
                f"the restricted patterns fit more than {_MOST_HIDDEN:,} paths below {root}: "
                "name the folders instead"
            )


def _with_other_names(paths: Iterable[str], root: str) -> Iterator[str]:
    """Yield hidden paths, and where their content has another name in the project."""
    linked: set[tuple[int, int]] = set()
    hidden: set[str] = set()
    for path in paths:
        hidden.add(path)
        yield path
        real = os.path.realpath(path)
        if real not in hidden and real.startswith(root + os.sep):
            hidden.add(real)
            yield real
        try:
            info = os.stat(path)
        except OSError:
            continue
        if info.st_nlink > 1 and not os.path.isdir(path):
            linked.add((info.st_dev, info.st_ino))
    if not linked:
        return
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if (info.st_dev, info.st_ino) in linked and path not in hidden:
                yield path


def _tools(path: str, home: str) -> Iterable[str]:
    """Yield the folders of programs that a person installed in the home folder."""
    for entry in path.split(os.pathsep):
        real = os.path.realpath(entry)
        if not os.path.isabs(entry) or not real.startswith(home + os.sep):
            continue
        prefix = os.path.dirname(real) if os.path.basename(real) == "bin" else real
        # ~/bin and ~/.local/bin: the folder above them has more than programs.
        shared = {home, os.path.join(home, ".local")}
        place = real if prefix in shared else prefix
        if os.path.isdir(place):
            yield place
