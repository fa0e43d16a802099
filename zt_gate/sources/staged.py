"""What ``git commit`` would record: the index against HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError
from zt_gate.git.isolated_view import with_empty_work_tree, with_index_copy
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.model.change import ChangeSet
from zt_gate.sources.change_digest import change_digest

if TYPE_CHECKING:
    from zt_gate.git.run import Git


def read(git: Git, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the staged change; before the first commit everything is added.

    It is the tree that git would commit that is compared, not the index's
    entries: those may say something else.

    The index is the one of GIT_INDEX_FILE where git says so.  Raises GitError.
    """
    base = git.head or git.empty_tree
    store = BlobStore(git) if blobs is None else blobs
    with with_index_copy(git) as copy:
        try:
            # Apart: where it writes the index git would compare files, through filters.
            with with_empty_work_tree(copy) as beside:
                tree = beside.run(["write-tree"]).decode("ascii", "replace").strip()
        except GitError:
            # A merge with conflicts has no tree: it cannot be committed either, but
            # can be looked at.
            files = diff(copy, ["diff-index", "--cached", base, "--"], Spool(), store)
            if not any(file.incomplete for file in files):
                raise
        else:
            files = diff(copy, ["diff-tree", base, tree, "--"], Spool(), store)
    return ChangeSet("staged", base, "index", change_digest(files), files)
