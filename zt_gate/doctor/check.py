"""The doctor's input and its results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.git.run import Git

Status = Literal["ok", "fault", "unknown"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    ``fix`` is a command or a sentence: it fixes a fault, or finds out what is
    unknown.  ``required``: if the result is unknown, so is whether zt-gate is
    enforced.
    """

    area: str
    name: str
    status: Status
    message: str
    fix: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class DoctorContext:
    """The repository to check, and how.

    ``environ`` is the caller's environment; ``repository`` is OWNER/NAME on the
    forge, "" to take it from the environment.
    """

    git: Git
    environ: Mapping[str, str]
    offline: bool = False
    repository: str = ""


def exit_code(checks: Iterable[Check]) -> int:
    """Return 1 if there is a fault, 3 if a required check is unknown, else 0."""
    results = tuple(checks)
    if any(check.status == "fault" for check in results):
        return 1
    if any(check.status == "unknown" and check.required for check in results):
        return 3
    return 0
