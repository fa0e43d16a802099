"""The tree of the repository after a change, with the trusted side as its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.ecosystems.project_tree import ProjectTree
from zt_gate.syntax.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.model.change import ChangeSet


def tree_after(
    change: ChangeSet,
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
) -> ProjectTree:
    """Return the tree; ``trusted`` and ``paths`` read and list the files of the base.

    Links of the change are not in it.  If the files of the base are not known, the
    tree has those of the change only.
    """
    base_paths = frozenset(paths() or ())
    base = ProjectTree(base_paths, trusted)
    contents = {
        file.path: file.new
        for file in change.files
        if file.new is not None and not file.is_symlink
    }
    removed = {file.path for file in change.files}
    removed |= {
        file.old_path
        for file in change.files
        if file.status == "R" and file.old_path is not None
    }

    def read(path: bytes) -> bytes | None:
        blob = contents.get(path)
        return base.read(path) if blob is None else blob.read(MAX_BYTES)

    return ProjectTree((base_paths - removed) | contents.keys(), read, base)
