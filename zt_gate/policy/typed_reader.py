"""A typed reader for the tables of a policy, with one-line errors.

Messages quote keys and choices, never a value that could be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from zt_gate.policy.rule_globs import GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zt_gate.syntax.document import Path

#: Tables with fixed keys.  The project chooses the keys of the other tables; the
#: keys of ``[registries]`` come from the ecosystems.
KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("profile", "levels", "paths", "scanners", "dependencies", "registries", "scope", "tasks",
         "skills", "ignore", "ai", "audit", "approval", "exclude", "guard"),
    "dependencies": ("min-age-days", "min-weekly-downloads", "min-version-age-days",
                     "on-unverified"),
    "scope": ("allowed", "restricted", "max-files", "max-lines", "max-deletions", "max-binaries"),
    "ignore": ("rule", "path", "reason", "expires"),
    "ai": ("labels", "marks"),
    "audit": ("log",),
    "approval": ("proof",),
    "guard": ("task", "modes", "log-days", "log-megabytes", "keep-days"),
}  # fmt: skip

#: Largest number, and most seconds of a duration (one day).
MAX_NUMBER = 1_000_000_000
MAX_SECONDS = 86_400
_TYPE_NAMES: Mapping[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
}


class InvalidError(Exception):
    """An invalid value; ``path`` is the path of keys to it."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


class TableReader:
    """One table and its path in the document; every method raises InvalidError."""

    def __init__(self, data: Mapping[str, Any], where: Path = ()) -> None:
        self.data = data
        self.where = where

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def only(self, allowed: Collection[str], *, hint: str = "") -> None:
        """Refuse keys that are not in ``allowed``; ``hint`` ends the message."""
        for key in self.data:
            if key in allowed:
                continue
            message = f"unknown key {shown(key)}"
            if self.where:
                message += f" in {self.header}"
            suggestion = near(key, allowed) or _right_table(key)
            if not suggestion:
                suggestion = f"; known keys: {', '.join(allowed)}"
            self.fail(key, f"{message}{suggestion}{hint}")

    def table(self, key: str) -> TableReader:
        """Return the table ``key``, empty if it is missing."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self.fail(
                key, f"{self._name(key)} must be a table, not {_type_name(value)}"
            )
        return TableReader(value, (*self.where, key))

    def string(self, key: str) -> str:
        """Return a string, "" if it is missing."""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.fail(
                key, f"{self._name(key)} must be a string, not {_type_name(value)}"
            )
        return str(value)

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of non-empty strings, empty if it is missing."""
        value = self.data.get(key, [])
        is_list = isinstance(value, list)
        if not is_list or not all(isinstance(item, str) and item for item in value):
            self.fail(key, f"{self._name(key)} must be a list of non-empty strings")
        return tuple(value)

    def globs(self, key: str) -> tuple[str, ...]:
        """Return a list of path globs."""
        patterns = self.strings(key)
        for pattern in patterns:
            self.check_glob(key, pattern)
        return patterns

    def check_glob(self, key: str, pattern: str) -> None:
        """Refuse the value ``pattern`` of ``key`` if it is not a valid glob."""
        try:
            compile_glob(pattern)
        except GlobError as error:
            self.fail(key, f"{shown(pattern)}: {error}")

    def number(self, key: str, default: int) -> int:
        """Return a whole number from 0."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(
                key,
                f"{self._name(key)} must be a whole number, not {_type_name(value)}",
            )
        if not 0 <= value <= MAX_NUMBER:
            self.fail(key, f"{self._name(key)} must be from 0 to {MAX_NUMBER:,}")
        return int(value)

    def seconds(self, key: str) -> float:
        """Return a duration in seconds: above 0, at most one day."""
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(
                key, f"{self._name(key)} must be a number, not {_type_name(value)}"
            )
        # The comparison also refuses nan.
        if not 0 < value <= MAX_SECONDS:
            self.fail(
                key, f"{self._name(key)} must be above 0 and at most {MAX_SECONDS:,}"
            )
        return float(value)

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """Return one of ``allowed``."""
        value = self.data.get(key, default)
        if not isinstance(value, str) or value not in allowed:
            actual = _type_name(value)
            if isinstance(value, str):
                actual = f"{shown(value)}{near(value, allowed)}"
            choices = ", ".join(f"'{choice}'" for choice in allowed)
            self.fail(key, f"{self._name(key)} must be one of {choices}, not {actual}")
        return value

    def reason(self) -> str:
        """Return the ``reason``, which is required."""
        text = " ".join(self.string("reason").split())
        if not text:
            self.fail(
                "reason",
                f"{self.header} has no reason; say why the finding is expected",
            )
        return text

    def fail(self, key: str | int, text: str) -> NoReturn:
        """Raise InvalidError for the value of ``key``."""
        raise InvalidError((*self.where, key), text)

    @property
    def header(self) -> str:
        """The table's header as in a policy."""
        if not self.where:
            return "the top level"
        if self.where[0] == "ignore":
            return "[[ignore]]"
        if self.where[0] == "paths" and len(self.where) > 1:
            return f"[paths] {shown(self.where[1])}"
        dotted = ".".join(map(str, self.where))
        if dotted.isprintable() and len(dotted) <= 80:
            return f"[{dotted}]"
        return f"[{shown(dotted)}]"

    def _name(self, key: str) -> str:
        if not self.where:
            return shown(key)
        return f"{self.header} {shown(key)}"


def near(word: str, candidates: Iterable[str]) -> str:
    """Return ``; did you mean …?`` for the closest candidate, "" if none is close."""
    from difflib import get_close_matches

    matches = get_close_matches(word[:80].lower(), list(candidates), 1)
    if not matches:
        return ""
    return f"; did you mean {shown(matches[0])}?"


def shown(word: object) -> str:
    """Return a word of the policy, quoted, shortened and without control characters."""
    text = str(word)
    if len(text) > 80:
        text = text[:79] + "…"
    return repr(text)


def _right_table(key: str) -> str:
    """Return a hint for a key that belongs in another table, "" if there is none."""
    from zt_gate.ecosystems import registry_keys

    tables = [name for name, keys in KEYS.items() if key in keys]
    if key in registry_keys():
        tables.append("registries")
    if not tables:
        return ""
    path = (tables[0],) if tables[0] else ()
    return f"; it belongs in {TableReader({}, path).header}"


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "a date or time")
