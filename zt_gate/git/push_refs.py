"""What a push would publish: the refs that git names, and where each leaves what is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.git.history import is_null_revision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.git.run import Git

_HEX = frozenset("0123456789abcdef")
#: Characters that no ref name has (git-check-ref-format(1)) and a pattern would obey.
_NO_REMOTE = frozenset("*?[\\ ~^:")


@dataclass(frozen=True, slots=True)
class PushedRef:
    """One ref of a push: ids as the hook gets them, a null id where there is nothing."""

    local: bytes
    oid: str
    remote: bytes
    remote_oid: str

    @property
    def is_deletion(self) -> bool:
        """Whether the push takes the ref away."""
        return not self.oid.strip("0")


def parse(data: bytes) -> tuple[PushedRef, ...]:
    """Read what git writes to the standard input of a pre-push hook (githooks(5)).

    A line is ``local-ref local-oid remote-ref remote-oid``; the first may be any
    expression, with spaces in it.  Raises GitError for anything else.
    """
    refs = []
    for line in data.split(b"\n"):
        if not line:
            continue
        parts = line.rsplit(b" ", 3)
        ids = [part.decode("ascii", "replace") for part in parts[1::2]]
        if len(parts) != 4 or any(
            len(i) not in {40, 64} or not _HEX.issuperset(i) for i in ids
        ):
            raise GitError(
                f"git names a pushed ref in a way that is not known: {visible(line)}"
            )
        refs.append(PushedRef(parts[0], ids[0], parts[2], ids[1]))
    return tuple(refs)


def published_base(git: Git, tip: str, known: Iterable[str], remote: str) -> str:
    """Return the newest commit of the history of ``tip`` (an id) that the remote has.

    It has what its remote-tracking refs and the ids of ``known`` reach; ids
    that are not here say nothing.  With nothing in common it is the empty tree.
    Where merges leave several such commits, any of them: the range from there
    holds all that is new, and perhaps more.  Raises GitError.
    """
    there = [
        *_tracked(git, remote),
        *(oid for oid in known if not is_null_revision(git, oid)),
    ]
    if not there:
        return git.empty_tree
    asked = "".join(
        f"{line}\n" for line in (tip, *(f"^{oid}" for oid in dict.fromkeys(there)))
    )
    listed = git.run(
        ["rev-list", "--boundary", "--ignore-missing", "--stdin"], stdin=asked.encode()
    ).split(b"\n")[:-1]
    if not listed:
        return tip
    edge = [
        line[1:].decode("ascii", "replace") for line in listed if line.startswith(b"-")
    ]
    if len(edge) < 2:
        return edge[0] if edge else git.empty_tree
    found = (
        git.run(["merge-base", tip, *edge], ok=(0, 1))
        .decode("ascii", "replace")
        .strip()
    )
    return found or git.empty_tree


def default_branch(git: Git, remote: str) -> str:
    """Return the commit of the remote's own HEAD as last fetched, "" where it is not known."""
    if not _is_name(remote):
        return ""
    name = f"refs/remotes/{remote}/HEAD^{{commit}}"
    args = ["rev-parse", "--verify", "-q", "--end-of-options", name]
    return git.run(args, ok=(0, 1, 128)).decode("ascii", "replace").strip()


def _tracked(git: Git, remote: str) -> list[str]:
    """Return what the remote-tracking refs of a remote point at; none for a bare address."""
    if not _is_name(remote):
        return []
    args = ["for-each-ref", "--format=%(objectname)", f"refs/remotes/{remote}/"]
    return git.run(args).decode("ascii", "replace").split()


def _is_name(remote: str) -> bool:
    return bool(remote) and remote.isprintable() and not _NO_REMOTE.intersection(remote)
