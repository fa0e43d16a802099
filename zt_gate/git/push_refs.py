"""The refs of a push, and the newest commit that the remote already has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, ShallowError, UnknownRevisionError, visible
from zt_gate.git.revisions import is_null_revision, resolve
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.git.run import Git

_HEX = frozenset("0123456789abcdef")
#: Special characters of patterns, which no ref name has (git-check-ref-format(1)).
_NOT_IN_REF_NAMES = frozenset("*?[\\ ~^:")


@dataclass(frozen=True, slots=True)
class PushedRef:
    """One ref of a push; an id of zeros means that the ref does not exist there."""

    local: bytes
    oid: str
    remote: bytes
    remote_oid: str

    @property
    def is_deletion(self) -> bool:
        """Whether the push deletes the ref."""
        return not self.oid.strip("0")


def parse(data: bytes) -> tuple[PushedRef, ...]:
    """Parse the standard input of a pre-push hook (githooks(5)).

    A line is ``local-ref local-oid remote-ref remote-oid``; the local ref can be
    an expression with spaces.  Raises GitError for any other line.
    """
    refs = []
    for line in data.split(b"\n"):
        if not line:
            continue
        fields = line.rsplit(b" ", 3)
        oids = [field.decode("ascii", "replace") for field in fields[1::2]]
        if len(fields) != 4 or not all(map(_is_oid, oids)):
            raise GitError(f"unknown format of a pushed ref: {visible(line)}")
        refs.append(PushedRef(fields[0], oids[0], fields[2], oids[1]))
    return tuple(refs)


def _is_oid(text: str) -> bool:
    return len(text) in {40, 64} and _HEX.issuperset(text)


def published_base(git: Git, tip: str, known: Iterable[str], remote: str) -> str:
    """Return the newest commit in the history of ``tip`` (an id) that the remote has.

    The remote has what its remote-tracking refs and the ids in ``known`` reach;
    ids that this clone lacks are ignored.  Without a common commit the result is
    the empty tree.  Of several such commits after merges it is any one: the range
    from there holds all new commits, and perhaps more.  Raises GitError.
    """
    published = _tracking_refs(git, remote)
    published += (oid for oid in known if not is_null_revision(git, oid))
    if not published:
        return git.empty_tree
    revisions = [tip, *(f"^{oid}" for oid in dict.fromkeys(published))]
    output = git.run(
        ["rev-list", "--boundary", "--ignore-missing", "--stdin"],
        stdin="".join(f"{revision}\n" for revision in revisions).encode(),
    )
    lines = output.decode("ascii", "replace").split("\n")[:-1]
    if not lines:
        return tip
    boundaries = [line[1:] for line in lines if line.startswith("-")]
    if not boundaries:
        return git.empty_tree
    if len(boundaries) == 1:
        return boundaries[0]
    output = git.run(["merge-base", tip, *boundaries], ok=(0, 1))
    return output.decode("ascii", "replace").strip() or git.empty_tree


def default_branch(git: Git, remote: str) -> str:
    """Return the commit of the remote's HEAD as last fetched, "" if it is not known.

    Raises GitError.
    """
    if not _is_name(remote):
        return ""
    try:
        return resolve(git, f"refs/remotes/{remote}/HEAD")
    except (UnknownRevisionError, ShallowError):
        return ""


def _tracking_refs(git: Git, remote: str) -> list[str]:
    """Return the ids of a remote's remote-tracking refs; a plain address has none."""
    if not _is_name(remote):
        return []
    args = ["for-each-ref", "--format=%(objectname)", f"refs/remotes/{remote}/"]
    return git.run(args).decode("ascii", "replace").split()


def _is_name(remote: str) -> bool:
    if not remote or not remote.isprintable():
        return False
    return _NOT_IN_REF_NAMES.isdisjoint(remote)
