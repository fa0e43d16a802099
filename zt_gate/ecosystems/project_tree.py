"""The files of a repository as a package manager sees them: the whole tree, and its base.

A package manager looks beside and above a manifest for the project that it belongs
to.  ``ProjectTree`` answers such questions for the tree after a change and for the tree
before it, without a work tree.
"""

from __future__ import annotations

import re
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.errors import GateError
from zt_gate.model.change import ContentUnavailableError
from zt_gate.record import dataclass, field
from zt_gate.syntax.document import Limits, SyntaxReadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from zt_gate.syntax.document import Document

_LIMITS = Limits(size=4 * 1024 * 1024, parts=33)
_MOST_BRACES = 64
_BRACES = lazy_re.compile(r"\{([^{}]*)\}")


@dataclass
class ProjectTree:
    """The files of one side of a change; a file that cannot be read does not exist.

    ``base`` is the tree of the trusted side, None for that tree itself.
    """

    paths: frozenset[bytes]
    reader: Callable[[bytes], bytes | None]
    base: ProjectTree | None = None
    _contents: dict[bytes, bytes | None] = field(default_factory=dict, init=False)
    _values: dict[tuple[str, bytes], Any] = field(default_factory=dict, init=False)

    def read(self, path: bytes) -> bytes | None:
        """Return the content of a file, None if it is missing, a link or unreadable."""
        if path not in self.paths:
            return None
        if path not in self._contents:
            try:
                self._contents[path] = self.reader(path)
            except (GateError, ContentUnavailableError):
                self._contents[path] = None
        return self._contents[path]

    def text(self, path: bytes) -> str:
        """Return the text of a file, "" if it cannot be read."""
        return (self.read(path) or b"").decode("utf-8-sig", "replace")

    def json(self, path: bytes, *, relaxed: bool = False) -> dict[str, Any]:
        """Return the object in a JSON file, {} for anything else."""
        return self._table(path, "json", lambda data: _json(data, relaxed=relaxed))

    def toml(self, path: bytes) -> dict[str, Any]:
        """Return the values of a TOML file, {} for anything else."""
        from zt_gate.syntax import toml

        return self._table(path, "toml", lambda data: toml.read(data, limits=_LIMITS))

    def yaml(self, path: bytes) -> dict[str, Any]:
        """Return the table in a YAML file, {} for anything else."""
        from zt_gate.syntax import yaml

        return self._table(path, "yaml", lambda data: yaml.read(data, limits=_LIMITS))

    def xml(self, path: bytes) -> Document | None:
        """Return an XML document, None for anything else."""
        from zt_gate.syntax import xml

        key = ("xml", path)
        if key not in self._values:
            self._values[key] = None
            data = self.read(path)
            if data is not None:
                with suppress(SyntaxReadError):
                    self._values[key] = xml.read(data, limits=_LIMITS)
        document: Document | None = self._values[key]
        return document

    def _table(
        self, path: bytes, syntax: str, parse: Callable[[bytes], Document]
    ) -> dict[str, Any]:
        key = (syntax, path)
        if key not in self._values:
            data, value = self.read(path), None
            try:
                value = None if data is None else parse(data).value
            except SyntaxReadError:
                value = None
            self._values[key] = value if isinstance(value, dict) else {}
        table: dict[str, Any] = self._values[key]
        return table

    @cached_property
    def folders(self) -> frozenset[bytes]:
        """All folders that hold a file at any depth; b"" is the root."""
        folders = {b""}
        for path in self.paths:
            folder = path.rpartition(b"/")[0]
            while folder not in folders:
                folders.add(folder)
                folder = folder.rpartition(b"/")[0]
        return frozenset(folders)

    @cached_property
    def _sorted_folders(self) -> tuple[bytes, ...]:
        return tuple(sorted(self.folders))

    @cached_property
    def _by_name(self) -> Mapping[bytes, Sequence[bytes]]:
        by_name: dict[bytes, list[bytes]] = {}
        for path in sorted(self.paths, key=lambda path: (path.count(b"/"), path)):
            by_name.setdefault(path.rpartition(b"/")[2].lower(), []).append(path)
        return by_name

    def named(self, *names: bytes) -> list[bytes]:
        """Return the paths of the files with these names (lower case), the root's first."""
        return [path for name in names for path in self._by_name.get(name, ())]

    def with_suffix(self, *suffixes: bytes) -> list[bytes]:
        """Return the paths of the files whose names end so (lower case)."""
        return [
            path
            for name, paths in self._by_name.items()
            if name.endswith(suffixes)
            for path in paths
        ]

    def matching_folders(self, root: bytes, patterns: Iterable[str]) -> list[bytes]:
        """Return the folders below ``root`` that patterns of a workspace name.

        A pattern after ``!`` takes folders away again.  ``*`` and ``?`` match inside a
        segment, ``**`` any number of segments, ``{a,b}`` either word.
        """
        found: dict[bytes, None] = {}
        for written in patterns:
            pattern = written.removeprefix("!")
            matched = [
                folder
                for words in _alternatives(pattern)
                for folder in self._matching(root, words)
            ]
            for folder in matched:
                if written.startswith("!"):
                    found.pop(folder, None)
                else:
                    found[folder] = None
        return list(found)

    def _matching(self, root: bytes, pattern: str) -> Iterator[bytes]:
        if not any(sign in pattern for sign in "*?["):
            folder = joined(root, pattern)
            if folder is not None and folder in self.folders:
                yield folder
            return
        parts = [
            part
            for part in pattern.replace("\\", "/").split("/")
            if part not in {"", "."}
        ]
        prefix = root + b"/" if root else b""
        for folder in self._sorted_folders:
            if folder == root or not folder.startswith(prefix):
                continue
            names = folder[len(prefix) :].decode("utf-8", "surrogateescape").split("/")
            if "node_modules" not in names and _matches(parts, names):
                yield folder


