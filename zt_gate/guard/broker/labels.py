"""Which account a client's session belongs to, by the records of all accounts.

The first account that shows a session's id has it; the ids of clients cannot be guessed.
"""

from __future__ import annotations

import json
import os
import threading

from zt_gate.guard.private_file import GuardStateError, read_private
from zt_gate.guard.session.records import FILE

_Stamp = tuple[int, int, int]


class LabelOwners:
    """Looks for clients' session ids in the records of each account.

    ``lock`` is held from the look until the id is recorded: of two accounts that show one
    id at the same time, one must be the first.
    """

    def __init__(self, state: str) -> None:
        self._state = state
        self._read: dict[str, tuple[_Stamp, frozenset[str]]] = {}
        self.lock = threading.Lock()

    def other_owner(self, label: str, user_id: int) -> int | None:
        """Return the account that has a session's id, None if it is this one's or new.

        ``label`` is client and id, as in a session's ``labels``.  Raises GuardStateError.
        """
        found = None
        for name in self._accounts():
            if name.isdigit() and label in self._labels(name):
                if int(name) == user_id:
                    return None
                found = int(name)
        return found

    def _accounts(self) -> list[str]:
        try:
            return sorted(os.listdir(self._state))
        except FileNotFoundError:
            return []

    def _labels(self, name: str) -> frozenset[str]:
        path = os.path.join(self._state, name, "sessions", FILE)
        try:
            info = os.stat(path)
        except FileNotFoundError:
            return frozenset()
        stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            known = self._read[path] = stamp, _labels_in(path)
        return known[1]


def _labels_in(path: str) -> frozenset[str]:
    try:
        rows = json.loads(read_private(path) or b'{"sessions": []}')["sessions"]
        return frozenset(label for row in rows for label in row["labels"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GuardStateError(
            f"{path} is damaged, so whose sessions are whose is not known"
        ) from error
