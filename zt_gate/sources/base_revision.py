"""The change since the merge base of HEAD with a revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.sources.commit_range import read_base

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.sources.base import SourceInputs


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change from HEAD's merge base with ``inputs.spec``; raises GitError."""
    assert git is not None
    return read_base(git, inputs.spec)
