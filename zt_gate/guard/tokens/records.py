"""Records of issued tokens in the guard's state: one private file for each, until it is revoked.

A record has the handle with which a token is revoked, never the token.  It is written
before anybody gets the token, so a token without a record was in nobody's hands.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.guard.private_file import GuardStateError, read_private, write_private
from zt_gate.record import asdict, dataclass

if TYPE_CHECKING:
    from zt_gate.guard.places import GuardPlaces

_VERSION = 1


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One issued token.

    ``handle`` names it at the issuer; ``process`` is the key of the process that got it
    (``zt_gate.guard.session.identity``).  ``issued`` and ``ends`` are seconds of the clock.
    """

    id: str
    issuer: str
    handle: str
    task: str
    session: str
    root: str
    process: str
    issued: float
    ends: float


def store(places: GuardPlaces, record: TokenRecord) -> None:
    """Write a record; raises GuardStateError."""
    table = {"version": _VERSION, **asdict(record)}
    write_private(path_of(places, record.id), json.dumps(table).encode("ascii"))


def forget(places: GuardPlaces, record: TokenRecord) -> None:
    """Remove the record of a token that was revoked; raises GuardStateError."""
    path = path_of(places, record.id)
    try:
        with suppress(FileNotFoundError):  # another process was first
            os.unlink(path)
    except OSError as error:
        raise GuardStateError(f"{path} cannot be removed: {error.strerror}") from error


def stored(places: GuardPlaces) -> list[TokenRecord]:
    """Return all records, the oldest first; raises GuardStateError for a damaged one."""
    try:
        names = os.listdir(_folder(places))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise GuardStateError(
            f"{_folder(places)} cannot be read: {error.strerror}"
        ) from error
    found = [
        record
        for name in names
        if name.endswith(".json") and not name.startswith(".")
        if (record := _read(os.path.join(_folder(places), name))) is not None
    ]
    return sorted(found, key=lambda record: (record.issued, record.id))


def path_of(places: GuardPlaces, name: str) -> str:
    """Return the file of a record."""
    return os.path.join(_folder(places), f"{name}.json")


def _folder(places: GuardPlaces) -> str:
    return os.path.join(places.state, "tokens")


def _read(path: str) -> TokenRecord | None:
    data = read_private(path)
    if data is None:
        return None
    try:
        table = json.loads(data)
        if table.pop("version") != _VERSION:
            raise ValueError("another version")
        return TokenRecord(**table)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged: a token may still be valid. A person ends it at its "
            "issuer, and removes the file"
        ) from error
