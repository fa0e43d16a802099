"""Cases with git settings and index flags that hide content from a diff or run programs."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.payloads import key

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_KEY = "block secrets/anthropic-api-key"


def planted() -> str:
    """Return a line of code that contains a key."""
    return f'KEY = "{key()}"\n'


def _staged(
    prepare: Callable[[CaseWorkspace, DrillRepository], None], workspace: CaseWorkspace
) -> GateOutcome:
    """Prepare the repository, stage a key, and scan the staged change."""
    repository = workspace.repository()
    prepare(workspace, repository)
    repository.write("new.py", planted())
    repository.stage()
    return workspace.scan(repository)


def _attributes(
    text: str, _workspace: CaseWorkspace, repository: DrillRepository
) -> None:
    repository.write(".gitattributes", text)


def _info_attributes(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write(".git/info/attributes", "* -diff\n")


def _driver(workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write(".gitattributes", "*.py diff=x\n")
    repository.git("config", "diff.x.command", workspace.tool("command"))
    repository.git("config", "diff.x.textconv", workspace.tool("textconv"))


def _setting(name: str, workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.git("config", name, workspace.tool())


def _hooks(workspace: CaseWorkspace, repository: DrillRepository) -> None:
    for name in (
        "pre-commit",
        "post-checkout",
        "post-index-change",
        "reference-transaction",
    ):
        repository.write(
            f".git/hooks/{name}", f"#!/bin/sh\nexec {workspace.tool(name)}\n", 0o755
        )


def _diff_settings(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    for name, value in (
        ("diff.noprefix", "true"), ("diff.mnemonicPrefix", "true"), ("color.ui", "always"),
        ("diff.context", "9"), ("diff.renames", "false"), ("diff.orderFile", os.devnull),
        ("diff.ignoreSubmodules", "all"), ("core.quotePath", "true"),
    ):  # fmt: skip
        repository.git("config", name, value)


def _submodule(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write(
        ".gitmodules", '[submodule "s"]\n path = s\n url = ./s\n ignore = all\n'
    )
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},s")


def _bare_repository(workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write("objects/x", "")
    repository.write("refs/x", "")
    repository.write("HEAD", "ref: refs/heads/main\n")
    repository.write(
        "config", f"[core]\n\tbare = true\n\tfsmonitor = {workspace.tool()}\n"
    )


def _pathspec_name(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write(":(exclude)new.py", "x = 1\n")


def _ignored(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write(".gitignore", "*.py\n")


def _collision(_workspace: CaseWorkspace, repository: DrillRepository) -> None:
    repository.write("NEW.PY", "x = 1\n")


def _moved(workspace: CaseWorkspace) -> GateOutcome:
    """Rename a file and add a key to it."""
    repository = workspace.repository()
    repository.git("mv", "app.py", "moved.py")
    repository.write("moved.py", "print(1)\n" * 30 + planted())
    repository.stage()
    return workspace.scan(repository)


def _link(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    os.symlink(key(), repository.path / "link")
    repository.stage()
    return workspace.scan(repository)


def _flagged(word: str, workspace: CaseWorkspace) -> GateOutcome:
    """Hide an edit of the work tree with a flag in the index."""
    repository = workspace.repository()
    repository.git("update-index", word, "app.py")
    repository.write("app.py", "print(1)\n" * 30 + planted())
    return workspace.scan(repository, "worktree")


def _clean_filter(workspace: CaseWorkspace) -> GateOutcome:
    """Hide an edit of the work tree with a clean filter."""
    repository = workspace.repository(
        {b"app.py": b"x = 1\n", b".gitattributes": b"*.py filter=x\n"}
    )
    repository.git("config", "filter.x.clean", workspace.tool())
    repository.write("app.py", planted())
    return workspace.scan(repository, "worktree")


def _untracked(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("new.py", planted())
    return workspace.scan(repository, "worktree")


def _intent_to_add(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.git("add", "-N", "new.py")
    return workspace.scan(repository, "worktree")


def _outside(workspace: CaseWorkspace) -> GateOutcome:
    """Link from the work tree to a file with a key that is outside."""
    repository = workspace.repository()
    (workspace.folder / "outside").write_text(planted())
    os.symlink(workspace.folder / "outside", repository.path / "link.py")
    return workspace.scan(repository, "worktree")


def _other_index(workspace: CaseWorkspace) -> GateOutcome:
    """Commit with another index, as ``git commit FILE`` does."""
    repository = workspace.repository()
    repository.write("new.py", planted())
    index = {"GIT_INDEX_FILE": str(workspace.folder / "index")}
    repository.git("read-tree", "HEAD", env=index)
    repository.git("add", "new.py", env=index)
    return workspace.scan(repository, env=index)


def _split_index(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.git("update-index", "--split-index")
    repository.stage()
    return workspace.scan(repository)


def _conflict(workspace: CaseWorkspace) -> GateOutcome:
    """Stage a key as two sides of a conflict."""
    repository = workspace.repository()
    oid = repository.store(planted())
    lines = f"100644 {oid} 2\tnew.py\n100644 {oid} 3\tnew.py\n".encode()
    repository.git("update-index", "--index-info", stdin=lines)
    return workspace.scan(repository)


_STAGED: dict[str, tuple[str, Callable[[CaseWorkspace, DrillRepository], None]]] = {
    "attributes-without-diff": (
        "git attributes that turn off diffs of *.py",
        partial(_attributes, "*.py -diff\n"),
    ),
    "attributes-binary": (
        "git attributes that mark *.py as binary",
        partial(_attributes, "*.py binary\n"),
    ),
    "attributes-generated": (
        "git attributes that mark *.py as generated",
        partial(_attributes, "*.py linguist-generated -text export-ignore\n"),
    ),
    "attributes-in-git-folder": ("git attributes in .git/info", _info_attributes),
    "diff-driver": ("a diff driver that runs a program", _driver),
    "external-diff": (
        "a program for all diffs",
        partial(_setting, "diff.external"),
    ),
    "file-monitor": (
        "a program as git's file system monitor",
        partial(_setting, "core.fsmonitor"),
    ),
    "git-hooks": ("hooks in the repository", _hooks),
    "diff-settings": ("settings that change the format of a diff", _diff_settings),
    "ignored-submodule": ("a submodule that diffs ignore", _submodule),
    "embedded-bare-repository": ("a bare repository among the files", _bare_repository),
    "pathspec-name": ("a file name that is a pathspec for git", _pathspec_name),
    "ignored-file": ("an ignored file that is staged by force", _ignored),
    "case-collision": ("two names that differ in letter case", _collision),
}

CASES = (
    *(
        Case(name, "hiding", what, _KEY, partial(_staged, prepare), (b"new.py",))
        for name, (what, prepare) in _STAGED.items()
    ),
    Case(
        "renamed-and-edited",
        "hiding",
        "a key that is added to a renamed file",
        _KEY,
        _moved,
    ),
    Case(
        "key-as-link-target",
        "hiding",
        "a symbolic link whose target is a key",
        "block secrets/*",
        _link,
    ),
    Case(
        "assume-unchanged",
        "hiding",
        "an edit of a file marked assume-unchanged",
        _KEY,
        partial(_flagged, "--assume-unchanged"),
    ),
    Case(
        "skip-worktree",
        "hiding",
        "an edit of a file marked skip-worktree",
        _KEY,
        partial(_flagged, "--skip-worktree"),
    ),
    Case(
        "clean-filter",
        "hiding",
        "an edit that a clean filter hides",
        _KEY,
        _clean_filter,
    ),
    Case("untracked-file", "hiding", "an untracked file", _KEY, _untracked),
    Case(
        "intent-to-add",
        "hiding",
        "a file that is staged with intent-to-add",
        _KEY,
        _intent_to_add,
    ),
    Case("other-index", "hiding", "a commit from another index", _KEY, _other_index),
    Case("split-index", "hiding", "a split index", _KEY, _split_index),
    Case("unmerged-file", "hiding", "a key in an unmerged file", "error", _conflict),
    Case(
        "link-outside-work-tree",
        "honest",
        "a link to a file outside the work tree",
        "pass",
        _outside,
    ),
)
