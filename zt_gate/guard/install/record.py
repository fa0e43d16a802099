"""What was installed for a client, in the user's state folder."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from zt_gate.guard.private_file import GuardStateError, read_private, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.places import GuardPlaces


def read_record(places: GuardPlaces, client: str) -> dict[str, Any] | None:
    """Return what was recorded, None if nothing was; raises GuardStateError."""
    path = _path(places, client)
    data = read_private(path)
    if data is None:
        return None
    try:
        record = json.loads(data)
        if not isinstance(record, dict) or not isinstance(record["task"], str):
            raise TypeError("no record")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged; remove it and install the guard again"
        ) from error
    return record


def write_record(places: GuardPlaces, client: str, record: Mapping[str, Any]) -> None:
    """Remember what was installed; raises GuardStateError."""
    write_private(_path(places, client), json.dumps(record, indent=1).encode() + b"\n")


def remove_record(places: GuardPlaces, client: str) -> None:
    """Forget what was installed."""
    if os.path.lexists(_path(places, client)):
        os.unlink(_path(places, client))


def _path(places: GuardPlaces, client: str) -> str:
    return os.path.join(places.state, "installed", f"{client}.json")
