"""Reads the values of ``--accept``: a finding's fingerprint, bound to what was judged.

A fingerprint can be computed by whoever knows the salt, which the repository contains.
So a value counts for one head commit only, or, where the change has no commit (staged,
work tree, patch, tree), for the digest of the change that every report prints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.errors import UsageError
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.change import ChangeSet

#: The reason of a waiver by ``--accept``, whose author is unknown.
ACCEPTED = "accepted with --accept"
_VALUE = lazy_re.compile(r"([0-9a-f]{32})@([0-9a-f]{40}|[0-9a-f]{64})")
_FINGERPRINT = lazy_re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One value of ``--accept``; ``bound_to`` is a commit id or the digest of a change."""

    fingerprint: str
    bound_to: str


def parse_accepted(values: Iterable[str]) -> tuple[Acceptance, ...]:
    """Return the values of ``--accept``; raises UsageError for one that is malformed."""
    accepted = []
    for value in values:
        match = _VALUE.fullmatch(value)
        if match is None:
            raise UsageError(_problem(value))
        accepted.append(Acceptance(match[1], match[2]))
    return tuple(accepted)


def _problem(value: str) -> str:
    form = (
        "--accept takes FINGERPRINT@HEAD: the whole fingerprint (32 hexadecimal digits) "
        "and the full id of the head commit, or of a change without a commit the "
        "change_digest of its report"
    )
    if _FINGERPRINT.fullmatch(value):
        return f"{form}; {value} is not bound to a head"
    return f"{form}; not {value!a}"


def acceptances_of(
    accepted: Sequence[Acceptance], change: ChangeSet
) -> tuple[dict[str, str], dict[str, str]]:
    """Return by fingerprint why it is accepted, and why others are not counted."""
    counted: dict[str, str] = {}
    not_counted: dict[str, str] = {}
    for item in accepted:
        if item.bound_to == _subject(change):
            counted[item.fingerprint] = ACCEPTED
        else:
            not_counted[item.fingerprint] = (
                f"--accept not counted: it is bound to {item.bound_to[:12]}, "
                f"and this run judges {_subject(change)[:12]}"
            )
    return counted, {
        fingerprint: reason
        for fingerprint, reason in not_counted.items()
        if fingerprint not in counted
    }


def _subject(change: ChangeSet) -> str:
    """Return what an acceptance must be bound to."""
    is_commit = change.kind in {"range", "base"} and _VALUE.fullmatch(
        f"{'0' * 32}@{change.head}"
    )
    return change.head if is_commit else change.digest
