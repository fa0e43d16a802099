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

#: The parsed trees of one run by object id: name → mode and id.
Trees = dict[str, dict[bytes, tuple[int, str]]]

_MODE_TREE = 0o040000
_MOST_LINKS = 10
#: Bytes that a settings file may have.
LIMIT = 10 << 20


def read_file(
    git: Git,
    commit: str,
    path: bytes,
    store: BlobStore | None = None,
    limit: int = LIMIT,
    *,
    trees: Trees | None = None,
) -> bytes | None:
    """Return the file ``path`` of ``commit`` (an object id), None if it does not exist.

    With ``commit`` "" (no commits yet) nothing exists.  Reads of several files
    can share one ``store`` and so one process, and their parsed ``trees``.  Raises
    GitError if git fails, the path is a link, a folder or a submodule, or the file has
    more than ``limit`` bytes.
    """
    if not commit or commit == git.empty_tree:
        return None
    store = BlobStore(git) if store is None else store
    found = _find(git, commit, path, store, {} if trees is None else trees)
    if found is None:
        return None
    mode, oid = found
    if mode == MODE_SYMLINK:
        raise GitError(
            f"{visible(path)} is a symbolic link at {commit[:12]}; links are not followed"
        )
    if mode in {_MODE_TREE, MODE_SUBMODULE}:
        kind = "folder" if mode == _MODE_TREE else "submodule"
        raise GitError(f"{visible(path)} is a {kind} at {commit[:12]}, not a file")
    return store.fetch(oid, limit)[1]


def resolve_link(
    git: Git, commit: str, path: bytes, store: BlobStore, trees: Trees
) -> bytes:
    """Return the path of the file that ``path`` shows through symbolic links of the commit.

    A path without links is returned as it is.  Raises GitError for a link that leads
    outside of the repository, to itself or to nothing.
    """
    if not commit or commit == git.empty_tree:
        return path
    for _ in range(_MOST_LINKS):
        link = _first_link(git, commit, path, store, trees)
        if link is None:
            return path
        link_path, target, remainder = link
        reason = f"{visible(link_path)} is a symbolic link at {commit[:12]}"
        if target.startswith(b"/"):
            raise GitError(f"{reason} that leads outside of the repository")
        parts = link_path.split(b"/")[:-1]
        for part in (*target.split(b"/"), *remainder):
            if part == b"..":
                if not parts:
                    raise GitError(f"{reason} that leads outside of the repository")
                parts.pop()
            elif part not in {b"", b"."}:
                parts.append(part)
        path = b"/".join(parts)
        if not path or _find(git, commit, path, store, trees) is None:
            raise GitError(f"{reason} to a file that does not exist")
    raise GitError(f"{visible(path)} is a circle of symbolic links at {commit[:12]}")


def _first_link(
    git: Git, commit: str, path: bytes, store: BlobStore, trees: Trees
) -> tuple[bytes, bytes, tuple[bytes, ...]] | None:
    """Return the first link in a path: its own path, its target, and what follows it."""
    parts = path.split(b"/")
    for size in range(1, len(parts) + 1):
        above = b"/".join(parts[:size])
        found = _find(git, commit, above, store, trees)
        if found is None:
            return None
        mode, oid = found
        if mode == MODE_SYMLINK:
            target = store.fetch(oid, LIMIT)[1]
            return above, target, tuple(parts[size:])
    return None


def _find(
    git: Git, commit: str, path: bytes, store: BlobStore, trees: Trees
) -> tuple[int, str] | None:
    """Return mode and id of a path, of the first link in it, None if it does not exist."""
    mode, oid = _MODE_TREE, commit
    for name in path.split(b"/"):
        if mode != _MODE_TREE:
            return (mode, oid) if mode == MODE_SYMLINK else None
        if oid not in trees:
            kind, data = store.fetch(oid)
            trees[oid] = _entries(kind, data, store, git)
        entry = trees[oid].get(name)
        if entry is None:
            return None
        mode, oid = entry
    return mode, oid


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
