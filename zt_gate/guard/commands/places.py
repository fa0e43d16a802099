"""Paths of commands: what they really are, and which kind of place that is."""

from __future__ import annotations

import os
import posixpath
from fnmatch import fnmatchcase
from functools import cache

from zt_gate.guard.data import load
from zt_gate.guard.shell.words import UNKNOWN
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.shell.invocation import Invocation
    from zt_gate.guard.shell.words import CommandWord

_MOST_ENTRIES = 4000
_MOST_MATCHES = 200
#: Protected kinds, the most important first.
KINDS = (
    "own",
    "git",
    "hooks",
    "client",
    "credential",
    "startup",
    "instructions",
    "secret",
)


@record
class Place:
    """One path.

    ``path`` is absolute and real, up to ``UNKNOWN`` if only its folder is known; None if
    nothing is.  ``kind`` is a protected kind or "".  ``zone`` is project, temporary,
    device, cache, home, system or undecided.
    """

    text: str
    path: str | None
    kind: str
    zone: str
    is_whole: bool = True

    @property
    def exists(self) -> bool:
        """Whether something is there already."""
        return self.path is not None and self.is_whole and os.path.lexists(self.path)


@cache
def _data() -> dict[str, Any]:
    return load("places.json")


def places(
    invocation: Invocation, word: CommandWord, context: GuardContext
) -> list[Place]:
    """Return the paths that a word stands for: several where it is a pattern."""
    text = word.text
    if text.startswith("file://"):
        text = text.removeprefix("file://")
    if word.pattern and UNKNOWN not in text:
        return _matching(invocation, text, context)
    return [place(invocation, text, context)]


def place(invocation: Invocation, text: str, context: GuardContext) -> Place:
    """Return the path that a text stands for in a command's folder."""
    absolute = _absolute(invocation, text)
    if absolute is None:
        kind = _kind_of_parts(_parts(text.lower()), context, text)
        return Place(text, None, kind, "undecided")
    known, cut, rest = absolute.partition(UNKNOWN)
    if cut:
        return _partly_known(text, known, rest, context)
    real = _real(absolute)
    kind = kind_of(real, context) or kind_of(posixpath.normpath(absolute), context)
    return Place(
        text, real, kind or _linked_kind(real, context), zone_of(real, context)
    )


_PROC_CWD = ("/proc/self/cwd", "/proc/thread-self/cwd")


def _absolute(invocation: Invocation, text: str) -> str | None:
    for start in _PROC_CWD:
        if (text == start or text.startswith(f"{start}/")) and invocation.cwd:
            return f"{invocation.cwd}{text[len(start) :]}"
    if text.startswith("/"):
        return text
    if text.startswith(UNKNOWN) or invocation.cwd is None:
        return None
    return f"{invocation.cwd}/{text}"


def _partly_known(text: str, known: str, rest: str, context: GuardContext) -> Place:
    """Judge a path by its known folder, and by the names behind the undecided part."""
    folder, _, _ = known.rpartition("/")
    real = _real(folder or "/")
    lowered = f"{known}{UNKNOWN}{rest}".lower()
    kind = kind_of(real, context) or _kind_of_parts(_parts(lowered), context, text)
    zone = zone_of(real, context)
    if "/.." in rest:
        zone = "undecided"
    return Place(text, f"{real.rstrip('/')}/{UNKNOWN}", kind, zone, is_whole=False)


def protected_below(path: str, context: GuardContext) -> str:
    """Return the kind of the gate's or client's files that a folder contains, or ""."""
    for kind in ("hooks", "client"):
        for example in _data()["examples"][kind]:
            name = example.replace("@", context.root, 1).replace("~", context.home, 1)
            if name.startswith(f"{path}/") and os.path.lexists(name):
                return kind
    return ""


def _real(path: str) -> str:
    stripped = _without_proc(path)
    try:
        return os.path.realpath(stripped)
    except (OSError, ValueError):
        return posixpath.normpath(stripped)


