"""A typed reader for a policy's tables; it says in one line what is wrong, and where.

Messages quote keys and plain choices, never a value that could be a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from zt_gate.policy.rule_globs import GlobError, compile_glob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from zt_gate.syntax.document import Path

#: Every table with fixed keys; the others have names of the project's own, and
#: the keys of ``[registries]`` come from the ecosystems.
KEYS: Mapping[str, tuple[str, ...]] = {
    "": ("profile", "levels", "paths", "scanners", "dependencies", "registries", "scope", "tasks",
         "ignore", "ai", "audit"),
    "dependencies": ("min-age-days", "min-weekly-downloads", "min-version-age-days",
                     "on-unverified"),
    "scope": ("allowed", "restricted", "max-files", "max-lines", "max-deletions", "max-binaries"),
    "ignore": ("rule", "path", "reason", "expires"),
    "ai": ("labels", "marks"),
    "audit": ("log",),
}  # fmt: skip

_MAX_NUMBER = 1_000_000_000
_DAY = 86_400


class InvalidError(Exception):
    """One thing that is wrong, with the path of keys to where it stands."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__(text)
        self.path = path


class TableReader:
    """One table and where it stands; every method raises InvalidError."""

    def __init__(self, data: Mapping[str, Any], where: Path = ()) -> None:
        self.data = data
        self.where = where

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def only(self, known: Collection[str], *, hint: str = "") -> None:
        """Refuse keys that are not among ``known``."""
        for key in self.data:
            if key not in known:
                place = f" in {self.header}" if self.where else ""
                close = (
                    near(key, known)
                    or _elsewhere(key)
                    or f"; known keys: {', '.join(known)}"
                )
                self.fail(key, f"unknown key {shown(key)}{place}{close}{hint}")

    def table(self, key: str) -> TableReader:
        """Return the table ``key``, empty where there is none."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            self.fail(key, f"{self._name(key)} is a table, not {_kind(value)}")
        return TableReader(value, (*self.where, key))

    def string(self, key: str) -> str:
        """Return a string, "" where there is none."""
        value = self.data.get(key, "")
        if not isinstance(value, str):
            self.fail(key, f"{self._name(key)} is a string, not {_kind(value)}")
        return str(value)

    def strings(self, key: str) -> tuple[str, ...]:
        """Return a list of strings that are not empty."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(
            isinstance(item, str) and item for item in value
        ):
            self.fail(key, f"{self._name(key)} is a list of strings")
        return tuple(value)

    def globs(self, key: str) -> tuple[str, ...]:
        """Return a list of path globs."""
        found = self.strings(key)
        for pattern in found:
            self.check_glob(key, pattern)
        return found

    def check_glob(self, key: str, pattern: str) -> None:
        """Refuse ``pattern``, which stands at ``key``, where it is no glob."""
        try:
            compile_glob(pattern)
        except GlobError as error:
            self.fail(key, f"{shown(pattern)}: {error}")

    def number(self, key: str, default: int) -> int:
        """Return a whole number that is not negative."""
        value = self.data.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(key, f"{self._name(key)} is a whole number, not {_kind(value)}")
        if not 0 <= value <= _MAX_NUMBER:
            self.fail(key, f"{self._name(key)} is a number from 0 to {_MAX_NUMBER:,}")
        return int(value)

    def seconds(self, key: str) -> float:
        """Return a time that is above zero and at most a day."""
        value = self.data[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, f"{self._name(key)} is a number, not {_kind(value)}")
        if not 0 < value <= _DAY:  # nan, which is past no clock, is neither
            self.fail(key, f"{self._name(key)} is a number above 0, at most {_DAY:,}")
        return float(value)

    def choice(self, key: str, allowed: Collection[str], default: str) -> str:
        """Return one of ``allowed``."""
        value = self.data.get(key, default)
        if not isinstance(value, str) or value not in allowed:
            given = (
                f"{shown(value)}{near(value, allowed)}"
                if isinstance(value, str)
                else ""
            )
            choices = ", ".join(f"'{item}'" for item in allowed)
            self.fail(
                key,
                f"{self._name(key)} is one of {choices}, not {given or _kind(value)}",
            )
        return value

    def reason(self) -> str:
        """Return the ``reason``, which must be there."""
        text = " ".join(self.string("reason").split())
        if not text:
            self.fail("reason", f"{self.header} lacks reason: say why it is expected")
        return text

    def fail(self, key: str | int, text: str) -> NoReturn:
        """Raise InvalidError for what stands at ``key``."""
        raise InvalidError((*self.where, key), text)

    @property
    def header(self) -> str:
        """The table as a policy writes it."""
        if not self.where:
            return "the top level"
        if self.where[0] == "ignore":
            return "[[ignore]]"
        if self.where[0] == "paths" and len(self.where) > 1:
            return f"[paths] {shown(self.where[1])}"
        inner = ".".join(map(str, self.where))
        return (
            f"[{inner}]"
            if inner.isprintable() and len(inner) <= 80
            else f"[{shown(inner)}]"
        )

    def _name(self, key: str) -> str:
        return f"{self.header} {shown(key)}" if self.where else shown(key)


def near(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean …?``, or "" where nothing is near."""
    from difflib import get_close_matches

    close = get_close_matches(word[:80].lower(), list(known), 1)
    return f"; did you mean {shown(close[0])}?" if close else ""


def shown(word: object) -> str:
    """Quote a word of the policy: short, and with nothing in it that a terminal obeys."""
    text = str(word)
    return repr(text if len(text) <= 80 else text[:79] + "…")


def _elsewhere(key: str) -> str:
    """Say in which table a key belongs that stands in the wrong one."""
    from zt_gate.ecosystems import registry_keys

    tables = [name for name, keys in KEYS.items() if key in keys]
    if key in registry_keys():
        tables.append("registries")
    if not tables:
        return ""
    return (
        f"; it belongs into {TableReader({}, (tables[0],) if tables[0] else ()).header}"
    )


def _kind(value: object) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "a string",
             list: "a list", dict: "a table"}  # fmt: skip
    return kinds.get(type(value), "a date or time")
