"""Cases with content in the commits of a range that its net change does not have."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted
from zt_gate.drill.payloads import instruction, key

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace

_GROUP = "history"
_KEY = "block secrets/anthropic-api-key"
_INSTRUCTION = "block injection/instructions"
_SCANNERS = ("secrets", "injection")


def _removed_again(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.write("new.py", "x = 1\n")
    repository.commit()
    return workspace.scan(repository, "range", spec=f"{base}..HEAD", only=_SCANNERS)


def _message(text: str, workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    base = repository.head()
    repository.commit(text)
    return workspace.scan(repository, "range", spec=f"{base}..HEAD", only=_SCANNERS)


def _after_nul(workspace: CaseWorkspace) -> GateOutcome:
    """Put a key after a NUL byte, where git log stops."""
    repository = workspace.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    message = b"Fine\n\0\n" + planted().encode()
    commit = repository.commit_of(tree, head, message=message)
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", only=_SCANNERS)


def _author(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    commit = repository.commit_of(
        tree, head, author=key().encode() + b" <a@example.org>"
    )
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", only=_SCANNERS)


def _commit_header(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    commit = repository.commit_of(tree, head, headers=b"note " + planted().encode())
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", only=_SCANNERS)


def _declared_encoding(workspace: CaseWorkspace) -> GateOutcome:
    """Write the message in the encoding that the commit declares."""
    repository = workspace.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    commit = repository.commit_of(
        tree,
        head,
        message=instruction().encode("utf-16-le"),
        headers=b"encoding UTF-16LE\n",
    )
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", only=_SCANNERS)


def _coded_message(codec: str, headers: bytes, workspace: CaseWorkspace) -> GateOutcome:
    """Write a key into a message in an encoding that git does not expect."""
    repository = workspace.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    message = f"Use {key()} for the service\n".encode(codec)
    commit = repository.commit_of(tree, head, message=message, headers=headers)
    return workspace.scan(repository, "range", spec=f"{head}..{commit}", only=_SCANNERS)


def _merge(workspace: CaseWorkspace) -> GateOutcome:
    """Add a key in the merge commit, which no parent contains."""
    repository = workspace.repository()
    base = repository.head()
    repository.git("checkout", "-q", "-b", "side")
    repository.write("side.py", "x = 1\n")
    side = repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("main.py", "x = 1\n")
    main = repository.commit()
    repository.write("side.py", "x = 1\n")
    repository.write("new.py", planted())
    repository.stage()
    merge = repository.commit_of(repository.git("write-tree"), main, side)
    repository.git("rm", "-q", "--cached", "new.py")
    head = repository.commit_of(repository.git("write-tree"), merge)
    return workspace.scan(repository, "range", spec=f"{base}..{head}", only=_SCANNERS)


def _discarded_branch(workspace: CaseWorkspace) -> GateOutcome:
    """Merge a branch with a key but discard its content; its commits are still published."""
    repository = workspace.repository()
    base = repository.head()
    repository.git("checkout", "-q", "-b", "side")
    repository.write("new.py", planted())
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("main.py", "x = 1\n")
    repository.commit()
    repository.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    return workspace.scan(repository, "range", spec=f"{base}..HEAD", only=_SCANNERS)


def _unrelated(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    repository.git("checkout", "-q", "--orphan", "other")
    repository.write("new.py", planted())
    repository.commit()
    return workspace.scan(repository, "range", spec="main..other", only=_SCANNERS)


def _ordinary(workspace: CaseWorkspace) -> GateOutcome:
    repository = workspace.repository()
    base = repository.head()
    for number in range(3):
        repository.write(f"part{number}.py", f"NUMBER = {number}\n")
        repository.commit(
            f"Ignore stale results in part {number}\n\nThe key of the cache was wrong before.\n\n"
            "Signed-off-by: A <a@example.org>\n"
        )
    return workspace.scan(repository, "range", spec=f"{base}..HEAD", only=_SCANNERS)


def _key_removed(workspace: CaseWorkspace) -> GateOutcome:
    """Remove a key, which is no new finding."""
    repository = workspace.repository({b"old.py": planted().encode()})
    repository.git("rm", "-q", "old.py")
    return workspace.scan(repository, only=_SCANNERS)


CASES = (
    Case(
        "added-and-removed",
        _GROUP,
        "a key that the next commit removes",
        _KEY,
        _removed_again,
    ),
    Case(
        "key-in-commit-message",
        _GROUP,
        "a key in a commit message",
        _KEY,
        partial(_message, f"Use {key()}\n"),
    ),
    Case(
        "instruction-in-commit-message",
        _GROUP,
        "an instruction to a model in a commit message",
        _INSTRUCTION,
        partial(_message, f"Fix the build\n\n{instruction()}\n"),
    ),
    Case(
        "key-after-nul-in-message",
        _GROUP,
        "a key after a NUL byte in a commit message",
        _KEY,
        _after_nul,
    ),
    Case("key-as-author", _GROUP, "a key as the author of a commit", _KEY, _author),
    Case(
        "key-in-commit-header",
        _GROUP,
        "a key in an unknown header of a commit",
        _KEY,
        _commit_header,
    ),
    Case(
        "message-in-utf16",
        _GROUP,
        "an instruction in a commit message in UTF-16",
        _INSTRUCTION,
        _declared_encoding,
    ),
    Case(
        "key-in-utf16-message",
        _GROUP,
        "a key in a commit message in UTF-16 without a declared encoding",
        _KEY,
        partial(_coded_message, "utf-16", b""),
    ),
    Case(
        "key-in-ebcdic-message",
        _GROUP,
        "a key in a commit message in EBCDIC",
        _KEY,
        partial(_coded_message, "cp037", b"encoding IBM037\n"),
    ),
    Case(
        "message-in-unknown-encoding",
        _GROUP,
        "a commit message in an encoding that zt-gate cannot decode",
        "block gate/unreadable",
        partial(_coded_message, "cp037", b"encoding X-UNKNOWN\n"),
    ),
    Case(
        "key-in-merge-commit",
        _GROUP,
        "a key that only the merge commit adds",
        _KEY,
        _merge,
    ),
    Case(
        "key-in-discarded-branch",
        _GROUP,
        "a key in a branch whose content a merge discards",
        _KEY,
        _discarded_branch,
    ),
    Case(
        "unrelated-history",
        _GROUP,
        "a branch without a common commit",
        _KEY,
        _unrelated,
    ),
    Case(
        "ordinary-commits",
        "honest",
        "three commits with ordinary messages",
        "pass",
        _ordinary,
    ),
    Case(
        "key-removed",
        "honest",
        "a change that only removes a key",
        "pass",
        _key_removed,
    ),
)
