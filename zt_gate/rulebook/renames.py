"""The rules that were renamed: ``rules/renames.toml``, read and checked.

A rule's first id stays what its fingerprints are made of, and everything that
names a rule (levels, ignores, allowances, marks in the code, baselines,
``explain``) may call it by any id that it ever had.  An id that was given up is
never used again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.rulebook.errors import RulebookError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

FILE = "renames.toml"

_ID = re.compile(r"[a-z][a-z0-9_]*/[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = ("old", "new", "since", "reason")


@dataclass(frozen=True, slots=True)
class Renames:
    """The table: ``new_ids`` has the present id of each id that was given up, in its order."""

    new_ids: Mapping[str, str] = field(default_factory=dict)

    def current(self, rule: str) -> str:
        """Return the present id of a rule that may be called by an old one."""
        return self.new_ids.get(rule, rule)

    def former(self, rule: str) -> tuple[str, ...]:
        """Return the ids that a rule had before, the first one first."""
        return tuple(old for old, new in self.new_ids.items() if new == rule)

    def check(self, scanner: str, rules: Collection[str]) -> None:
        """Raise RulebookError where an id is used again, or leads to no rule.

        ``rules`` are all ids of the scanner's rules.
        """
        for old, new in self.new_ids.items():
            if old.partition("/")[0] != scanner:
                continue
            if old in rules:
                raise RulebookError(
                    f"{FILE}: {old} was given up; a rule must not have it again"
                )
            if new not in rules:
                raise RulebookError(
                    f"{FILE}: {old} was renamed to {new}, which does not exist"
                )


def read(folder: Path) -> Renames:
    """Return the table of a folder of rules, empty where it has none; raises RulebookError."""
    try:
        data = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return Renames()
    except OSError as error:
        raise RulebookError(f"{FILE} cannot be read: {error.strerror}") from error
    import tomllib

    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RulebookError(f"{FILE}: {' '.join(str(error).split())}") from error
    entries = document.pop("rename", [])
    if document or not isinstance(entries, list):
        raise RulebookError(f"{FILE} has [[rename]] tables and nothing else")
    return Renames(_new_ids(entries))


def _new_ids(entries: list[Any]) -> dict[str, str]:
    new_ids: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        old, new = _pair(entry, number)
        if old in new_ids:
            raise RulebookError(f"{FILE}: {old} is renamed twice")
        new_ids[old] = new
    for old, new in new_ids.items():
        if new in new_ids:
            raise RulebookError(
                f"{FILE}: {old} leads to {new}, which was renamed itself; "
                f"write {new_ids[new]} for both"
            )
    return new_ids


def _pair(entry: Any, number: int) -> tuple[str, str]:
    """Return the old and the new id of one table."""
    if not isinstance(entry, dict) or set(entry) != set(_KEYS):
        raise RulebookError(
            f"{FILE}: entry {number} does not have exactly {', '.join(_KEYS)}"
        )
    for key in _KEYS:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise RulebookError(
                f"{FILE}: entry {number}: {key} is a text that is not empty"
            )
    old, new = entry["old"], entry["new"]
    for rule in (old, new):
        if not _ID.fullmatch(rule):
            raise RulebookError(f"{FILE}: {rule!a} is not written scanner/kebab-name")
    if old == new:
        raise RulebookError(f"{FILE}: {old} is renamed to itself")
    if old.partition("/")[0] != new.partition("/")[0]:
        raise RulebookError(
            f"{FILE}: {old} would change its scanner; rules are renamed within one"
        )
    return old, new
