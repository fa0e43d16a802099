"""The tables of programs in ``rules/guard/programs``: what their words mean.

A file holds programs of one family; a program's table has these keys, all optional:

- ``flags``: options without a value that change nothing outside; ``valued``: the same with a
  value; ``optional_letters``: letters that may take the rest of their word.
- ``roles``: options whose value has a role (``read``, ``write``, ``script``, ``url``, …);
  ``pairs``: the same for options with a name and a value.
- ``marks``: options that are themselves a reason, by the id of a denial.
- ``args``: the roles of the arguments in order; a role with ``*`` is for all that are left.
- ``does``: what every run does, by ids of denials.  ``bare``: the same without arguments.
- ``sub``: tables by subcommand; ``optional_sub``, ``default_sub``: what else may follow.
- ``any``: options that the table does not name are harmless.  ``like``: another's table.
- ``wrapper``: starts the command that its arguments are.  ``stop``: options end there.
- ``special``: a reader of its own; ``grammar``: words of another form.
"""

from __future__ import annotations

import json
import os
from functools import cache

from zt_gate.guard.data import folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Table = dict[str, Any]
    from collections.abc import Mapping, Sequence


@cache
def _families() -> dict[str, str]:
    """Return the texts of the files with programs, by family."""
    place = os.path.join(folder(), "programs")
    texts = {}
    for name in sorted(os.listdir(place)):
        if name.endswith(".json"):
            with open(os.path.join(place, name), encoding="utf-8") as file:
                texts[name.removesuffix(".json")] = file.read()
    return texts


@cache
def _family(name: str) -> dict[str, Table]:
    programs: dict[str, Table] = json.loads(_families()[name])
    for table in programs.values():
        table["family"] = name
    return programs


@cache
def _named(program: str) -> Table | None:
    """Return a program's own table.

    Only the files that have the name are parsed: reading all would cost a hook too much.
    """
    key = json.dumps(program) + ": {"
    for family, text in _families().items():
        if key in text:
            table = _family(family).get(program)
            if table is not None:
                return table
    return None


def programs() -> dict[str, Table]:
    """Return the tables of all programs, for tests."""
    return {
        name: table for family in _families() for name, table in _family(family).items()
    }


#: Names that have versions: ``python3.11``, ``gcc-12``, ``pip3.12``.
_VERSIONED = (
    "python",
    "pip",
    "pypy",
    "gcc",
    "g++",
    "clang",
    "clang++",
    "ruby",
    "perl",
    "php",
    "lua",
    "node",
)


def table_of(program: str) -> Table | None:
    """Return a program's table, None for one that no table knows."""
    name = program.removesuffix(".exe")
    if _named(name) is None:
        name = _without_version(name)
    found = _named(name)
    return None if found is None or name.startswith("@") else resolved(found)


def canonical(program: str) -> str:
    """Return the name that tables and tasks have for a program."""
    name = program.removesuffix(".exe")
    return _without_version(name) if _named(name) is None else name


def _without_version(name: str) -> str:
    stem = name.rstrip("0123456789.").removesuffix("-")
    if stem in _VERSIONED:
        return stem
    return name


def resolved(table: Mapping[str, Any]) -> Table:
    """Return a table together with the one that it is like."""
    like = table.get("like")
    if like is None:
        return dict(table)
    words = like.split()
    base = _named(words[0])
    assert base is not None, like
    for word in words[1:]:
        base = resolved(base)["sub"][word]
    merged = {**resolved(base), **table}
    for key in ("roles", "marks"):
        if key in base and key in table:
            merged[key] = {**base[key], **table[key]}
    del merged["like"]
    return merged


def names(text: str) -> frozenset[str]:
    """Return the options of a list that is one text."""
    return frozenset(text.split())


def roles_of_arguments(pattern: str, count: int) -> Sequence[str]:
    """Return the roles of ``count`` arguments: ``read* write`` has the last one written."""
    roles = pattern.split()
    if not roles:
        return [""] * count
    repeated = next((at for at, role in enumerate(roles) if role.endswith("*")), None)
    if repeated is None:
        extra = roles[-1] if roles else ""
        return [*roles[:count], *([extra] * (count - len(roles)))]
    before = roles[:repeated]
    after = roles[repeated + 1 :]
    middle = max(0, count - len(before) - len(after))
    full = [*before, *([roles[repeated][:-1]] * middle), *after]
    if count < len(before) + len(after):
        # ``cp -t FOLDER a`` and incomplete commands: the first roles count.
        return [*before, roles[repeated][:-1], *after][:count]
    return full
