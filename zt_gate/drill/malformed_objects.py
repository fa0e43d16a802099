"""Cases with objects that git itself does not write, or with a forged history."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_GROUP = "objects"
_KEY = "block secrets/anthropic-api-key"


def _entry(
    repository: DrillRepository, mode: bytes, name: bytes, content: str
) -> bytes:
    return mode + b" " + name + b"\0" + bytes.fromhex(repository.store(content))


def _tree(repository: DrillRepository, *entries: bytes) -> str:
    return repository.store(b"".join(entries), "tree")


def _range(
    workspace: CaseWorkspace, repository: DrillRepository, tree: str, **settings: object
) -> GateOutcome:
    """Commit a tree on top of HEAD without git's checks, and scan the commit."""
    head = repository.head()
    commit = repository.commit_of(tree, head)
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", **settings)  # type: ignore[arg-type]


def _mode(mode: bytes, workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    return _range(
        workspace,
        repository,
        _tree(repository, _entry(repository, mode, b"a.py", planted())),
    )


def _duplicate_name(workspace: CaseWorkspace) -> GateOutcome:
    """Give two files the same name; programs differ in which one they check out."""
    repository = workspace.repository()
    clean = _entry(repository, b"100644", b"a.py", "x = 1\n")
    with_key = _entry(repository, b"100644", b"a.py", planted())
    return _range(workspace, repository, _tree(repository, clean, with_key))


def _unsorted(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    last = _entry(repository, b"100644", b"z.py", "x = 1\n")
    first = _entry(repository, b"100644", b"a.py", planted())
    return _range(workspace, repository, _tree(repository, last, first))


def _inside_git(name: bytes, workspace: CaseWorkspace) -> GateOutcome:
    """Commit a hook in a folder that is .git, or that a file system treats as .git."""
    repository = workspace.repository()
    hook = _tree(repository, _entry(repository, b"100755", b"post-checkout", planted()))
    tree = repository.store(b"40000 " + name + b"\0" + bytes.fromhex(hook), "tree")
    return _range(workspace, repository, tree)


def _graft(workspace: CaseWorkspace) -> GateOutcome:
    """Give the last commit another parent, so that the one with the key is not in the history."""
    repository = workspace.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.git("rm", "-q", "new.py")
    repository.write("other.py", "x = 1\n")
    head = repository.commit()
    repository.write(".git/info/grafts", f"{head} {base}\n")
    return workspace.scan(repository, "range", spec=f"{base}..{head}")


def _replaced(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    base = repository.head()
    repository.write("new.py", "x = 1\n")
    clean = repository.commit()
    repository.git("reset", "-q", "--hard", base)
    repository.write("new.py", planted())
    with_key = repository.commit()
    repository.git("replace", "-f", with_key, clean)
    return workspace.scan(repository, "range", spec=f"{base}..{with_key}")


def _alternate(workspace: CaseWorkspace) -> GateOutcome:
    """Store the objects in another repository."""
    source = workspace.repository(name="source")
    base = source.head()
    source.write("new.py", planted())
    source.commit()
    source.git(
        "clone", "-q", "--shared", str(source.path), str(workspace.folder / "clone")
    )
    return workspace.scan(
        type(source)(workspace.folder / "clone"), "range", spec=f"{base}..HEAD"
    )


def _promised(workspace: CaseWorkspace) -> GateOutcome:
    """Configure git to fetch a missing object with a program of the repository."""
    repository = workspace.repository()
    repository.write("new.py", planted())
    repository.stage()
    oid = repository.git("rev-parse", ":new.py")
    for name, value in (
        ("core.repositoryformatversion", "1"), ("extensions.partialClone", "origin"),
        ("remote.origin.url", "ssh://localhost/x"), ("remote.origin.promisor", "true"),
        ("core.sshCommand", workspace.tool()),
    ):  # fmt: skip
        repository.git("config", name, value)
    os.unlink(repository.path / ".git" / "objects" / oid[:2] / oid[2:])
    return workspace.scan(repository)


def _shallow(workspace: CaseWorkspace) -> GateOutcome:
    """Declare that the history begins after the commit with the key."""
    repository = workspace.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.git("rm", "-q", "new.py")
    head = repository.commit()
    repository.write(".git/shallow", f"{head}\n")
    return workspace.scan(repository, "range", spec=f"{base}..{head}")


def _made_executable(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository({b"run.sh": b"#!/bin/sh\necho hello\n"})
    repository.write("run.sh", "#!/bin/sh\necho hello\n", 0o755)
    repository.stage()
    return workspace.scan(repository, only=("scope",))


CASES = (
    Case(
        "unknown-file-mode",
        _GROUP,
        "a file mode that git does not use",
        _KEY,
        partial(_mode, b"100664"),
    ),
    Case(
        "socket-mode",
        _GROUP,
        "a file with the mode of a socket",
        "error",
        partial(_mode, b"140000"),
    ),
    Case(
        "duplicate-name",
        _GROUP,
        "two files with the same name in a tree",
        "error",
        _duplicate_name,
    ),
    Case(
        "unsorted-tree",
        _GROUP,
        "a tree with its entries in the wrong order",
        "block *",
        _unsorted,
    ),
    Case(
        "hook-in-dot-git",
        _GROUP,
        "a hook in a folder named .git",
        "error",
        partial(_inside_git, b".git"),
    ),
    Case(
        "hook-in-dot-git-macos",
        _GROUP,
        "a hook in a folder that is .git for macOS",
        "error",
        partial(_inside_git, b".g\xe2\x80\x8cit"),
    ),
    Case(
        "hook-in-dot-git-windows",
        _GROUP,
        "a hook in a folder that is .git for Windows",
        "error",
        partial(_inside_git, b"GIT~1"),
    ),
    Case(
        "graft", _GROUP, "a graft that removes a commit from the history", _KEY, _graft
    ),
    Case(
        "replaced-commit",
        _GROUP,
        "a commit that git replaces by another",
        _KEY,
        _replaced,
    ),
    Case(
        "alternate-objects", _GROUP, "objects in another repository", _KEY, _alternate
    ),
    Case(
        "promisor-object",
        _GROUP,
        "a missing object that git would fetch with a program",
        "error",
        _promised,
    ),
    Case("forged-shallow", _GROUP, "a forged shallow history", "error", _shallow),
    Case(
        "made-executable",
        _GROUP,
        "a script that becomes executable",
        "warn scope/made-executable",
        _made_executable,
    ),
)