def _without_proc(path: str) -> str:
    """Return a path without ``/proc/self/root``, which is the root folder again."""
    parts = posixpath.normpath(path).split("/")
    while len(parts) > 3 and parts[1] == "proc" and parts[3] in {"root", "cwd"}:
        if parts[3] == "cwd":
            return path
        parts = ["", *parts[4:]]
        path = "/".join(parts) or "/"
    if (
        len(parts) > 5
        and parts[1] == "proc"
        and parts[3] == "task"
        and parts[5] == "root"
    ):
        return "/" + "/".join(parts[6:])
    return path


def zone_of(path: str, context: GuardContext) -> str:
    """Return which part of the machine an absolute path is in."""
    if context.is_in_project(path):
        return "project"
    if path.startswith("/dev/") or path == "/dev":
        return "device"
    if context.is_temporary(path) or path in context.temporary:
        return "temporary"
    home = os.path.realpath(context.home) if context.home else ""
    if home and (path == home or path.startswith(home.rstrip("/") + "/")):
        relative = path[len(home) :].strip("/")
        caches = _data()["caches"]
        is_cache = any(
            relative == one or relative.startswith(f"{one}/") for one in caches
        )
        return "cache" if is_cache else "home"
    if path.startswith(("/home/", "/Users/", "/root")):
        return "home"
    return "system"


def is_above_project(path: str, context: GuardContext) -> bool:
    """Whether a folder contains the whole project."""
    return context.root == path or context.root.startswith(path.rstrip("/") + "/")


def is_source_folder(path: str, context: GuardContext) -> bool:
    """Whether a path is one of the project's main folders."""
    parent, _, name = path.rpartition("/")
    return parent == context.root and name in _data()["sources"]


def is_above_home(path: str, context: GuardContext) -> bool:
    """Whether a folder contains the user's home, and with it the credentials."""
    home = os.path.realpath(context.home) if context.home else "/root"
    return home == path or home.startswith(path.rstrip("/") + "/")


def kind_of(path: str, context: GuardContext) -> str:
    """Return the protected kind of an absolute path, "" for none."""
    lowered = path.lower()
    for own in context.own_paths:
        if lowered == own.lower() or lowered.startswith(own.lower().rstrip("/") + "/"):
            return "own"
    return _kind_of_parts(_parts(lowered), context, path)


def kind_of_text(text: str) -> str:
    """Return the protected kind that the names in a path alone tell, "" for none."""
    from zt_gate.guard.context import GuardContext

    return _kind_of_parts(_parts(text.lower()), GuardContext("", ""), "")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


def _kind_of_parts(parts: list[str], context: GuardContext, path: str) -> str:
    joined = "/" + "/".join(parts)
    data = _data()
    for kind in (
        "own",
        "git",
        "credential",
        "hooks",
        "client",
        "startup",
        "instructions",
        "reviews",
    ):
        if kind in data and _matches_any(data[kind], joined):
            if kind == "git" and _matches_any(data["git-open"], joined):
                continue
            if kind == "credential" and _matches_any(data["no-secret"], joined):
                continue
            if kind in {"client", "startup"} and not _is_outside_test_data(joined):
                continue
            return kind
    if _matches_any(data["secret"], joined) and not _matches_any(
        data["no-secret"], joined
    ):
        real = path if path.startswith("/") else ""
        inside = not real or context.is_in_project(real) or context.is_temporary(real)
        return "secret" if inside else "credential"
    return ""


def _is_outside_test_data(joined: str) -> bool:
    return "/node_modules/" not in joined and "/fixtures/" not in joined


def _matches_any(patterns: list[str], path: str) -> bool:
    """Whether a path has a part as one of the patterns: ``/.ssh/`` is a folder and all in it."""
    for pattern in patterns:
        if "*" in pattern:
            if fnmatchcase(path, pattern):
                return True
        elif pattern.endswith("/"):
            if pattern in path or path.endswith(pattern[:-1]):
                return True
        elif path.endswith(pattern):
            return True
    return False


