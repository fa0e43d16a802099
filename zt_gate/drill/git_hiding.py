"""Settings and marks of git that hide content from a diff, or run a program."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.payloads import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box, DrillRepository

_KEY = "block secrets/anthropic-api-key"


def planted() -> str:
    """Return a line of code with a key."""
    return f'KEY = "{key()}"\n'


def _staged(trick: Callable[[Box, DrillRepository], None], box: Box) -> GateOutcome:
    """Play a trick, stage a key, and judge what is staged."""
    repository = box.repository()
    trick(box, repository)
    repository.write("new.py", planted())
    repository.stage()
    return box.judge(repository)


def _attributes(text: str, _box: Box, repository: DrillRepository) -> None:
    repository.write(".gitattributes", text)


def _info_attributes(_box: Box, repository: DrillRepository) -> None:
    repository.write(".git/info/attributes", "* -diff\n")


def _driver(box: Box, repository: DrillRepository) -> None:
    repository.write(".gitattributes", "*.py diff=x\n")
    repository.git("config", "diff.x.command", box.tool("command"))
    repository.git("config", "diff.x.textconv", box.tool("textconv"))


def _setting(name: str, box: Box, repository: DrillRepository) -> None:
    repository.git("config", name, box.tool())


def _hooks(box: Box, repository: DrillRepository) -> None:
    for name in (
        "pre-commit",
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ):
        repository.write(
            f".git/hooks/{name}", f"#!/bin/sh\nexec {box.tool(name)}\n", 0o755
        )


def _format(_box: Box, repository: DrillRepository) -> None:
    for name, value in (
        ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always"),
        ("diff.context", "9"), ("diff.renames", "false"), ("diff.orderFile", os.devnull),
        ("diff.ignoreSubmodules", "all"), ("core.quotePath", "true"),
    ):  # fmt: skip
        repository.git("config", name, value)


def _submodule(_box: Box, repository: DrillRepository) -> None:
    repository.write(
        ".gitmodules", '[submodule "s"]\n path = s\n url = ./s\n ignore = all\n'
    )
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")


def _nested(box: Box, repository: DrillRepository) -> None:
    repository.write("objects/x", "")
    repository.write("refs/x", "")
    repository.write("HEAD", "ref: refs/heads/main\n")
    repository.write("config", f"[core]\n\tbare = true\n\tfsmonitor = {box.tool()}\n")


def _magic(_box: Box, repository: DrillRepository) -> None:
    repository.write(":(exclude)new.py", "x = 1\n")


def _ignored(_box: Box, repository: DrillRepository) -> None:
    repository.write(".gitignore", "*.py\n")


def _collision(_box: Box, repository: DrillRepository) -> None:
    repository.write("NEW.PY", "x = 1\n")


def _moved(box: Box) -> GateOutcome:
    """Rename a file and add a key to it."""
    repository = box.repository()
    repository.git("mv", "app.py", "moved.py")
    repository.write("moved.py", "print(1)\n" * 30 + planted())
    repository.stage()
    return box.judge(repository)


def _link(box: Box) -> GateOutcome:
    repository = box.repository()
    os.symlink(key(), repository.path / "link")
    repository.stage()
    return box.judge(repository)


def _marked(word: str, box: Box) -> GateOutcome:
    """Hide an edit of the work tree behind a mark in the index."""
    repository = box.repository()
    repository.git("update-index", word, "app.py")
    repository.write("app.py", "print(1)\n" * 30 + planted())
    return box.judge(repository, "worktree")


def _cleaned(box: Box) -> GateOutcome:
    """Hide an edit of the work tree behind a filter."""
    repository = box.repository(
        {b"app.py": b"x = 1\n", b".gitattributes": b"*.py filter=x\n"}
    )
    repository.git("config", "filter.x.clean", box.tool())
    repository.write("app.py", planted())
    return box.judge(repository, "worktree")


def _untracked(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("new.py", planted())
    return box.judge(repository, "worktree")


def _intended(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("new.py", planted())
    repository.git("add", "-N", "new.py")
    return box.judge(repository, "worktree")


def _outside(box: Box) -> GateOutcome:
    """Lead a link in the work tree to a file with a key, which is not the project's."""
    repository = box.repository()
    (box.folder / "outside").write_text(planted())
    os.symlink(box.folder / "outside", repository.path / "link.py")
    return box.judge(repository, "worktree")


