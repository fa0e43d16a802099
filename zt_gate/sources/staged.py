"""The staged change: the tree that ``git commit`` would record, against HEAD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError, visible
from zt_gate.git.isolated_view import with_empty_work_tree, with_index_copy
from zt_gate.git.raw_diff import diff
from zt_gate.git.spooled_text import Spool
from zt_gate.model.change import ChangeSet
from zt_gate.sources.change_digest import change_digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.git.run import Git
    from zt_gate.git.tree_view import GitTree
    from zt_gate.sources.base import SourceInputs

#: Unmerged paths that are named one by one.
_MOST_NAMES = 5


def read_change(git: Git | None, _inputs: SourceInputs) -> ChangeSet:
    """Return the staged change; raises GitError."""
    assert git is not None
    return read(git)


def read(git: Git, blobs: BlobStore | None = None) -> ChangeSet:
    """Return the staged change; before the first commit every file is added.

    It compares the tree that git would commit, because the entries of the index
    can differ from it.  Unmerged paths put the change in doubt: they have no content that
    git would commit.  The index is GIT_INDEX_FILE if git's environment sets
    it.  Raises GitError.
    """
    base = git.head or git.empty_tree
    store = BlobStore(git) if blobs is None else blobs
    doubt = ""
    links: GitTree | None = None
    with with_index_copy(git) as copy:
        try:
            # In a work tree with files, git would run filters to refresh the index.
            with with_empty_work_tree(copy) as isolated:
                tree = isolated.run(["write-tree"]).decode("ascii", "replace").strip()
        except GitError:
            # A merge with conflicts has no tree and cannot be committed; its index
            # can still be scanned.
            files = diff(copy, ["diff-index", "--cached", base, "--"], Spool(), store)
            doubt = unmerged_doubt(_unmerged(copy))
            if not doubt:
                raise
        else:
            files = diff(copy, ["diff-tree", base, tree, "--"], Spool(), store)
            links = _tree(copy, tree, store)
    digest = change_digest(files)
    return ChangeSet("staged", base, "index", digest, files, doubt=doubt, tree=links)


def _tree(git: Git, tree: str, store: BlobStore) -> GitTree | None:
    """Return the files of the index, which are listed now; None if it has no link."""
    from zt_gate.system.regular_file import read_regular

    try:
        index = read_regular(git.environ["GIT_INDEX_FILE"])
    except FileNotFoundError:
        return None
    # The mode of a link, or an index that is split into several files.
    if b"\x00\x00\xa0\x00" not in index and b"link" not in index:
        return None
    from zt_gate.git.tree_view import GitTree

    listing = git.run(["ls-tree", "-r", "-z", "--full-tree", tree])
    return GitTree(lambda: listing, store)


def unmerged_doubt(paths: Iterable[bytes]) -> str:
    """Return why unmerged paths keep the verdict from being a pass, "" without any."""
    names = sorted(set(paths))
    if not names:
        return ""
    shown = ", ".join(map(visible, names[:_MOST_NAMES]))
    if len(names) > _MOST_NAMES:
        shown += ", …"
    return (
        f"{len(names)} unmerged path{'s' * (len(names) > 1)}: {shown}; the versions of both "
        "sides of the merge were not scanned: resolve the conflict and stage the result"
    )


def _unmerged(git: Git) -> Iterator[bytes]:
    for record in git.run(["ls-files", "-z", "--unmerged"]).split(b"\0")[:-1]:
        yield record.partition(b"\t")[2]
