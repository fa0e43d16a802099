"""Finds changes of the gate's own policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.policy.load import (
    FILE,
    MAX_PYPROJECT_BYTES,
    PYPROJECT,
    digest_of,
    project_table,
)
from zt_gate.policy.schema import PolicyError
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.model.change import Blob, ChangeSet, FileChange

_NO_POLICY = "nothing"
#: First character of a state whose content is unknown.
_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A changed policy file; ``content`` identifies its new content.

    It is part of the finding's fingerprint, because an approval of one content must
    not cover another.
    """

    path: bytes
    content: str


def find_policy_changes(change: ChangeSet) -> tuple[PolicyChange, ...]:
    """Return the changed policy files of the net change.

    A pyproject.toml counts if its ``[tool.zt-gate]`` differs between both sides or
    cannot be read.  A tree has no other side, so the result is empty.
    """
    if change.kind == "tree":
        return ()
    changes = []
    for file in change.files:
        changed_paths = {file.path, file.old_path}
        if file.status == "C":
            # A copy does not change its source.
            changed_paths = {file.path}
        if FILE in changed_paths:
            changes.append(PolicyChange(FILE, _content_id(file, FILE)))
        if PYPROJECT in changed_paths:
            old, new = _sides(file, PYPROJECT)
            old_state = _table_state(old)
            new_state = _table_state(new)
            if old_state != new_state or old_state.startswith(_UNKNOWN):
                changes.append(PolicyChange(PYPROJECT, new_state))
    return tuple(changes)


def _sides(file: FileChange, name: bytes) -> tuple[Blob | None, Blob | None]:
    """Return the two sides of ``name``; a rename from or to it has only one."""
    old = file.old if file.old_path == name else None
    new = file.new if file.path == name else None
    return old, new


def _content_id(file: FileChange, name: bytes) -> str:
    _, new = _sides(file, name)
    if new is None:
        return f"{_NO_POLICY} {file.new_mode:o}"
    try:
        data = new.read(MAX_PYPROJECT_BYTES)
    except ContentUnavailableError:
        return f"{_UNKNOWN} {new.oid}"
    import hashlib

    return f"{hashlib.sha256(data).hexdigest()} {file.new_mode:o}"


def _table_state(blob: Blob | None) -> str:
    """Return the digest of a side's table, "nothing", or "?" and its object id."""
    if blob is None:
        return _NO_POLICY
    try:
        table = project_table(blob.read(MAX_PYPROJECT_BYTES))
    except (ContentUnavailableError, PolicyError):
        return f"{_UNKNOWN} {blob.oid}"
    if table is None:
        return _NO_POLICY
    if not isinstance(table, dict):
        return f"{_UNKNOWN} {blob.oid}"
    return digest_of(table)