def _linked_kind(path: str, context: GuardContext) -> str:
    """Return the protected kind of another name of the same file (a hard link)."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ""
    if status.st_nlink < 2 or os.path.isdir(path):
        return ""
    for candidate in _protected_files(context):
        try:
            other = os.stat(candidate)
        except OSError:
            continue
        if (other.st_dev, other.st_ino) == (status.st_dev, status.st_ino):
            return kind_of(candidate, context)
    return ""


def _protected_files(context: GuardContext) -> Iterator[str]:
    yield from context.own_paths
    folders = [
        f"{context.root}/.git",
        f"{context.root}/.git/hooks",
        f"{context.root}/.husky",
    ]
    folders += [
        f"{context.home}/{name}" for name in (".ssh", ".aws", ".claude", ".codex", "")
    ]
    folders += [own for own in context.own_paths if os.path.isdir(own)]
    for folder in folders:
        try:
            entries = os.listdir(folder)[:_MOST_ENTRIES]
        except OSError:
            continue
        for entry in entries:
            yield f"{folder}/{entry}"


def _matching(invocation: Invocation, text: str, context: GuardContext) -> list[Place]:
    """Return the files that a pattern names, and protected ones that it could name."""
    absolute = _absolute(invocation, text)
    if absolute is None:
        return [Place(text, None, _pattern_kind(text, context), "undecided")]
    found = [
        place(invocation, path, context)
        for path in _expanded(posixpath.normpath(absolute))
    ]
    folder = absolute
    while any(char in folder for char in "*?["):
        folder = folder.rpartition("/")[0]
    real = _real(folder or "/")
    kind = _pattern_kind(posixpath.normpath(absolute), context)
    whole = Place(
        text,
        f"{real.rstrip('/')}/{UNKNOWN}",
        kind,
        zone_of(real, context),
        is_whole=False,
    )
    return [*found, whole]


def _expanded(pattern: str) -> list[str]:
    paths = ["/"]
    for part in pattern.strip("/").split("/"):
        if not any(char in part for char in "*?["):
            paths = [posixpath.join(path, part) for path in paths]
            continue
        matches = []
        for path in paths:
            try:
                entries = sorted(os.listdir(path))[:_MOST_ENTRIES]
            except OSError:
                continue
            matches += [
                posixpath.join(path, entry)
                for entry in entries
                if fnmatchcase(entry, part) and (entry[0] != "." or part[0] in ".[?")
            ]
        paths = matches[:_MOST_MATCHES]
    return [path for path in paths if os.path.lexists(path)]


def _pattern_kind(pattern: str, context: GuardContext) -> str:
    """Return the kind of a protected place that a pattern could name."""
    parts = _parts(pattern.lower())
    for kind, examples in _data()["examples"].items():
        for example in examples:
            name = example.replace("~", context.home or "/root").replace(
                "@", context.root
            )
            if _could_be(
                parts, _parts(name.lower()), is_absolute=pattern.startswith("/")
            ):
                return str(kind)
    for own in context.own_paths:
        if _could_be(parts, _parts(own.lower()), is_absolute=True):
            return "own"
    return _kind_of_parts(parts, context, pattern)


def _could_be(pattern: list[str], name: list[str], *, is_absolute: bool) -> bool:
    if not is_absolute:
        name = name[-len(pattern) :]
    if len(pattern) > len(name):
        # Something below a protected folder.
        pattern = pattern[: len(name)]
    elif len(pattern) < len(name):
        return False
    return all(
        fnmatchcase(part, wanted) and not (part[0] == "." and wanted[0] == "*")
        for wanted, part in zip(pattern, name, strict=True)
    ) and any(char in part for part in pattern for char in "*?[")
