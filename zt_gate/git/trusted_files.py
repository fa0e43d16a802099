"""Files of the project as they stand at a trusted commit.

A path is followed through the trees by hand: git's own ``COMMIT:path`` says
"missing" both for a path that is not there and for an object that cannot be
read, and one of them must not pass for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError, visible
from zt_gate.model.change import MODE_SUBMODULE, MODE_SYMLINK

if TYPE_CHECKING:
    from zt_gate.git.run import Git

_MODE_TREE = 0o040000
#: Bytes that a file of settings may have.
LIMIT = 10 << 20


def read_file(
    git: Git,
    commit: str,
    path: bytes,
    store: BlobStore | None = None,
    limit: int = LIMIT,
) -> bytes | None:
    """Return the file ``path`` of ``commit`` (an object id), None where it does not exist.

    With ``commit`` "" (no commits yet) nothing exists.  ``store`` saves a
    process where several files are read.  Raises GitError where git fails, the
    file is a link or a submodule, or has more than ``limit`` bytes.
    """
    if not commit or commit == git.empty_tree:
        return None
    store = BlobStore(git) if store is None else store
    oid, mode = commit, _MODE_TREE
    parts = path.split(b"/")
    for part in parts:
        if mode != _MODE_TREE:
            return None
        entry = _entries(*store.fetch(oid), store, git).get(part)
        if entry is None:
            return None
        mode, oid = entry
        if mode == MODE_SYMLINK:
            raise GitError(
                f"{visible(path)} is a symbolic link at {commit[:12]}: not followed"
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
    listed = git.run(["ls-tree", "-r", "-z", "--name-only", "--full-tree", commit])
    return tuple(listed.split(b"\0")[:-1])


def _entries(
    kind: str, data: bytes, store: BlobStore, git: Git
) -> dict[bytes, tuple[int, str]]:
    """Return the entries of a tree, or of a commit's tree: name to mode and id."""
    if kind == "commit":
        tree = (
            data.partition(b"\n")[0].removeprefix(b"tree ").decode("ascii", "replace")
        )
        kind, data = store.fetch(tree)
    if kind != "tree":
        raise GitError(f"a {visible(kind)} stands where a commit or a folder should")
    width = 20 if git.object_format == "sha1" else 32
    entries = {}
    at = 0
    while at < len(data):
        space = data.find(b" ", at)
        nul = data.find(b"\0", space)
        if space < 0 or nul < 0 or not data[at:space].isdigit():
            raise GitError("a folder of the repository cannot be read")
        at, mode, name = nul + 1 + width, int(data[at:space], 8), data[space + 1 : nul]
        entries[name] = (mode, data[nul + 1 : at].hex())
    return entries