def _other_index(box: Box) -> GateOutcome:
    """Commit with another index, as ``git commit FILE`` does."""
    repository = box.repository()
    repository.write("new.py", planted())
    index = {"GIT_INDEX_FILE": str(box.folder / "index")}
    repository.git("read-tree", "HEAD", env=index)
    repository.git("add", "new.py", env=index)
    return box.judge(repository, env=index)


def _split_index(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.write("new.py", planted())
    repository.git("update-index", "--split-index")
    repository.stage()
    return box.judge(repository)


def _conflict(box: Box) -> GateOutcome:
    """Stage a key as two sides of a conflict."""
    repository = box.repository()
    oid = repository.store(planted())
    lines = f"100644 {oid} 2\tnew.py\n100644 {oid} 3\tnew.py\n".encode()
    repository.git("update-index", "--index-info", stdin=lines)
    return box.judge(repository)


_STAGED: dict[str, tuple[str, Callable[[Box, DrillRepository], None]]] = {
    "attributes-without-diff": (
        "*.py are no text for git",
        partial(_attributes, "*.py -diff\n"),
    ),
    "attributes-binary": (
        "*.py are binary for git",
        partial(_attributes, "*.py binary\n"),
    ),
    "attributes-generated": (
        "*.py are marked as generated",
        partial(_attributes, "*.py linguist-generated -text export-ignore\n"),
    ),
    "attributes-outside-the-tree": ("attributes in .git/info", _info_attributes),
    "diff-driver": ("a program of the repository shows diffs", _driver),
    "external-diff": (
        "a program is set for all diffs",
        partial(_setting, "diff.external"),
    ),
    "file-monitor": (
        "a program tells git what changed",
        partial(_setting, "core.fsmonitor"),
    ),
    "hooks": ("hooks of the repository", _hooks),
    "other-diff-format": ("settings that change how a diff looks", _format),
    "ignored-submodule": ("a submodule that the diff does not show", _submodule),
    "repository-in-the-tree": ("a bare repository among the files", _nested),
    "magic-name": ("a name that is a pattern for git", _magic),
    "ignored-file": ("the file is ignored, and added by force", _ignored),
    "names-that-collide": ("two names that differ in letter case", _collision),
}

CASES = (
    *(
        Case(name, "hiding", what, _KEY, partial(_staged, trick), (b"new.py",))
        for name, (what, trick) in _STAGED.items()
    ),
    Case("renamed-and-edited", "hiding", "a key arrives with a rename", _KEY, _moved),
    Case("key-as-a-link", "hiding", "a link whose target is a key", "block secrets/*", _link),
    Case("assume-unchanged", "hiding", "an edit that git does not look at", _KEY,
         partial(_marked, "--assume-unchanged")),
    Case("skip-worktree", "hiding", "an edit that git skips", _KEY,
         partial(_marked, "--skip-worktree")),
    Case("clean-filter", "hiding", "an edit behind a filter", _KEY, _cleaned),
    Case("untracked-file", "hiding", "a file that git does not know", _KEY, _untracked),
    Case("intent-to-add", "hiding", "a file that is only announced", _KEY, _intended),
    Case("other-index", "hiding", "a commit from another index", _KEY, _other_index),
    Case("split-index", "hiding", "an index in two files", _KEY, _split_index),
    Case("sides-of-a-conflict", "hiding", "a key in an unmerged file", "error", _conflict),
    Case("link-out-of-the-tree", "honest", "a link is not followed", "pass", _outside),
)  # fmt: skip
