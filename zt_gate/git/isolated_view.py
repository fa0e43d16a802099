"""Opens a repository with a private work tree, index or object folder.

Git trusts the index in two ways that matter here.  It reads content from the
work tree instead of the object database if the index says that both are equal;
and ``git commit`` records the tree that the index has cached, whether or not
its entries agree.  A process that can write the index can make them differ.
So diffs run with an empty work tree, and git itself writes the tree that would
be committed, from a copy of the index.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zt_gate.git.index_file import read_index
from zt_gate.record import replace
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.git.run import Git


@contextmanager
def with_empty_work_tree(git: Git) -> Iterator[Git]:
    """Yield git for the same repository with an empty work tree; raises GitError."""
    with private_folder(git.environ) as empty:
        environ = {
            **git.environ,
            "GIT_DIR": git.folder,
            "GIT_WORK_TREE": str(empty),
        }
        for name in ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
            if git.environ.get(name):
                environ[name] = os.path.join(git.root, git.environ[name])
        yield replace(git, root=empty, environ=environ)


@contextmanager
def with_index_copy(git: Git) -> Iterator[Git]:
    """Yield git for the same repository with a private copy of the index.

    Git also writes new objects to the private folder, which is removed
    afterwards.  Raises GitError, also for a damaged index.
    """
    index = read_index(git)
    with private_folder(git.environ) as folder:
        if index:
            (folder / "index").write_bytes(index)
        (folder / "objects").mkdir()
        yield with_private_index(git, folder)


def with_private_index(git: Git, folder: Path) -> Git:
    """Return git with its index and new objects in ``folder``; existing objects stay readable."""
    objects = git.environ.get("GIT_OBJECT_DIRECTORY")
    if not objects:
        objects = os.path.join(git.common_folder, "objects")
    shared = os.path.join(git.root, objects)
    quoted = shared.replace("\\", "\\\\").replace('"', '\\"')
    alternates = f'"{quoted}"'
    inherited = git.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    if inherited:
        alternates += f":{inherited}"
    return git.with_environ(
        GIT_INDEX_FILE=str(folder / "index"),
        GIT_OBJECT_DIRECTORY=str(folder / "objects"),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=alternates,
    )
