"""The change of a range of commits, as a whole and commit by commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git import history
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import NoCommitsError
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.model.change import ChangeSet
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.model.change import SourceKind
    from zt_gate.sources.base import SourceInputs


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the change of the range ``inputs.spec``; raises SourceError, GitError."""
    assert git is not None
    return read(git, inputs.spec)


def read(git: Git, spec: str, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the change of ``A..B`` or ``A...B``: both mean merge-base(A, B)..B.

    An omitted side means HEAD.  ``A`` may be the empty tree or a null id, for a
    first push.  Raises SourceError if ``spec`` is not a range, GitError.
    """
    if ".." not in spec:
        raise SourceError(f"invalid range {spec!a}: write A..B or A...B")
    separator = "..." if "..." in spec else ".."
    since, _, until = spec.partition(separator)
    return _read(git, "range", since or "HEAD", until or "HEAD", blobs)


def read_base(git: Git, rev: str, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the change from HEAD's merge base with ``rev`` to HEAD; raises GitError."""
    if not git.head:
        raise NoCommitsError("the repository has no commits yet")
    return _read(git, "base", rev, "HEAD", blobs)


def _read(
    git: Git, kind: SourceKind, since: str, until: str, blobs: BlobStore | None
) -> ChangeSet:
    head = history.resolve(git, until)
    if history.is_null_revision(git, since):
        start = base = git.empty_tree
    else:
        start = history.resolve(git, since)
        base = history.merge_base(git, start, head)
    store = BlobStore(git) if blobs is None else blobs
    spool = Spool()
    commits = history.commits(git, start, head, store, spool)
    files = diff(git, ["diff-tree", base, head, "--"], spool, store)
    return ChangeSet(kind, base, head, change_digest(files, commits), files, commits)
