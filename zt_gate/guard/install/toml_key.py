"""Sets single keys of a TOML file, and leaves the rest of its text as it is."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from zt_gate.errors import GateError


class TomlKeyError(GateError):
    """A key cannot be set in the text as it is; a person must do it."""


def table_of(text: str, name: str) -> dict[str, Any]:
    """Return a TOML file's content; raises TomlKeyError."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise TomlKeyError(f"{name} is not valid TOML: {error}") from error


def with_key(text: str, table: str, key: str, literal: str, name: str) -> str:
    """Return the text with ``key = literal`` in a table ("" for the top).

    Raises TomlKeyError where that is not possible without changing anything else.
    """
    before = table_of(text, name)
    wanted = _put(before, table, key, tomllib.loads(f"v = {literal}")["v"])
    if wanted == before:
        return text
    for candidate in _candidates(text, table, key, literal):
        try:
            if tomllib.loads(candidate) == wanted:
                return candidate
        except ValueError:
            continue
    place = f"[{table}]" if table else "the top"
    raise TomlKeyError(
        f"{name}: set {key} = {literal} in {place} by hand, then run it again"
    )


def without_key(text: str, table: str, key: str, name: str) -> str:
    """Return the text without a key that stands on a line of its own."""
    before = table_of(text, name)
    holder = before.get(table, {}) if table else before
    if not isinstance(holder, dict) or key not in holder:
        return text
    wanted = {**before}
    if table:
        rest = {name: value for name, value in holder.items() if name != key}
        wanted[table] = rest
    else:
        del wanted[key]
    line = re.compile(rf"^[ \t]*{re.escape(key)}[ \t]*=[^\n]*\n?", re.MULTILINE)
    for match in line.finditer(text):
        candidate = text[: match.start()] + text[match.end() :]
        try:
            if tomllib.loads(candidate) == wanted:
                return _without_empty(candidate, table, wanted)
        except ValueError:
            continue
    raise TomlKeyError(f"{name}: remove {key} by hand")


def _without_empty(text: str, table: str, wanted: dict[str, Any]) -> str:
    """Return the text without the header of a table that has nothing left."""
    if not table or wanted[table]:
        return text
    candidate = re.sub(rf"(?m)\n?^\[{re.escape(table)}\][ \t]*\n?", "", text, count=1)
    rest = {name: value for name, value in wanted.items() if name != table}
    try:
        return candidate if tomllib.loads(candidate) == rest else text
    except ValueError:
        return text


def _put(before: dict[str, Any], table: str, key: str, value: Any) -> dict[str, Any]:
    if not table:
        return {**before, key: value}
    inner = before.get(table, {})
    return {**before, table: {**(inner if isinstance(inner, dict) else {}), key: value}}


def _candidates(text: str, table: str, key: str, literal: str) -> list[str]:
    """Return texts of which one may be the right one: it is read again and compared."""
    line = f"{key} = {literal}"
    old = re.compile(rf"^([ \t]*){re.escape(key)}[ \t]*=[^\n]*$", re.MULTILINE)
    found = [
        text[: match.start()] + match[1] + line + text[match.end() :]
        for match in old.finditer(text)
    ]
    if not table:
        return [*found, f"{line}\n{text}"]
    header = re.compile(rf"^\[{re.escape(table)}\][^\n]*$", re.MULTILINE)
    found += [
        f"{text[: match.end()]}\n{line}{text[match.end() :]}"
        for match in header.finditer(text)
    ]
    gap = "" if not text or text.endswith("\n\n") else "\n"
    end = "" if not text or text.endswith("\n") else "\n"
    return [*found, f"{text}{end}{gap}[{table}]\n{line}\n"]
