"""Reads Codex's patches (``*** Begin Patch``), and works out what they make of files."""

from __future__ import annotations

import os
import re

from zt_gate import lazy_re
from zt_gate.guard.action import WriteFile
from zt_gate.guard.clients import hook_event
from zt_gate.guard.clients.hook_event import Unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BEGIN, _END = "*** Begin Patch", "*** End Patch"
_ADD, _DELETE, _UPDATE = "*** Add File: ", "*** Delete File: ", "*** Update File: "
_MOVE, _LAST = "*** Move to: ", "*** End of File"
_STARTS = (_ADD, _DELETE, _UPDATE)
#: A command that is nothing but a patch, which the client applies itself.
_COMMAND = lazy_re.compile(
    r"\s*(?:cd\s+(?P<folder>[\w./@+-]+)\s*&&\s*)?apply_?patch\s*<<\s*"
    r"(?P<quote>['\"])(?P<end>\w+)(?P=quote)[ \t]*\n(?P<patch>.*?)\n(?P=end)\s*",
    re.DOTALL,
)


def of_command(command: str, cwd: str) -> tuple[WriteFile, ...] | None:
    """Return the writes of a command that only applies a patch, None for another one."""
    if "patch" not in command:
        return None
    match = _COMMAND.fullmatch(command)
    if match is None:
        return None
    patch, end = match["patch"], match["end"]
    if end in patch.split("\n"):
        return None  # the shell would read the rest as commands
    folder = match["folder"]
    return writes(patch, os.path.join(cwd, folder) if folder else cwd)


def writes(patch: str, cwd: str) -> tuple[WriteFile, ...]:
    """Return what a patch makes of each file; raises Unread for what is no patch."""
    lines = patch.strip().split("\n")
    if lines[0].strip() != _BEGIN or lines[-1].strip() != _END:
        raise Unread("its patch does not begin or end as one")
    found: list[WriteFile] = []
    for start, body in _sections(lines[1:-1]):
        found += _file(start, body, cwd)
    if not found:
        raise Unread("its patch is empty")
    return tuple(found)


def _sections(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the first line of each file's part, and the lines after it."""
    start = ""
    body: list[str] = []
    for line in lines:
        if line.startswith(_STARTS):
            if start:
                yield start, body
            start, body = line, []
        elif start:
            body.append(line)
        elif line.strip():
            raise Unread("its patch has a line before the first file")
    if start:
        yield start, body


def _file(start: str, body: Sequence[str], cwd: str) -> Iterator[WriteFile]:
    path = start.partition(": ")[2].strip()
    if not path or "\0" in path:
        raise Unread("its patch has a file without a name")
    if start.startswith(_DELETE):
        if any(line.strip() for line in body):
            raise Unread("its patch has lines below a file that it removes")
        yield WriteFile(path, cwd, None)
        return
    if start.startswith(_ADD):
        added = _added(body, marks="+")
        yield WriteFile(path, cwd, added, added)
        return
    target = ""
    if body and body[0].startswith(_MOVE):
        target, body = body[0].removeprefix(_MOVE).strip(), body[1:]
    fragment = _added(body, marks="+- @")
    content = _updated(hook_event.file_content(path, cwd), body)
    if target and target != path:
        yield WriteFile(path, cwd, None)
    yield WriteFile(target or path, cwd, content, fragment)


def _added(body: Sequence[str], marks: str) -> bytes:
    """Return the added lines; raises Unread for a line that begins with no mark."""
    added = []
    for line in body:
        if line.strip() and line[0] not in marks and line.strip() != _LAST:
            raise Unread("its patch has a line that belongs to no file")
        if line.startswith("+"):
            added.append(line[1:])
    return "".join(f"{line}\n" for line in added).encode()


def _updated(content: bytes | None, body: Sequence[str]) -> bytes | None:
    """Return a file's content after its hunks, None where a hunk has no exact place."""
    if content is None:
        return None
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    if lines[-1] == "":
        lines.pop()
    place = 0
    for context, old, new in _hunks(body):
        if context:
            if context not in lines[place:]:
                return None
            place = lines.index(context, place) + 1
        start = _find(lines, old, place) if old else len(lines)
        if start is None:
            return None
        lines[start : start + len(old)] = new
        place = start + len(new)
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def _hunks(body: Sequence[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each hunk: the line to look for first, the old lines and the new ones."""
    context = ""
    old: list[str] = []
    new: list[str] = []
    for line in body:
        if line.startswith("@@"):
            if old or new:
                yield context, old, new
            context, old, new = line[2:].strip("\n").removeprefix(" "), [], []
        elif line.strip() == _LAST:
            continue
        else:
            mark, text = line[:1], line[1:]
            if mark != "+":
                old.append(text)
            if mark != "-":
                new.append(text)
    if old or new:
        yield context, old, new


def _find(lines: Sequence[str], wanted: Sequence[str], place: int) -> int | None:
    count = len(wanted)
    for start in range(place, len(lines) - count + 1):
        if list(lines[start : start + count]) == list(wanted):
            return start
    return None
