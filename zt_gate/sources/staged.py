"""What ``git commit`` would record: the index against HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.patch import diff
from zt_gate.git.spool import Spool
from zt_gate.model.change import ChangeSet
from zt_gate.sources.digest import change_digest

if TYPE_CHECKING:
    from zt_gate.git.run import Git


def read(git: Git, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the staged change; before the first commit everything is added.

    The index is the one of GIT_INDEX_FILE where git says so.  Raises GitError.
    """
    base = git.head or git.empty_tree
    store = BlobStore(git) if blobs is None else blobs
    files = diff(git, ["diff-index", "--cached", base, "--"], Spool(), store)
    return ChangeSet("staged", base, "index", change_digest(files), files)
