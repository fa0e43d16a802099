"""Classification of paths: code, test, lock file, CI, agent instructions, hook and others.

All scanners use this one table, ``rules/paths.toml``, so that they cannot disagree
about a file.  Letter case is ignored.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Literal, cast

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The kinds of a file; a file may have several.
#:
#: - ``agent-instructions``: text that an agent follows as instructions
#: - ``agent-folder``, ``editor-folder``: in a folder that an agent or editor reads
#: - ``ci``: configures what a forge or build system runs
#: - ``hook``: configures what runs at a commit; ``hook-folder``: in a folder named hooks
#: - ``review``: configures who reviews a change, or what a review shows
#: - ``script``: contains commands that start other programs; ``make``: in make's syntax
#: - ``runs-at-install``: runs automatically when something is installed or built
#: - ``lock``: records what a package manager installs, with checksums
#: - ``test``, ``test-data``, ``example``, ``doc``: not part of the released program
#: - ``program``: source code; ``javascript``, ``python`` and ``go`` are also kinds of
#:   their own; ``shell``, ``build``, ``query``, ``infrastructure``, ``notebook``,
#:   ``page``: input of a program of that kind
#: - ``settings``, ``environment``: values that a program reads
#: - ``text``: a file that should contain text according to its name
PathKind = Literal[
    "agent-instructions", "agent-folder", "editor-folder", "ci", "hook", "hook-folder", "review",
    "script", "make", "runs-at-install", "lock", "test", "test-data", "example", "doc", "program",
    "javascript", "python", "go", "shell", "build", "query", "infrastructure", "notebook", "page",
    "settings", "environment", "text",
]  # fmt: skip

#: The syntax of a configuration file, as its own program reads it.
ConfigurationSyntax = Literal[
    "json", "jsonc", "yaml", "toml", "ini", "front", "attributes", "text"
]

#: Kinds that a compiler, interpreter or build tool reads.
CODE: tuple[PathKind, ...] = ("program", "shell", "build", "query", "infrastructure")

_CACHED_PATHS = 4096
_WORD_ENDS = lazy_re.compile("[._-]")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration file: its name in the rules, and its syntax."""

    name: str
    reader: ConfigurationSyntax


@dataclass(frozen=True, slots=True)
class PathFacts:
    """The table's facts about one path."""

    kinds: frozenset[str]
    configuration: Configuration | None


def is_any(path: bytes, *kinds: PathKind) -> bool:
    """Return whether the path has at least one of the kinds."""
    return not facts(path).kinds.isdisjoint(kinds)


def configuration(path: bytes) -> Configuration | None:
    """Return the configuration file that the path is, None for any other file."""
    return facts(path).configuration


@functools.lru_cache(_CACHED_PATHS)
def facts(path: bytes) -> PathFacts:
    """Return the facts about a path relative to the repository's root."""
    from zt_gate.syntax.path_table import ENTRIES

    kinds: set[str] = set()
    configuration: Configuration | None = None
    for number in sorted(_matching_entries(path)):
        entry_kinds, name, syntax = ENTRIES[number]
        kinds.update(entry_kinds)
        if name and configuration is None:
            configuration = Configuration(name, cast("ConfigurationSyntax", syntax))
    return PathFacts(frozenset(kinds), configuration)


def _matching_entries(path: bytes) -> set[int]:
    """Return the numbers of the table's entries that match a path."""
    from zt_gate.syntax.path_table import FOLDERS, GLOBS, NAMES, SUFFIXES

    parts = path.decode("utf-8", "surrogateescape").lower().split("/")
    *folders, name = parts
    numbers = set(NAMES.get(name, ()))
    _, dot, suffix = name.rpartition(".")
    if dot:
        numbers.update(SUFFIXES.get(suffix, ()))
    for folder in folders:
        numbers.update(FOLDERS.get(folder, ()))
    # A glob is tried only if the path has the name, folder or word that it requires.
    keys = {"", f"={name}"}
    keys.update(f"/{folder}" for folder in folders)
    keys.update(f"~{word}" for word in _WORD_ENDS.split(name))
    for key in keys:
        for number, segments in GLOBS.get(key, ()):
            if number not in numbers and _matches(segments, parts):
                numbers.add(number)
    return numbers


def _matches(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Match the segments of a glob greedily; on a mismatch extend only the last ``**``.

    The algorithm is that of ``globs``, on text instead of compiled byte sets.
    """
    in_pattern = in_parts = 0
    last_star, star_end = -1, 0
    while in_parts < len(parts):
        segment = pattern[in_pattern] if in_pattern < len(pattern) else None
        if segment == "**":
            last_star, star_end = in_pattern, in_parts
            in_pattern += 1
        elif segment is not None and _matches_segment(segment, parts[in_parts]):
            in_pattern += 1
            in_parts += 1
        elif last_star >= 0:
            star_end += 1
            in_pattern, in_parts = last_star + 1, star_end
        else:
            return False
    return all(segment == "**" for segment in pattern[in_pattern:])


def _matches_segment(pattern: str, text: str) -> bool:
    """Match one segment, in which ``*`` matches any number of characters."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last):
        return False
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
