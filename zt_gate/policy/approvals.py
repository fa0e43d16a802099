"""What a person has said yes to on this machine, kept outside the repository.

A record is one JSON file for each repository in the user's own state folder
(XDG Base Directory Specification).  CI does not read it: a runner may keep what
an earlier job left there.  Whoever can run programs as this user can write it,
so it advises, as all local hooks do; CI asks for ``--accept`` or a review.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_VERSION = 1
_MAX_BYTES = 4 << 20


class ApprovalError(GateError):
    """The record of approvals cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One finding that a person accepts; ``since`` and ``expires`` are ISO dates, in UTC."""

    fingerprint: str
    rule: str
    path: str
    reason: str
    by: str
    since: str
    expires: str

    def holds(self, today: str) -> bool:
        """Whether it still counts; the last day is included."""
        return today <= self.expires


def record_path(
    environ: Mapping[str, str], repository: str, scanned: Iterable[Path]
) -> Path | None:
    """Return where the approvals for a repository are kept, None where there is no safe place.

    ``repository`` is its common folder (``Git.common_folder``), so that an approval
    holds in all its work trees.  A place inside a ``scanned`` folder is refused:
    the change could bring the record.
    """
    from zt_gate.system.cache import sha256

    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".local", "state")
    real = os.path.realpath(base)
    for root in scanned:
        top = os.path.realpath(root)
        if os.path.commonpath((real, top)) == top:
            return None
    name = sha256(os.fsencode(os.path.realpath(repository)))[:32]
    return Path(base, "zt-gate", "approvals", f"{name}.json")


def read(record: Path | None) -> tuple[Approval, ...]:
    """Return the approvals; none where there is no record.

    Raises ApprovalError for one that somebody else could have written, or that
    cannot be read.
    """
    if record is None:
        return ()
    try:
        # No link: it could lead into the repository.
        handle = os.open(record, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise ApprovalError(
            f"the approvals in {record} cannot be read: {error.strerror}"
        ) from error
    info = os.fstat(handle)
    if (
        not stat.S_ISREG(info.st_mode)
        or info.st_uid != os.geteuid()
        or info.st_mode & 0o022
    ):
        os.close(handle)
        raise ApprovalError(
            f"{record} is not this user's alone; remove it and approve again"
        )
    with os.fdopen(handle, "rb") as file:
        data = file.read(_MAX_BYTES + 1)
    try:
        if len(data) > _MAX_BYTES:
            raise ValueError("too large")
        table = json.loads(data)
        if table["version"] != _VERSION:
            raise ValueError("of another version")
        return tuple(_approval(row) for row in table["approvals"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ApprovalError(f"{record} is no record of approvals; remove it") from error


def _approval(row: object) -> Approval:
    if not isinstance(row, dict) or not all(
        isinstance(value, str) for value in row.values()
    ):
        raise TypeError("not text")
    return Approval(**row)


def write(record: Path, approvals: Iterable[Approval]) -> None:
    """Replace the record in one step; raises ApprovalError."""
    from zt_gate.system.cache import write_atomically

    rows = [asdict(one) for one in approvals]
    data = json.dumps({"version": _VERSION, "approvals": rows}, indent=1) + "\n"
    try:
        record.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(record, data.encode("ascii"))
    except OSError as error:
        raise ApprovalError(f"{record} cannot be written: {error.strerror}") from error
