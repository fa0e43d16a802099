"""A repository seen from a private folder, where its own files cannot lie about it.

Git believes the index in two ways that matter here.  It takes content from the
work tree instead of the object database where the index says that both are the
same; and ``git commit`` records the tree that the index has cached, whether or
not its entries agree.  Whoever can write the index can make the one differ
from the other.  So diffs are read beside an empty work tree, and what would be
committed is asked of git itself, from a copy of the index.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.system.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.git.run import Git


@contextmanager
def apart(git: Git) -> Iterator[Git]:
    """Give the same repository with an empty work tree; raises GitError."""
    with private_folder(git.environ) as empty:
        moved = {
            name: os.path.join(git.root, git.environ[name])
            for name in ("GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
            if git.environ.get(name)
        }
        there = {"GIT_DIR": git.folder, "GIT_WORK_TREE": str(empty)}
        yield replace(git, root=empty, environ={**git.environ, **moved, **there})


@contextmanager
def with_index_copy(git: Git) -> Iterator[Git]:
    """Give the same repository with a private copy of the index; raises GitError.

    Objects that git writes go to the private folder too, and away with it.
    """
    source = git.environ.get("GIT_INDEX_FILE") or os.path.join(git.folder, "index")
    with private_folder(git.environ) as folder:
        try:
            with open(os.path.join(git.root, source), "rb") as index:
                Path(folder, "index").write_bytes(index.read())
        except FileNotFoundError:
            pass  # nothing was ever staged
        except OSError as error:
            raise GitError(
                f"the index cannot be read: {visible(error.strerror or '')}"
            ) from error
        (folder / "objects").mkdir()
        yield private(git, folder)


def private(git: Git, folder: Path) -> Git:
    """Return git with the index and the new objects in ``folder``, the old ones beside them."""
    objects = git.environ.get("GIT_OBJECT_DIRECTORY") or os.path.join(
        git.common_folder, "objects"
    )
    shared = os.path.join(git.root, objects)
    quoted = shared.replace("\\", "\\\\").replace('"', '\\"')
    others = git.environ.get("GIT_ALTERNATE_OBJECT_DIRECTORIES", "")
    return git.with_environ(
        GIT_INDEX_FILE=str(folder / "index"),
        GIT_OBJECT_DIRECTORY=str(folder / "objects"),
        GIT_ALTERNATE_OBJECT_DIRECTORIES=f'"{quoted}"'
        + (f":{others}" if others else ""),
    )
