"""What the doctor is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.git.run import Git

Status = Literal["ok", "fault", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    ``mend`` is what mends a fault, or what would tell what is unknown: a command
    or a sentence.  ``matters``: without knowing it nobody can say that the gate
    is enforced.
    """

    area: str
    name: str
    status: Status
    says: str
    mend: str = ""
    matters: bool = True


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """What is to be looked at.

    ``environ`` is the caller's own environment; ``repository`` is OWNER/NAME on
    the forge, "" where the environment says.
    """

    git: Git
    environ: Mapping[str, str]
    offline: bool = False
    repository: str = ""


def exit_code(checks: Iterable[Check]) -> int:
    """Return 1 where there is a fault, 3 where something that matters is unknown, else 0."""
    found = tuple(checks)
    if any(check.status == "fault" for check in found):
        return 1
    return (
        3 if any(check.status == "unknown" and check.matters for check in found) else 0
    )
