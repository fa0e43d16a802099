"""Whether a change touches the gate's own policy, and with what."""

from __future__ import annotations

from dataclasses import dataclass
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

if TYPE_CHECKING:
    from zt_gate.model.change import Blob, ChangeSet, FileChange

_NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy file of the change; ``content`` identifies what it would say.

    An approval of the one content is none of another, so the content belongs
    into the finding's fingerprint.
    """

    path: bytes
    content: str


def find_policy_changes(change: ChangeSet) -> tuple[PolicyChange, ...]:
    """Return the files of the net change that are the gate's own policy.

    A pyproject.toml counts where its ``[tool.zt-gate]`` differs between both
    sides, or where that cannot be told.  A tree has no other side: none.
    """
    if change.kind == "tree":
        return ()
    found = []
    for file in change.files:
        # A copy leaves its source as it was.
        names = {file.path} if file.status == "C" else {file.path, file.old_path}
        if FILE in names:
            found.append(PolicyChange(FILE, _identity(file, FILE)))
        if PYPROJECT in names:
            old, new = _sides(file, PYPROJECT)
            before, after = _table_state(old), _table_state(new)
            if before != after or before.startswith("?"):
                found.append(PolicyChange(PYPROJECT, after))
    return tuple(found)


def _sides(file: FileChange, name: bytes) -> tuple[Blob | None, Blob | None]:
    """Return the two sides of ``name``; a rename away or hither has only one."""
    old = file.old if file.old_path == name else None
    return old, file.new if file.path == name else None


def _identity(file: FileChange, name: bytes) -> str:
    new = _sides(file, name)[1]
    if new is None:
        return f"{_NOTHING} {file.new_mode:o}"
    try:
        data = new.read(MAX_PYPROJECT_BYTES)
    except ContentUnavailableError:
        return f"? {new.oid}"
    import hashlib

    return f"{hashlib.sha256(data).hexdigest()} {file.new_mode:o}"


def _table_state(blob: Blob | None) -> str:
    """Return what a side's table says: a digest, "nothing", or "?…" where it cannot be told."""
    if blob is None:
        return _NOTHING
    try:
        table = project_table(blob.read(MAX_PYPROJECT_BYTES))
    except (ContentUnavailableError, PolicyError):
        return f"? {blob.oid}"
    if table is None:
        return _NOTHING
    return digest_of(table) if isinstance(table, dict) else f"? {blob.oid}"
