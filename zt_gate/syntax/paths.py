"""What a path is: code, a test, a lock file, CI, an agent's instructions, a hook.

The one table of these facts is ``rules/paths.toml``; every scanner asks here, so
that no two of them can disagree about a file.  Letter case never counts.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What a file may be; one file may be several of these.
#:
#: - ``agent-instructions``: text that an agent takes as instructions
#: - ``agent-folder``, ``editor-folder``: lies in a folder that an agent or editor reads
#: - ``ci``: a forge or build system reads it to know what to run
#: - ``hook``: decides what runs at a commit; ``hook-folder``: lies in a folder called hooks
#: - ``review``: decides who reviews a change, what a review shows, or how it is judged
#: - ``script``: made of commands that start other programs; ``make``: in make's syntax
#: - ``runs-at-install``: runs when something is installed or built, without being called
#: - ``lock``: records what a package manager installs, with checksums
#: - ``test``, ``test-data``, ``example``, ``doc``: not part of the program that is shipped
#: - ``program``: source of a programming language, of which ``javascript``, ``python``
#:   and ``go`` are told apart; ``shell``, ``build``, ``query``, ``infrastructure``,
#:   ``notebook``, ``page``: read by a program of that sort
#: - ``settings``, ``environment``: values that a program reads
#: - ``text``: whoever opens a file of this name expects text
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

#: Kinds that some compiler, interpreter or build tool reads.
CODE: tuple[PathKind, ...] = ("program", "shell", "build", "query", "infrastructure")

_KEPT = 4096
_WORD_ENDS = re.compile("[._-]")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration file: the name by which rules ask for it, and its syntax."""

    name: str
    reader: ConfigurationSyntax


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What the table says about one path."""

    kinds: frozenset[str]
    configuration: Configuration | None


def is_any(path: bytes, *kinds: PathKind) -> bool:
    """Whether the path is of at least one of the kinds."""
    return not facts(path).kinds.isdisjoint(kinds)


def configuration(path: bytes) -> Configuration | None:
    """Return which program's configuration the file is, None where it is of none."""
    return facts(path).configuration


@functools.lru_cache(_KEPT)
def facts(path: bytes) -> PathFacts:
    """Return everything that the table says about a path relative to the repository's root."""
    from zt_gate.syntax.path_table import ENTRIES

    kinds: set[str] = set()
    found: Configuration | None = None
    for number in sorted(_entries(path)):
        of_entry, name, reader = ENTRIES[number]
        kinds.update(of_entry)
        if name and found is None:
            found = Configuration(name, cast(ConfigurationSyntax, reader))
    return PathFacts(frozenset(kinds), found)


def _entries(path: bytes) -> set[int]:
    """Return the numbers of the table's entries that fit."""
    from zt_gate.syntax.path_table import FOLDERS, GLOBS, NAMES, SUFFIXES

    parts = path.decode("utf-8", "surrogateescape").lower().split("/")
    *folders, name = parts
    found = set(NAMES.get(name, ()))
    _, dot, suffix = name.rpartition(".")
    if dot:
        found.update(SUFFIXES.get(suffix, ()))
    for folder in folders:
        found.update(FOLDERS.get(folder, ()))
    # A glob is tried only where the path has the name, folder or word that it needs.
    keys = {"", f"={name}"}
    keys.update(f"/{folder}" for folder in folders)
    keys.update(f"~{word}" for word in _WORD_ENDS.split(name))
    for key in keys:
        for number, segments in GLOBS.get(key, ()):
            if number not in found and _fits(segments, parts):
                found.add(number)
    return found


def _fits(pattern: Sequence[str], parts: Sequence[str]) -> bool:
    """Match the segments of a glob; only the last ``**`` seen ever gives way."""
    at = here = 0
    star, resume = -1, 0
    while here < len(parts):
        if at < len(pattern) and pattern[at] == "**":
            star, resume = at, here
            at += 1
        elif at < len(pattern) and _fits_segment(pattern[at], parts[here]):
            at += 1
            here += 1
        elif star >= 0:
            resume += 1
            at, here = star + 1, resume
        else:
            return False
    return all(segment == "**" for segment in pattern[at:])


def _fits_segment(pattern: str, text: str) -> bool:
    """Match one segment, in which ``*`` stands for any number of characters."""
    if "*" not in pattern:
        return pattern == text
    first, *middle, last = pattern.split("*")
    if len(text) < len(first) + len(last):
        return False
    if not text.startswith(first) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True