def _json(data: bytes, *, relaxed: bool) -> Document:
    from zt_gate.syntax import json

    return json.read(data, limits=_LIMITS, relaxed=relaxed)


def folder_of(path: bytes) -> bytes:
    """Return the folder of a file, b"" for the root."""
    return path.rpartition(b"/")[0]


def ancestors(folder: bytes) -> Iterator[bytes]:
    """Yield a folder and those above it, the root (b"") last."""
    while folder:
        yield folder
        folder = folder.rpartition(b"/")[0]
    yield b""


def inside(folder: bytes, root: bytes) -> bool:
    """Return whether a folder is ``root`` or lies below it."""
    return not root or folder == root or folder.startswith(root + b"/")


def joined(folder: bytes, target: str) -> bytes | None:
    """Return a path written relative to ``folder``, None if it leaves the repository."""
    path = target.replace("\\", "/")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return None
    parts = folder.split(b"/") if folder else []
    for part in path.encode("utf-8", "surrogatepass").split(b"/"):
        if part == b"..":
            if not parts:
                return None
            parts.pop()
        elif part not in {b"", b"."}:
            parts.append(part)
    return b"/".join(parts)


def _alternatives(pattern: str) -> list[str]:
    """Return the patterns that a pattern with ``{a,b}`` stands for, itself without."""
    patterns = [pattern]
    while True:
        expanded: list[str] = []
        for text in patterns:
            match = _BRACES.search(text)
            if match is None:
                return patterns
            expanded += [
                text[: match.start()] + word + text[match.end() :]
                for word in match[1].split(",")
            ]
        patterns = expanded[:_MOST_BRACES]


def _matches(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Return whether the segments of a pattern match all names; linear in their product."""
    positions = {0}
    for name in [*names, None]:
        waiting = list(positions)
        for position in waiting:  # ``**`` may stand for no segment
            is_open = position < len(pattern) and pattern[position] == "**"
            if is_open and position + 1 not in positions:
                positions.add(position + 1)
                waiting.append(position + 1)
        if name is None:
            break
        following: set[int] = set()
        for position in positions:
            if position == len(pattern):
                continue
            if pattern[position] == "**":
                following.add(position)
            elif fnmatchcase(name, pattern[position]):
                following.add(position + 1)
        positions = following
    return len(pattern) in positions
