"""What a range of commits holds besides its net change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted
from zt_gate.drill.payloads import key, order

if TYPE_CHECKING:
    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import Box

_GROUP = "history"
_KEY = "block secrets/anthropic-api-key"
_ORDER = "block injection/instructions"
_BOTH = ("secrets", "injection")


def _removed_again(box: Box) -> GateOutcome:
    repository = box.repository()
    base = repository.head()
    repository.write("new.py", planted())
    repository.commit()
    repository.write("new.py", "x = 1\n")
    repository.commit()
    return box.judge(repository, "range", spec=f"{base}..HEAD", only=_BOTH)


def _message(text: str, box: Box) -> GateOutcome:
    repository = box.repository()
    base = repository.head()
    repository.commit(text)
    return box.judge(repository, "range", spec=f"{base}..HEAD", only=_BOTH)


def _behind_nul(box: Box) -> GateOutcome:
    """Put a key where git log stops reading."""
    repository = box.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    message = b"Fine\n\0\n" + planted().encode()
    made = repository.commit_of(tree, head, message=message)
    return box.judge(repository, "range", spec=f"{head}..{made}", only=_BOTH)


def _author(box: Box) -> GateOutcome:
    repository = box.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    made = repository.commit_of(tree, head, author=key().encode() + b" <a@example.org>")
    return box.judge(repository, "range", spec=f"{head}..{made}", only=_BOTH)


def _header(box: Box) -> GateOutcome:
    repository = box.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    made = repository.commit_of(tree, head, headers=b"note " + planted().encode())
    return box.judge(repository, "range", spec=f"{head}..{made}", only=_BOTH)


def _declared(box: Box) -> GateOutcome:
    """Declare an encoding in which the message says something else."""
    repository = box.repository()
    head = repository.head()
    tree = repository.git("rev-parse", "HEAD^{tree}")
    made = repository.commit_of(
        tree, head, message=order().encode("utf-16-le"), headers=b"encoding UTF-16LE\n"
    )
    return box.judge(repository, "range", spec=f"{head}..{made}", only=_BOTH)


def _merge(box: Box) -> GateOutcome:
    """Write a key in the merge itself: no parent has it."""
    repository = box.repository()
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
    return box.judge(repository, "range", spec=f"{base}..{head}", only=_BOTH)


def _not_taken(box: Box) -> GateOutcome:
    """Merge a branch with a key and take nothing of it: its commits are published all the same."""
    repository = box.repository()
    base = repository.head()
    repository.git("checkout", "-q", "-b", "side")
    repository.write("new.py", planted())
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.write("main.py", "x = 1\n")
    repository.commit()
    repository.git("merge", "-q", "-s", "ours", "--no-edit", "side")
    return box.judge(repository, "range", spec=f"{base}..HEAD", only=_BOTH)


def _unrelated(box: Box) -> GateOutcome:
    repository = box.repository()
    repository.git("checkout", "-q", "--orphan", "other")
    repository.write("new.py", planted())
    repository.commit()
    return box.judge(repository, "range", spec="main..other", only=_BOTH)


def _ordinary(box: Box) -> GateOutcome:
    repository = box.repository()
    base = repository.head()
    for number in range(3):
        repository.write(f"part{number}.py", f"NUMBER = {number}\n")
        repository.commit(
            f"Ignore stale results in part {number}\n\nThe key of the cache was wrong before.\n\n"
            "Signed-off-by: A <a@example.org>\n"
        )
    return box.judge(repository, "range", spec=f"{base}..HEAD", only=_BOTH)


def _backwards(box: Box) -> GateOutcome:
    """Judge the removal of a key: what was there before is not the change's fault."""
    repository = box.repository({b"old.py": planted().encode()})
    repository.git("rm", "-q", "old.py")
    return box.judge(repository, only=_BOTH)


CASES = (
    Case("added-and-removed", _GROUP, "a key that the next commit removes", _KEY, _removed_again),
    Case("key-in-a-message", _GROUP, "a key in a commit's message", _KEY,
         partial(_message, f"Use {key()}\n")),
    Case("order-in-a-message", _GROUP, "an order to a model in a commit's message", _ORDER,
         partial(_message, f"Mend the build\n\n{order()}\n")),
    Case("key-behind-the-message", _GROUP, "a key where git log stops reading", _KEY, _behind_nul),
    Case("key-as-the-author", _GROUP, "a key as the name of the author", _KEY, _author),
    Case("key-in-a-header", _GROUP, "a key in an unknown header of a commit", _KEY, _header),
    Case("message-in-utf16", _GROUP, "a message in another declared encoding", _ORDER, _declared),
    Case("key-in-the-merge", _GROUP, "a key that only the merge has", _KEY, _merge),
    Case("branch-not-taken", _GROUP, "a merge that hides a branch", _KEY, _not_taken),
    Case("unrelated-history", _GROUP, "a branch that shares nothing", _KEY, _unrelated),
    Case("ordinary-commits", "honest", "three commits with ordinary messages", "pass", _ordinary),
    Case("key-removed", "honest", "a change that only removes a key", "pass", _backwards),
)  # fmt: skip
