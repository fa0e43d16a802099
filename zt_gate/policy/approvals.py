"""Approvals given on this machine, stored outside the repository.

There is one JSON file for each repository in the user's state folder (XDG Base
Directory Specification).  Any program of this user can write it, so approvals are
as advisory as all local hooks, unless they must have a proof
(``zt_gate/policy/approval_proof.py``).  CI does not read the file, because a runner may
keep the files of an earlier job; CI requires ``--accept`` or a review.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.record import asdict, dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_VERSION = 1
_MAX_BYTES = 4 << 20


class ApprovalError(GateError):
    """The approvals file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One approved finding; ``since`` and ``expires`` are ISO dates, in UTC.

    ``repository`` is the common folder of the repository; ``change`` identifies the
    content that was approved (``content_of``).  ``proof`` is the kind of proof and, after
    a colon, a signature; "" if nothing proves who gave the approval.
    """

    fingerprint: str
    rule: str
    path: str
    reason: str
    by: str
    since: str
    expires: str
    repository: str = ""
    change: str = ""
    proof: str = ""

    def holds(self, today: str) -> bool:
        """Whether the approval applies on ``today``; the last day is included."""
        return today <= self.expires


def record_path(
    environ: Mapping[str, str], repository: str, scanned: Iterable[Path]
) -> Path | None:
    """Return the path of a repository's approvals file, None if no safe path exists.

    ``repository`` is the common folder (``Git.common_folder``), so that an approval
    applies in all work trees.  A path inside a ``scanned`` folder is not safe: the
    change could contain the file.
    """
    from zt_gate.system.cache import sha256
    from zt_gate.system.state_folder import state_folder

    folder = state_folder(environ, scanned)
    if folder is None:
        return None
    name = sha256(os.fsencode(os.path.realpath(repository)))[:32]
    return folder / "approvals" / f"{name}.json"


def read(record: Path | None) -> tuple[Approval, ...]:
    """Return the approvals; none if the file does not exist.

    Raises ApprovalError if another user could have written the file, or if it
    cannot be read.
    """
    if record is None:
        return ()
    try:
        # Do not follow a link: it could point into the repository.
        handle = os.open(record, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ApprovalError(
            f"approvals file {record} cannot be read: {error.strerror}"
        ) from error
    if not _is_private(os.fstat(handle)):
        os.close(handle)
        raise ApprovalError(
            f"other users can write the approvals file {record}; "
            "delete it and approve the findings again"
        )
    with os.fdopen(handle, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError("too large")
        table = json.loads(data)
        if table["version"] != _VERSION:
            raise ValueError("unsupported version")
        return tuple(_approval(row) for row in table["approvals"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ApprovalError(
            f"{record} is not a valid approvals file; "
            "delete it and approve the findings again"
        ) from error


def _is_private(info: os.stat_result) -> bool:
    """Whether a file is a regular file that only this user can write."""
    is_own = info.st_uid == os.geteuid()
    writable_by_others = bool(info.st_mode & 0o022)
    return stat.S_ISREG(info.st_mode) and is_own and not writable_by_others


def _approval(row: object) -> Approval:
    if not isinstance(row, dict):
        raise TypeError("not a table")
    if not all(isinstance(value, str) for value in row.values()):
        raise TypeError("not a string")
    return Approval(**row)


def write(record: Path, approvals: Iterable[Approval]) -> None:
    """Replace the approvals file atomically; raises ApprovalError."""
    from zt_gate.system.cache import write_atomically

    rows = [asdict(approval) for approval in approvals]
    data = json.dumps({"version": _VERSION, "approvals": rows}, indent=1) + "\n"
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(record, data.encode("ascii"))
    except OSError as error:
        raise ApprovalError(
            f"approvals file {record} cannot be written: {error.strerror}"
        ) from error
