"""The change of a commit message that is not committed yet.

The staged files are included without content: the pre-commit scan judges their
lines, and a trailer's task only restricts paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.commit_message_file import LIMIT
from zt_gate.git.history import trailers_of
from zt_gate.git.message_encoding import in_utf8, problem
from zt_gate.model.change import ChangeSet, Commit
from zt_gate.record import replace
from zt_gate.sources import staged
from zt_gate.sources.change_digest import change_digest
from zt_gate.sources.errors import SourceError

if TYPE_CHECKING:
    from zt_gate.git.run import Git
    from zt_gate.sources.base import SourceInputs


def read_change(git: Git | None, inputs: SourceInputs) -> ChangeSet:
    """Return the commit message with the paths of the staged change; raises GitError."""
    assert git is not None
    return read(git, inputs.message)


def read(git: Git, message: bytes) -> ChangeSet:
    """Return a change with one future commit that has this message.

    The commit has the null id, as in ``git blame``.  Raises SourceError for a
    message of more than 1 MB, GitError.
    """
    if len(message) > LIMIT:
        raise SourceError("the commit message is larger than 1 MB")
    change = staged.read(git)
    output = git.run(["config", "--get", "i18n.commitEncoding"], ok=(0, 1))
    encoding = output.decode("ascii", "replace").strip()
    commit = Commit(
        oid="0" * len(git.empty_tree),
        author_name=b"",
        author_email=b"",
        committer_name=b"",
        committer_email=b"",
        message=in_utf8(message, encoding),
        unreadable=problem(message, encoding),
        trailers=trailers_of(git, message),
        files=tuple(replace(file, hunks=(), incomplete="") for file in change.files),
    )
    digest = change_digest((), (commit,))
    return ChangeSet("staged", change.base, "index", digest, (), (commit,))
