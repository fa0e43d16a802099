"""Objects that git would not write itself, and lies about history."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box, DrillRepository

_GROUP = "objects"
_KEY = "block secrets/anthropic-api-key"


def _entry(
    repository: DrillRepository, mode: bytes, name: bytes, content: str
) -> bytes:
    return mode + b" " + name + b"\0" + bytes.fromhex(repository.store(content))


def _tree(repository: DrillRepository, *entries: bytes) -> str:
    return repository.store(b"".join(entries), "tree")


def _range(
    box: Box, repository: DrillRepository, tree: str, **settings: object
) -> GateOutcome:
    """Commit a tree by hand on top of HEAD and judge it."""
    head = repository.head()
    made = repository.commit_of(tree, head)
    return box.judge(repository, "range", spec=f"{head}..{made}", **settings)  # type: ignore[arg-type]


def _mode(mode: bytes, box: Box) -> GateOutcome:
    repository = box.repository()
    return _range(
        box, repository, _tree(repository, _entry(repository, mode, b"a.py", planted()))
    )


def _twice(box: Box) -> GateOutcome:
    """Give one name to two files: which one is written depends on who writes."""
    repository = box.repository()
    clean = _entry(repository, b"100644", b"a.py", "x = 1\n")
    bad = _entry(repository, b"100644", b"a.py", planted())
    return _range(box, repository, _tree(repository, clean, bad))


def _unsorted(box: Box) -> GateOutcome:
    repository = box.repository()
    last = _entry(repository, b"100644", b"z.py", "x = 1\n")
    first = _entry(repository, b"100644", b"a.py", planted())
    return _range(box, repository, _tree(repository, last, first))


def _inside_git(name: bytes, box: Box) -> GateOutcome:
    """Write a hook by way of a folder that is called .git, or that a file system takes for it."""
    repository = box.repository()
    hook = _tree(repository, _entry(repository, b"100755", b"post-checkout", planted()))
    tree = repository.store(b"40000 " + name + b"\0" + bytes.fromhex(hook), "tree")
    return _range(box, repository, tree)


def _graft(box: Box) -> GateOutcome:
    """Give the last commit another parent: the one with the key is in no history then."""
    repository = box.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.git("rm", "-q", "new.py")
    repository.write("other.py", "x = 1\n")
    head = repository.commit()
    repository.write(".git/info/grafts", f"{head} {base}\n")
    return box.judge(repository, "range", spec=f"{base}..{head}")


def _replaced(box: Box) -> GateOutcome:
    repository = box.repository()
    base = repository.head()
    repository.write("new.py", "x = 1\n")
    clean = repository.commit()
    repository.git("reset", "-q", "--hard", base)
    repository.write("new.py", planted())
    bad = repository.commit()
    repository.git("replace", "-f", bad, clean)
    return box.judge(repository, "range", spec=f"{base}..{bad}")


def _alternate(box: Box) -> GateOutcome:
    """Keep the objects in another repository."""
    source = box.repository(name="source")
    base = source.head()
    source.write("new.py", planted())
    source.commit()
    source.git("clone", "-q", "--shared", str(source.path), str(box.folder / "clone"))
    return box.judge(type(source)(box.folder / "clone"), "range", spec=f"{base}..HEAD")


def _promised(box: Box) -> GateOutcome:
    """Have git fetch a missing object with a program of the repository."""
    repository = box.repository()
    repository.write("new.py", planted())
    repository.stage()
    oid = repository.git("rev-parse", ":new.py")
    for name, value in (
        ("core.repositoryformatversion", "1"), ("extensions.partialClone", "origin"),
        ("remote.origin.url", "ssh://localhost/x"), ("remote.origin.promisor", "true"),
        ("core.sshCommand", box.tool()),
    ):  # fmt: skip
        repository.git("config", name, value)
    os.unlink(repository.path / ".git" / "objects" / oid[:2] / oid[2:])
    return box.judge(repository)


def _shallow(box: Box) -> GateOutcome:
    """Pretend that history begins after the commit with the key."""
    repository = box.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.git("rm", "-q", "new.py")
    head = repository.commit()
    repository.write(".git/shallow", f"{head}\n")
    return box.judge(repository, "range", spec=f"{base}..{head}")


def _made_executable(box: Box) -> GateOutcome:
    repository = box.repository({b"run.sh": b"#!/bin/sh\necho hello\n"})
    repository.write("run.sh", "#!/bin/sh\necho hello\n", 0o755)
    repository.stage()
    return box.judge(repository, only=("scope",))


CASES = (
    Case("odd-mode", _GROUP, "a file with a mode that git does not know", _KEY,
         partial(_mode, b"100664")),
    Case("mode-of-a-socket", _GROUP, "a file with the mode of something else", "error",
         partial(_mode, b"140000")),
    Case("name-given-twice", _GROUP, "two files with one name", "error", _twice),
    Case("unsorted-tree", _GROUP, "a folder in the wrong order", "block *", _unsorted),
    Case("hook-in-the-tree", _GROUP, "a hook in a folder called .git", "error",
         partial(_inside_git, b".git")),
    Case("hook-in-a-folder-like-git", _GROUP, "a hook in what macOS takes for .git", "error",
         partial(_inside_git, b".g\xe2\x80\x8cit")),
    Case("hook-in-a-short-name", _GROUP, "a hook in what Windows takes for .git", "error",
         partial(_inside_git, b"GIT~1")),
    Case("graft", _GROUP, "a graft that takes a commit out of history", _KEY, _graft),
    Case("replaced-commit", _GROUP, "a commit that is shown as another", _KEY, _replaced),
    Case("borrowed-objects", _GROUP, "objects in another repository", _KEY, _alternate),
    Case("promised-object", _GROUP, "an object that a program would fetch", "error", _promised),
    Case("forged-shallow", _GROUP, "a history that is cut off", "error", _shallow),
    Case("made-executable", _GROUP, "a script that became executable",
         "warn scope/made-executable", _made_executable),
)  # fmt: skip
