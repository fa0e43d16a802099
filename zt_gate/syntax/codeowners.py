r"""Reader for CODEOWNERS: the owners of a path, as the forge determines them.

The last line that matches a path decides; without owners on it the path has none.
GitHub skips lines with ``!``, ``[`` or a leading ``\#`` and lines with an invalid
owner, and its ``docs/*`` does not match subfolders (GitHub Docs, "About code
owners").  GitLab has sections in brackets, and roles as owners.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Literal

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.syntax.globs import GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Where GitHub looks, in this order: it uses only the first file that exists.
CODEOWNERS_PATHS = (b".github/CODEOWNERS", b"CODEOWNERS", b"docs/CODEOWNERS")
#: Where only GitLab looks.
GITLAB_CODEOWNERS_PATH = b".gitlab/CODEOWNERS"
#: GitHub ignores a larger file.
MAX_BYTES = 3 << 20

Forge = Literal["github", "gitlab"]

_OWNER = lazy_re.compile(r"@[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?|[^@\s]+@[^@\s]+")
_BLANK = lazy_re.compile(r"(?<!\\)[ \t]+")
_SECTION = lazy_re.compile(r"\^?\[[^\]\n]+\](?:\[\d+\])?(?:\s|\Z)")
_ROLE = lazy_re.compile(r"[ \t]@@[a-z]+")


@dataclass(frozen=True, slots=True)
class OwnerLine:
    """One line: a pattern, and the owners as written."""

    pattern: str
    owners: tuple[str, ...]

    def matches(self, path: bytes) -> bool:
        """Return whether the pattern matches the path; an invalid pattern matches nothing."""
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
    """The lines of one file; without lines no path has an owner."""

    lines: tuple[OwnerLine, ...] = ()

    def of(self, path: bytes) -> tuple[str, ...]:
        """Return the owners of ``path`` as written: ``@login``, ``@org/team``, e-mail address."""
        return self.of_each((path,)).get(path, ())

    def of_each(
        self, paths: Iterable[bytes], *, most_lines: int | None = None
    ) -> dict[bytes, tuple[str, ...]]:
        """Return the owners of each path that a line matches.

        ``most_lines``: try only so many lines, starting with the last.
        """
        owners_by_path: dict[bytes, tuple[str, ...]] = {}
        remaining = set(paths)
        first = 0 if most_lines is None else max(0, len(self.lines) - most_lines)
        for line in reversed(self.lines[first:]):
            if not remaining:
                break
            matching = {path for path in remaining if line.matches(path)}
            owners_by_path.update(dict.fromkeys(matching, line.owners))
            remaining -= matching
        return owners_by_path

    def by_pattern(self) -> Mapping[str, frozenset[str]]:
        """Return the owners of each pattern, in the order of the last line with it."""
        owners_by_pattern: dict[str, frozenset[str]] = {}
        for line in self.lines:
            # Removed first, so that the last line decides the position, too.
            owners_by_pattern.pop(line.pattern, None)
            owners_by_pattern[line.pattern] = frozenset(line.owners)
        return owners_by_pattern


def read(reader: Callable[[bytes], bytes | None]) -> Owners:
    """Return the owners in the first existing file; ``reader`` reads the trusted side."""
    for path in CODEOWNERS_PATHS:
        data = reader(path)
        if data is not None:
            return parse(data)
    return Owners()


def forge_of(path: bytes, data: bytes) -> Forge:
    """Return the forge that a file is written for, by its path, sections and roles."""
    if path == GITLAB_CODEOWNERS_PATH:
        return "gitlab"
    rows = data[:MAX_BYTES].decode("utf-8", "replace").split("\n")
    for row in rows:
        if _SECTION.match(row.strip()) or _ROLE.search(row):
            return "gitlab"
    return "github"


def parse(data: bytes, forge: Forge = "github") -> Owners:
    """Read a file; one of more than 3 MB has no owners, as on GitHub."""
    if len(data) > MAX_BYTES:
        return Owners()
    rows = data.decode("utf-8", "replace").split("\n")
    lines = (_line(row.strip(), forge) for row in rows)
    return Owners(tuple(line for line in lines if line is not None))


def _line(row: str, forge: Forge) -> OwnerLine | None:
    """Read one line; None if the forge skips it."""
    first, *words = _BLANK.split(row)
    pattern = first.replace("\\ ", " ")
    if not pattern or pattern.startswith(("#", "!", "\\#")):
        return None
    owners = list(itertools.takewhile(lambda word: not word.startswith("#"), words))
    if forge == "gitlab":
        is_valid = _SECTION.match(row) is None
    else:
        has_valid_owners = all(_OWNER.fullmatch(owner) for owner in owners)
        is_valid = "[" not in pattern and has_valid_owners
    return OwnerLine(pattern, tuple(owners)) if is_valid else None
