"""The change of a range of commits, as a whole and commit by commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git import history, revisions
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import NoCommitsError
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.git.tree_view import GitTree
from zt_gate.model.change import ChangeSet
from zt_gate.sources.base import ends_of
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.git.run import Git
    from zt_gate.model.change import Commit, SourceKind
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
    return _read(git, "range", *ends_of(spec), blobs)


def read_base(git: Git, rev: str, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the change from HEAD's merge base with ``rev`` to HEAD; raises GitError."""
    if not git.head:
        raise NoCommitsError("the repository has no commits yet")
    return _read(git, "base", rev, "HEAD", blobs)


def _read(
    git: Git, kind: SourceKind, since: str, until: str, blobs: BlobStore | None
) -> ChangeSet:
    head = revisions.resolve(git, until)
    start = revisions.Revision(git.empty_tree)
    base = git.empty_tree
    if not revisions.is_null_revision(git, since):
        start = revisions.find(git, since)
        base = history.merge_base(git, start.oid, head)
    store = BlobStore(git) if blobs is None else blobs
    spool = Spool()
    commits = history.commits(git, start.oid, head, store, spool)
    files = diff(git, ["diff-tree", base, head, "--"], spool, store)
    return ChangeSet(
        kind,
        base,
        head,
        change_digest(files, commits),
        files,
        commits,
        nothing="" if files else _nothing(start.oid, head, commits),
        tree=GitTree.at(git, head, store),
        doubt="" if commits else _doubt(git, since, start, head),
    )


def _doubt(git: Git, since: str, start: revisions.Revision, head: str) -> str:
    """Return why a range without commits may hide some, "" if it cannot.

    A pushed tag, or a branch that a CI system checks out, can have the name of the
    start.  Locally both ends are often one commit, on the main branch itself.
    """
    if start.is_exact or (start.oid == head and not git.in_ci):
        return ""
    return (
        f"the range is empty, and its start {since!a} is a short name that another ref can "
        f"have: write {start.ref}, a remote-tracking branch or a commit id"
    )


def _nothing(start: str, head: str, commits: Sequence[Commit]) -> str:
    """Return why a range changes no file."""
    if start == head:
        return f"both ends are the same commit, {head[:12]}"
    if not commits:
        return (
            f"the end {head[:12]} is already in the history of the start {start[:12]}"
        )
    number = "1 commit" if len(commits) == 1 else f"{len(commits)} commits"
    return f"{number} up to {head[:12]}, which change no file in the end"
