"""Adds what is wanted to a JSON document, and takes exactly that away again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: One addition: the path of keys, whether it went into a list, its value, and what a
#: scalar was before (None: nothing).
Addition = dict[str, Any]


class SettingsShapeError(GateError):
    """A settings file has another shape than its client reads; the text says where."""


def parsed(data: bytes | None, name: str) -> dict[str, Any]:
    """Return the document of a settings file, empty for none; raises SettingsShapeError."""
    if data is None or not data.strip():
        return {}
    try:
        value = json.loads(data)
    except json.JSONDecodeError as error:
        raise SettingsShapeError(
            f"{name}:{error.lineno}: it is not valid JSON ({error.msg}); repair it first"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingsShapeError(f"{name}: it is not valid JSON") from error
    if not isinstance(value, dict):
        raise SettingsShapeError(f"{name}: it is not a JSON object; repair it first")
    return value


def rendered(document: Mapping[str, Any]) -> bytes:
    """Return a document as a settings file."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def merged(
    document: Mapping[str, Any], wanted: Mapping[str, Any], name: str
) -> tuple[dict[str, Any], list[Addition]]:
    """Return the document with what is wanted, and what was added or changed for it.

    Lists get the entries that they lack, tables are merged, other values are replaced.
    Raises SettingsShapeError where the document has another kind of value.
    """
    result: dict[str, Any] = json.loads(json.dumps(document))
    additions = list(_merge(result, wanted, (), name))
    return result, additions


def _merge(
    table: dict[str, Any], wanted: Mapping[str, Any], path: tuple[str, ...], name: str
) -> Iterator[Addition]:
    for key, value in wanted.items():
        here = (*path, key)
        if isinstance(value, dict):
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                raise _shape(name, here, "a table")
            yield from _merge(inner, value, here, name)
        elif isinstance(value, list):
            entries = table.setdefault(key, [])
            if not isinstance(entries, list):
                raise _shape(name, here, "a list")
            for entry in value:
                if entry not in entries:
                    entries.append(entry)
                    yield {"path": [*here], "entry": True, "value": entry, "old": None}
        elif table.get(key) != value or type(table.get(key)) is not type(value):
            old = table.get(key)
            table[key] = value
            yield {"path": [*here], "entry": False, "value": value, "old": old}


def _shape(name: str, path: tuple[str, ...], kind: str) -> SettingsShapeError:
    return SettingsShapeError(
        f"{name}: {'.'.join(path)} is not {kind}; repair it first"
    )


def without(document: Mapping[str, Any], additions: list[Addition]) -> dict[str, Any]:
    """Return the document without additions; what changed meanwhile stays."""
    result: dict[str, Any] = json.loads(json.dumps(document))
    for addition in reversed(additions):
        _remove(result, addition)
    return result


def _remove(document: dict[str, Any], addition: Addition) -> None:
    *folders, key = addition["path"]
    tables = [document]
    for folder in folders:
        inner = tables[-1].get(folder)
        if not isinstance(inner, dict):
            return
        tables.append(inner)
    value = tables[-1].get(key)
    if addition["entry"]:
        if not isinstance(value, list) or addition["value"] not in value:
            return
        value.remove(addition["value"])
        if not value:
            del tables[-1][key]
    elif value == addition["value"]:
        if addition["old"] is None:
            del tables[-1][key]
        else:
            tables[-1][key] = addition["old"]
    # Tables that were made for it are empty now.
    for folder, table in zip(reversed(folders), reversed(tables[:-1]), strict=True):
        if table[folder] == {}:
            del table[folder]


def missing(
    document: Mapping[str, Any], wanted: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield the path of each wanted value that a document does not have."""
    for key, value in wanted.items():
        here = (*path, key)
        found = document.get(key) if isinstance(document, dict) else None
        if isinstance(value, dict):
            yield from missing(found if isinstance(found, dict) else {}, value, here)
        elif isinstance(value, list):
            entries = found if isinstance(found, list) else []
            for entry in value:
                if entry not in entries:
                    shown = entry if isinstance(entry, str) else "the guard's hook"
                    yield f"{'.'.join(here)}: {shown}"
        elif found != value:
            yield f"{'.'.join(here)} is not {json.dumps(value)}"
