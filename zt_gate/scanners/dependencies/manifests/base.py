"""What every reader of a manifest gives: dependencies with their places."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal, Protocol

Ecosystem = Literal["pypi", "npm"]

#: Where a dependency comes from.  ``registry``: the ecosystem's registry.
#: ``index``: another index or registry (an option, or one that the entry names).
#: ``url``, ``vcs``: that address.  ``path``: a folder or file.  ``include``:
#: another manifest that is read as part of this one.
SourceKind = Literal["registry", "index", "url", "vcs", "path", "include"]

_NAME_PYPI = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\Z")
# The registry's older packages have upper-case letters; nothing that installs
# has a slash beyond the scope's, a space or a percent sign.
_NAME_NPM = re.compile(r"(?:@[A-Za-z0-9~-][A-Za-z0-9._~-]*/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*\Z")
_SEPARATORS = re.compile(r"[-_.]+")
_LONGEST_NAME = 214
_NEWLINE = re.compile("\n")


class ManifestError(Exception):
    """A manifest that cannot be read as its package manager would read it.

    ``line`` is 1-based, 0 where it is not known; ``reason`` is one plain phrase
    and quotes hostile text only through ``quoted``.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Source:
    """Where it comes from; ``target`` is the URL or path as written, "" for the registry."""

    kind: SourceKind = "registry"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One entry of a manifest, with its place.

    ``name`` is as written, ``key`` normalised (PEP 503; npm's names are taken
    as they are); both are "" for entries without a package: index options and
    includes.  ``constraint`` is the version part as written.  ``line``,
    ``column`` and ``end_column`` are 1-based code points, the end exclusive,
    and mark what was written for the name (or the source); lines are counted
    by newline bytes, as git counts.  ``section`` says in which part of the
    manifest it stands.  ``direct`` is False for entries of a lock file.
    """

    ecosystem: Ecosystem
    name: str
    key: str
    constraint: str
    source: Source
    line: int
    column: int
    end_column: int
    section: str
    direct: bool = True

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes it the same dependency: the name, and the source if it is no registry."""
        return (self.ecosystem, self.key, self.source.kind, self.source.target)


class Reader(Protocol):
    """Reads one format."""

    def matches(self, path: bytes) -> bool:
        """Say whether the file at ``path`` (in git's form) is in this format; cheap."""
        ...

    def read(self, path: bytes, data: bytes) -> tuple[Dependency, ...]:
        """Return everything that the file names, in its order.

        Raises ManifestError, and nothing else, whatever the bytes are.
        """
        ...


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded file that knows which line and column an offset has; made by ``of``."""

    content: str
    starts: tuple[int, ...]

    @classmethod
    def of(cls, content: str) -> Text:
        """Index where the lines begin, once: a file may hold many thousand entries."""
        return cls(content, (0, *(match.end() for match in _NEWLINE.finditer(content))))

    def place(self, start: int, end: int) -> tuple[int, int, int]:
        """Return ``(line, column, end column)`` of a span, cut at the end of its first line."""
        line = bisect_right(self.starts, start)
        begin = self.starts[line - 1]
        stop = self.content.find("\n", start, max(start, end))
        return line, start - begin + 1, (end if stop < 0 else stop) - begin + 1


def normalise(ecosystem: Ecosystem, name: str) -> str:
    """Return the name as its registry compares it (PEP 503 for PyPI)."""
    return _SEPARATORS.sub("-", name).lower() if ecosystem == "pypi" else name


def valid_name(ecosystem: Ecosystem, name: str) -> bool:
    """Say whether ``name`` can be a package's name at all (PEP 508; npm's naming rules)."""
    pattern = _NAME_PYPI if ecosystem == "pypi" else _NAME_NPM
    return len(name) <= _LONGEST_NAME and pattern.match(name) is not None


def quoted(text: str) -> str:
    """Return hostile text so that it can stand in a sentence: ASCII, short, in quotes."""
    shown = ascii(text[:60])
    return shown if len(text) <= 60 else f"{shown}…"


def without_credentials(url: str) -> str:
    """Return a URL without the user and password in it, for messages."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def leaves_tree(manifest: bytes, target: str) -> bool:
    """Say whether a path written in ``manifest`` points out of the repository."""
    path = target.replace("\\", "/")
    if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path):
        return True
    depth = manifest.count(b"/")
    for part in path.split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            return True
    return False


def joined(manifest: bytes, target: str) -> bytes:
    """Return the path, from the root of the repository, of ``target`` written in ``manifest``."""
    parts = manifest.split(b"/")[:-1]
    for part in target.replace("\\", "/").encode("utf-8", "surrogatepass").split(b"/"):
        if part == b"..":
            parts = parts[:-1]
        elif part not in {b"", b"."}:
            parts.append(part)
    return b"/".join(parts)
