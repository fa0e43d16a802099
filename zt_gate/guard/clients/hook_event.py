"""Reads a hook's event with strict types; Claude Code and Codex send the same kind.

Nothing of the event is trusted: the arguments of a tool are a model's words, and a model
may have read hostile text.  What cannot be read is an ``Unread``, whose text quotes nothing.
"""

from __future__ import annotations

import json
import os
import stat

from zt_gate.guard.clients.base import AgentEventError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

#: Bytes of an event.
LONGEST_EVENT = 1 << 20
#: Bytes of a file whose edit is worked out.
LONGEST_FILE = 10 << 20
_LONGEST_NAME = 200


class Unread(Exception):  # noqa: N818 - the call is unread; nothing failed
    """A tool call has parts that no reader knows; the text says which."""


def load(data: bytes) -> dict[str, Any]:
    """Return the event; raises AgentEventError if it is no JSON object, or too long."""
    if len(data) > LONGEST_EVENT:
        raise AgentEventError(f"the event is longer than {LONGEST_EVENT >> 20} MB")
    try:
        event = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise AgentEventError("the event is no JSON") from error
    if not isinstance(event, dict):
        raise AgentEventError("the event is no JSON object")
    return event


def _no_constant(name: str) -> object:
    raise ValueError(name)


def header(event: Mapping[str, Any], key: str) -> str:
    """Return a text that every event has; raises AgentEventError if it is none."""
    value = event.get(key)
    if not isinstance(value, str) or not value or not is_unicode(value):
        raise AgentEventError(f"the event has no {key}")
    return value


def folder(event: Mapping[str, Any]) -> str:
    """Return the absolute folder of an event; raises AgentEventError if it has none."""
    path = header(event, "cwd")
    if not os.path.isabs(path) or "\0" in path:
        raise AgentEventError("the event's cwd is no absolute path")
    return path


def transcript(event: Mapping[str, Any]) -> str:
    """Return the client's own record of the session, "" for none.

    Raises AgentEventError if it is no text.
    """
    if event.get("transcript_path") is None:
        return ""
    return header(event, "transcript_path")


def subagent(event: Mapping[str, Any]) -> str:
    """Return the id of a subagent, else its kind; "" for none."""
    for key in ("agent_id", "agent_type"):
        if event.get(key):
            return printable(event[key])
    return ""


def optional_text(table: Mapping[str, Any], key: str) -> str:
    """Return a text, "" if there is none; raises Unread if it is no text."""
    value = table.get(key)
    return "" if value is None else _checked(value, key)


def text(table: Mapping[str, Any], key: str) -> str:
    """Return a text that must be there; raises Unread."""
    if key not in table:
        raise Unread(f"its {printable(key)} is missing")
    return _checked(table[key], key)


def flag(table: Mapping[str, Any], key: str) -> bool:
    """Return a truth value, False if there is none; raises Unread if it is another kind."""
    value = table.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Unread(f"its {printable(key)} is neither true nor false")
    return value


def only(table: Mapping[str, Any], known: Collection[str]) -> None:
    """Raise Unread if there is a field that no reader knows."""
    for key in table:
        if key not in known:
            raise Unread(f"the field {printable(key)} is not known")


def _checked(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise Unread(f"its {printable(key)} is no text")
    if not is_unicode(value):
        raise Unread(f"its {printable(key)} has characters that are not Unicode")
    return value


def is_unicode(value: str) -> bool:
    """Whether a text has no halves of surrogate pairs, which JSON can spell."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def printable(name: object) -> str:
    """Return a name of an event for a message: short, and no character that acts."""
    text = name if isinstance(name, str) else "?"
    shown = text[:_LONGEST_NAME].encode("ascii", "backslashreplace").decode()
    return "".join(mark if mark.isprintable() else "?" for mark in shown)


def file_content(path: str, cwd: str) -> bytes | None:
    """Return what an edit would start from, None if it cannot be read.

    Links are followed, as the tool does.
    """
    full = os.path.join(cwd, os.path.expanduser(path))
    if "\0" in full:
        return None
    try:
        handle = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_size > LONGEST_FILE:
            return None
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(LONGEST_FILE + 1)
    except OSError:
        return None
    finally:
        os.close(handle)
    return None if len(data) > LONGEST_FILE else data
