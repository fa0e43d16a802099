"""What a user may ask the broker about the user's own sessions, and what is written for it.

Nothing here takes away what was denied: a release is the administrator's.  Nothing tells
of another account: ``places`` are those of the asking one.
"""

from __future__ import annotations

import base64
import json
import pwd
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.guard.history import LocalHistory, find
from zt_gate.guard.masked_text import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.guard.places import GuardPlaces

_MOST_TEXT = 4096
#: Characters of the rows of one answer, and bytes of one part of a file.
_PAGE = 2 << 20
_MOST_PROBLEMS = 50
_NOTES = frozenset(("incident", "contained"))


def answer_to(message: Mapping[str, Any], places: GuardPlaces) -> dict[str, Any]:
    """Return the answer to a question; raises GateError."""
    about = message.get("about")
    history = LocalHistory(places)
    if about == "sessions":
        rows = (session.as_table() for session in history.sessions())
        return _page(rows, message)
    if about == "entries":
        since = _text(message, "since")
        return _page(history.entries(_text(message, "session"), since), message)
    if about == "hash":
        return {"hash": history.last_hash()}
    if about == "contain":
        session = find(history, _text(message, "session"))
        contained = history.contain(session.id, _text(message, "reason"))
        return {"session": contained.as_table()}
    if about == "note":
        session = find(history, _text(message, "session"))
        history.note(session, _note(message, places.user_id))
        return {}
    if about == "snapshot":
        return _file(message, history)
    raise UsageError("unknown question")


def _page(rows: Iterable[dict[str, Any]], message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rows from ``after`` on that one answer holds.

    ``next`` is where the next answer begins, 0 for the end; ``first`` tells whether the
    first row is still the same.
    """
    after = _number(message, "after")
    chosen: list[dict[str, Any]] = []
    size, first = 0, ""
    for place, row in enumerate(rows):
        text = json.dumps(row)
        if not place:
            first = str(row.get("time", ""))
        if place < after:
            continue
        if chosen and size + len(text) > _PAGE:
            return {"rows": chosen, "next": place, "first": first}
        chosen.append(row)
        size += len(text)
    return {"rows": chosen, "next": 0, "first": first}


def _note(message: Mapping[str, Any], user_id: int) -> dict[str, Any]:
    """Return a line of what a person did or saw; who it was is the kernel's to say."""
    entry = message.get("entry")
    if not isinstance(entry, dict) or entry.get("event") not in _NOTES:
        raise UsageError("a person's line is an incident or a containment")
    try:
        by = pwd.getpwuid(user_id).pw_name
    except KeyError:
        by = str(user_id)
    line = {"event": entry["event"], "by": by, "uid": user_id}
    for key in ("saw", "reason"):
        if isinstance(entry.get(key), str):
            line[key] = masked(entry[key][:_MOST_TEXT])
    for key in ("processes", "tokens"):
        if isinstance(entry.get(key), int):
            line[key] = entry[key]
    problems = entry.get("problems")
    if isinstance(problems, list):
        line["problems"] = [
            masked(str(one)[:_MOST_TEXT]) for one in problems[:_MOST_PROBLEMS]
        ]
    return line


def _file(message: Mapping[str, Any], history: LocalHistory) -> dict[str, Any]:
    """Return a part of a snapshot's file, None if there is none; "" is the manifest."""
    session = find(history, _text(message, "session"))
    name, after = _text(message, "name"), _number(message, "after")
    if not name:
        data = history.manifest(session.id)
    elif name.isalnum():
        data = history.copy(session.id, name)
    else:
        raise UsageError("a snapshot's file is named by its digest")
    if data is None:
        return {"data": None, "size": 0}
    part = data[after : after + _PAGE]
    return {"data": base64.b64encode(part).decode("ascii"), "size": len(data)}


def _text(message: Mapping[str, Any], key: str) -> str:
    value = message.get(key, "")
    if not isinstance(value, str) or len(value) > _MOST_TEXT or "\0" in value:
        raise UsageError(f"{key} is not a text")
    return value


def _number(message: Mapping[str, Any], key: str) -> int:
    value = message.get(key, 0)
    if not isinstance(value, int) or value < 0:
        raise UsageError(f"{key} is not a number")
    return value
