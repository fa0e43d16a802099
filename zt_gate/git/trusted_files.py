"""Reads files of the project at a trusted commit.

The trees are read one by one: git's own ``COMMIT:path`` reports "missing" both
for a path that does not exist and for an object that cannot be read, and an
unreadable file must not count as a missing one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError, visible
from zt_gate.model.change import MODE_SUBMODULE, MODE_SYMLINK

if TYPE_CHECKING:
    from zt_gate.git.run import Git

_MODE_TREE = 0o040000
#: Bytes that a settings file may have.
LIMIT = 10 << 20


def read_file(
    git: Git,
    commit: str,
    path: bytes,
    store: BlobStore | None = None,
    limit: int = LIMIT,
) -> bytes | None:
    """Return the file ``path`` of ``commit`` (an object id), None if it does not exist.

    With ``commit`` "" (no commits yet) nothing exists.  Reads of several files
    can share one ``store`` and so one process.  Raises GitError if git fails, the
    path is a link, a folder or a submodule, or the file has more than ``limit`` bytes.
    """
    if not commit or commit == git.empty_tree:
        return None
    store = BlobStore(git) if store is None else store
    oid, mode = commit, _MODE_TREE
    for name in path.split(b"/"):
        if mode != _MODE_TREE:
            return None
        kind, data = store.fetch(oid)
        entry = _entries(kind, data, store, git).get(name)
        if entry is None:
            return None
        mode, oid = entry
        if mode == MODE_SYMLINK:
            raise GitError(
                f"{visible(path)} is a symbolic link at {commit[:12]}; links are not followed"
            )
    if mode in {_MODE_TREE, MODE_SUBMODULE}:
        kind = "folder" if mode == _MODE_TREE else "submodule"
        raise GitError(f"{visible(path)} is a {kind} at {commit[:12]}, not a file")
    return store.fetch(oid, limit)[1]


def list_paths(git: Git, commit: str) -> tuple[bytes, ...]:
    """Return the paths of all files of ``commit`` (an object id), submodules included.

    With ``commit`` "" (no commits yet) there are none.  Raises GitError.
    """
    if not commit or commit == git.empty_tree:
        return ()
    output = git.run(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])
    return tuple(output.split(b"\0")[:-1])


def _entries(
    kind: str, data: bytes, store: BlobStore, git: Git
) -> dict[bytes, tuple[int, str]]:
    """Parse a tree, or the tree of a commit; return mode and id by name."""
    if kind == "commit":
        tree = data.partition(b"\n")[0].removeprefix(b"tree ")
        kind, data = store.fetch(tree.decode("ascii", "replace"))
    if kind != "tree":
        raise GitError(f"the repository has a {visible(kind)} in place of a tree")
    oid_size = 20 if git.object_format == "sha1" else 32
    entries = {}
    start = 0
    while start < len(data):
        space = data.find(b" ", start)
        nul = data.find(b"\0", space)
        if space < 0 or nul < 0 or not data[start:space].isdigit():
            raise GitError("a tree object of the repository is malformed")
        mode = int(data[start:space], 8)
        name = data[space + 1 : nul]
        end = nul + 1 + oid_size
        entries[name] = (mode, data[nul + 1 : end].hex())
        start = end
    return entries


def list_folder(
    git: Git, commit: str, path: bytes, store: BlobStore | None = None
) -> tuple[bytes, ...]:
    """Return the paths of the files of one folder of ``commit``, without its subfolders.

    There are none where the folder does not exist.  Raises GitError if git fails.
    """
    if not commit or commit == git.empty_tree:
        return ()
    store = BlobStore(git) if store is None else store
    oid, mode = commit, _MODE_TREE
    for name in path.rstrip(b"/").split(b"/"):
        kind, data = store.fetch(oid)
        mode, oid = _entries(kind, data, store, git).get(name, (0, ""))
        if mode != _MODE_TREE:
            return ()
    folder = path.rstrip(b"/") + b"/"
    entries = _entries(*store.fetch(oid), store, git)
    kept = (_MODE_TREE, MODE_SUBMODULE, MODE_SYMLINK)
    return tuple(
        folder + name for name, (mode, _) in entries.items() if mode not in kept
    )
