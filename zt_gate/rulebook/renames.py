"""Reads and checks ``rules/renames.toml``, the table of renamed rules.

Fingerprints always use a rule's first id, and everything that names a rule (levels,
ignores, allowances, inline ignores, baselines, ``explain``) may use any id that the
rule ever had.  A former id is never used again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.rulebook.errors import RulebookError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

FILE = "renames.toml"

_ID = lazy_re.compile(r"[a-z][a-z0-9_]*/[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = ("old", "new", "since", "reason")


@dataclass(frozen=True, slots=True)
class Renames:
    """The table of renames; ``new_ids`` maps each former id to the current one, in file order."""

    new_ids: Mapping[str, str] = field(default_factory=dict)

    def current(self, rule: str) -> str:
        """Return the current id of a rule, given its current or a former one."""
        return self.new_ids.get(rule, rule)

    def former(self, rule: str) -> tuple[str, ...]:
        """Return the former ids of a rule, oldest first."""
        return tuple(old for old, new in self.new_ids.items() if new == rule)

    def check(self, scanner: str, rules: Collection[str]) -> None:
        """Raise RulebookError for a former id that is in use, or a new id without a rule.

        ``rules`` are the ids of all rules of the scanner.
        """
        for old, new in self.new_ids.items():
            if old.partition("/")[0] != scanner:
                continue
            if old in rules:
                raise RulebookError(
                    f"{FILE}: {old} is a former id; no rule may use it again"
                )
            if new not in rules:
                raise RulebookError(
                    f"{FILE}: {old} was renamed to {new}, which does not exist"
                )


def read(folder: Path) -> Renames:
    """Return the table of a folder of rules, empty if it has none; raises RulebookError."""
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
        raise RulebookError(f"{FILE} must contain only [[rename]] tables")
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
                f"{FILE}: {old} is renamed to {new}, which is itself renamed; "
                f"write {new_ids[new]} for both"
            )
    return new_ids


def _pair(entry: Any, number: int) -> tuple[str, str]:
    """Return the old and the new id of one table."""
    if not isinstance(entry, dict) or set(entry) != set(_KEYS):
        raise RulebookError(
            f"{FILE}: entry {number} must have exactly the keys {', '.join(_KEYS)}"
        )
    for key in _KEYS:
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise RulebookError(
                f"{FILE}: entry {number}: {key} must be a non-empty string"
            )
    old, new = entry["old"], entry["new"]
    for rule in (old, new):
        if not _ID.fullmatch(rule):
            raise RulebookError(
                f"{FILE}: {rule!a} is not of the form scanner/kebab-name"
            )
    if old == new:
        raise RulebookError(f"{FILE}: {old} is renamed to itself")
    if old.partition("/")[0] != new.partition("/")[0]:
        raise RulebookError(
            f"{FILE}: {old} and {new} name different scanners; a rule keeps its scanner"
        )
    return old, new
