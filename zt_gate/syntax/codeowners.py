r"""CODEOWNERS: who owns a path, as the forge reads it.

The last line that fits a path decides; one without owners leaves it without any.
On GitHub lines with ``!``, ``[`` or a leading ``\#``, and lines with a word that
cannot be an owner, are skipped, and ``docs/*`` does not reach into folders (GitHub
Docs, "About code owners").  GitLab has sections in brackets, and roles as owners.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from zt_gate.syntax.globs import GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Where GitHub looks, in this order: the first file that exists counts alone.
CODEOWNERS_PATHS = (b".github/CODEOWNERS", b"CODEOWNERS", b"docs/CODEOWNERS")
#: Where only GitLab looks.
GITLAB_CODEOWNERS_PATH = b".gitlab/CODEOWNERS"
#: A larger file is ignored by GitHub.
MAX_BYTES = 3 << 20

Forge = Literal["github", "gitlab"]

_OWNER = re.compile(r"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?|[^@\s]+@[^@\s]+")
_BLANK = re.compile(r"(?<!\\)[ \t]+")
_SECTION = re.compile(r"\^?\[[^\]\n]+\](?:\[\d+\])?(?:\s|\Z)")
_ROLE = re.compile(r"[ \t]@@[a-z]+")


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One line: a pattern, and the owners as they are written."""

    pattern: str
    owners: tuple[str, ...]

    def fits(self, path: bytes) -> bool:
        """Whether the pattern covers the path; a pattern that is none covers nothing."""
        try:
            glob = compile_glob(self.pattern)
        except GlobError:
            return False
        is_flat = self.pattern.endswith("/*") and "**" not in self.pattern
        if is_flat and path.count(b"/") != self.pattern.strip("/").count("/"):
            return False
        return glob.matches(path)


@dataclass(frozen=True, slots=True)
class Owners:
    """The lines of one file; without any, nobody owns anything."""

    lines: tuple[OwnerLine, ...] = ()

    def of(self, path: bytes) -> tuple[str, ...]:
        """Return the owners of ``path`` as they are written: ``@login``, ``@org/team``, address."""
        return self.of_each((path,)).get(path, ())

    def of_each(
        self, paths: Iterable[bytes], *, most_lines: int | None = None
    ) -> dict[bytes, tuple[str, ...]]:
        """Return the owners of several paths, of those that a line covers.

        ``most_lines``: only so many are tried, from the last one on.
        """
        found: dict[bytes, tuple[str, ...]] = {}
        waiting = set(paths)
        first = 0 if most_lines is None else max(0, len(self.lines) - most_lines)
        for number in range(len(self.lines) - 1, first - 1, -1):
            line = self.lines[number]
            for path in [path for path in waiting if line.fits(path)]:
                found[path] = line.owners
                waiting.remove(path)
            if not waiting:
                break
        return found

    def by_pattern(self) -> Mapping[str, frozenset[str]]:
        """Return the owners of each pattern, in the order of its last lines, which count."""
        found: dict[str, frozenset[str]] = {}
        for line in self.lines:
            found.pop(line.pattern, None)
            found[line.pattern] = frozenset(line.owners)
        return found


def read(reader: Callable[[bytes], bytes | None]) -> Owners:
    """Return what the first existing file says; ``reader`` reads the trusted side."""
    for place in CODEOWNERS_PATHS:
        data = reader(place)
        if data is not None:
            return parse(data)
    return Owners()


def forge_of(path: bytes, data: bytes) -> Forge:
    """Return which forge a file is written for, by its place, its sections and roles."""
    if path == GITLAB_CODEOWNERS_PATH:
        return "gitlab"
    rows = data[:MAX_BYTES].decode("utf-8", "replace").split("\n")
    marked = any(_SECTION.match(row.strip()) or _ROLE.search(row) for row in rows)
    return "gitlab" if marked else "github"


def parse(data: bytes, forge: Forge = "github") -> Owners:
    """Read a file; one of more than 3 MB says nothing."""
    if len(data) > MAX_BYTES:
        return Owners()
    rows = data.decode("utf-8", "replace").split("\n")
    lines = (_line(row.strip(), forge) for row in rows)
    return Owners(tuple(line for line in lines if line is not None))


def _line(row: str, forge: Forge) -> OwnerLine | None:
    """Read one line; None where the forge skips it."""
    words = _BLANK.split(row)
    pattern = words[0].replace("\\ ", " ")
    if not pattern or pattern.startswith(("#", "!", "\\#")):
        return None
    if _SECTION.match(row) if forge == "gitlab" else "[" in pattern:
        return None
    owners = []
    for word in words[1:]:
        if word.startswith("#"):
            break
        owners.append(word)
    if forge == "github" and not all(_OWNER.fullmatch(owner) for owner in owners):
        return None
    return OwnerLine(pattern, tuple(owners))
