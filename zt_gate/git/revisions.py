"""Finds the commit that a revision names; the gate's only reader of revisions.

Git's own reader guesses: ``origin/main`` is also the name of a tag, ``deadbeef`` of a
branch, and ``:/text`` of the newest commit with that text.  Whoever can push a ref or
write a message could so choose the base of their own change.  Here a name is looked up
exactly, among all the refs that it could mean.  A name with two meanings is an error,
except that the name of an existing remote-tracking branch means that branch.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.errors import (
    SHALLOW_REMEDY,
    AmbiguousRevisionError,
    GitError,
    NoCommitsError,
    ShallowError,
    UnknownRevisionError,
    visible,
)
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.git.run import Git

_REMOTES = "refs/remotes/"
#: Beginnings that make a name a full one; no other ref is meant by it.
_FULL = ("refs/", "heads/", "tags/", "remotes/")
#: What can follow a name: parents, ancestors, and the commit that a tag leads to.
_SUFFIX = lazy_re.compile(r"(?:\^\{(?:commit)?\}|[~^][0-9]{0,9})*")
_REFLOG = lazy_re.compile(r"@\{[0-9]{1,9}\}")
_UPSTREAM = lazy_re.compile(r"@\{u(?:pstream)?\}", re.IGNORECASE)
_PSEUDO_REF = lazy_re.compile(r"[A-Z]{1,20}(?:_[A-Z]{1,20})?_HEAD")
_HEX = frozenset("0123456789abcdef")
#: Digits of the shortest abbreviation that git accepts, and of the shortest it writes.
_SHORTEST, _USUAL = 4, 7
_NOT_IN_NAMES = lazy_re.compile(
    r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^/|[/.]$|\.lock$"
)
#: Remotes by convention: a clone need not have configured them.
_USUAL_REMOTES = frozenset(("origin", "upstream"))
#: Names that mean a branch.  A tag of that name may not stand in for a missing branch.
_BRANCHES = frozenset(("main", "master", "trunk", "develop", "development", "default"))
_MAX_LISTED = 5


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit and how it was named.

    ``ref`` is the full name of the ref, "" for an object id or HEAD.  ``is_exact``:
    nobody who pushes a ref or checks out a branch can make the name mean another
    commit; false for a short name of a tag or a local branch.
    """

    oid: str
    ref: str = ""
    is_exact: bool = True


def resolve(git: Git, rev: str) -> str:
    """Return the id of the commit that ``rev`` names; raises as ``find`` does."""
    return find(git, rev).oid


def find(git: Git, rev: str) -> Revision:
    """Return the commit that ``rev`` names.

    ``rev`` is an object id (also abbreviated), HEAD, ``@``, the name of a ref, or
    ``@{upstream}``, with ``~N``, ``^N``, ``^{commit}`` or ``@{N}`` behind it.  Raises
    AmbiguousRevisionError, UnknownRevisionError, NoCommitsError (HEAD before the first
    commit), or ShallowError if a shallow clone does not have the commit.
    """
    name, reflog, suffix = _split(rev)
    if name in {"HEAD", "@"}:
        return _from_head(git, rev, reflog, suffix)
    if len(name) == len(git.empty_tree) and _HEX.issuperset(name):
        found = Revision(name)
    else:
        found = _named(git, rev, name)
    if reflog and not found.ref:
        raise _not_a_name(rev)  # an object id has no log
    if reflog:
        # A full name of an existing ref means this ref alone.
        return Revision(
            _commit(git, rev, found.ref + reflog + suffix), found.ref, found.is_exact
        )
    return Revision(_commit(git, rev, found.oid + suffix), found.ref, found.is_exact)


def is_null_revision(git: Git, rev: str) -> bool:
    """Whether ``rev`` is the id of the empty tree or the null id (zeros)."""
    if rev == git.empty_tree:
        return True
    return len(rev) == len(git.empty_tree) and not rev.strip("0")


def _split(rev: str) -> tuple[str, str, str]:
    """Return name, reflog entry and suffix; raises UnknownRevisionError for other forms."""
    end = len(rev)
    for mark in ("~", "^"):
        position = rev.find(mark)
        if position >= 0:
            end = min(end, position)
    name, suffix = rev[:end], rev[end:]
    reflog = ""
    start = name.find("@{")
    if start >= 0:
        entry = name[start:]
        if _REFLOG.fullmatch(entry):
            name, reflog = name[:start] or "HEAD", entry
        elif not _UPSTREAM.fullmatch(entry):
            raise _not_a_name(rev)
    is_name = name[:start] if start >= 0 and not reflog else name
    if _NOT_IN_NAMES.search(is_name) or not name or not _SUFFIX.fullmatch(suffix):
        raise _not_a_name(rev)
    return name, reflog, suffix


def _not_a_name(rev: str) -> UnknownRevisionError:
    return UnknownRevisionError(
        f"revision {visible(rev)} does not exist as the name of a commit: write a commit id, "
        "HEAD, or the full name of a ref such as refs/heads/NAME, with ~N or ^N behind it; "
        "searches, dates and paths are not accepted"
    )


def _from_head(git: Git, rev: str, reflog: str, suffix: str) -> Revision:
    if not git.head:
        raise NoCommitsError("the repository has no commits yet")
    if not reflog and not suffix:
        return Revision(git.head)
    start = f"HEAD{reflog}" if reflog else git.head
    return Revision(_commit(git, rev, start + suffix))


def _commit(git: Git, rev: str, expression: str) -> str:
    """Return the commit of an expression that begins with an object id or a full ref."""
    args = [
        "rev-parse",
        "--verify",
        "-q",
        "--end-of-options",
        f"{expression}^{{commit}}",
    ]
    oid = git.run(args, ok=(0, 1, 128)).decode("ascii", "replace").strip()
    if len(oid) == len(git.empty_tree) and _HEX.issuperset(oid):
        return oid
    raise _missing(git, rev)


def _missing(git: Git, rev: str, hint: str = "") -> GitError:
    text = visible(rev)
    if git.shallow:
        return ShallowError(
            f"revision {text} is not in this clone{hint}; {SHALLOW_REMEDY}"
        )
    return UnknownRevisionError(
        f"revision {text} does not exist in this repository{hint}"
    )


def _named(git: Git, rev: str, name: str) -> Revision:
    """Return what a name without a suffix means: a ref or an abbreviated id."""
    if name.endswith("}"):
        return _upstream(git, rev, name.partition("@{")[0])
    if name.startswith(_FULL):
        return _full(git, rev, name)
    refs = _refs(git, name)
    meant = _meant(name, refs)
    if _SHORTEST <= len(name) < len(git.empty_tree) and _HEX.issuperset(name.lower()):
        return _hexadecimal(git, rev, name.lower(), meant)
    tracking = _REMOTES + name
    if "/" in name and tracking in meant:
        return Revision(meant[tracking], tracking)
    if _PSEUDO_REF.fullmatch(name):
        return _pseudo_ref(git, rev, name, meant)
    if not meant:
        raise _missing(git, rev)
    if "/" in name and name.partition("/")[0] in _remotes(git):
        raise _missing(
            git,
            rev,
            f" as {tracking}, and {_listed(meant)} is another ref; fetch "
            f"{tracking}, or write the full name",
        )
    return _single(git, rev, name, refs, meant)


def _single(
    git: Git,
    rev: str,
    name: str,
    refs: Mapping[str, str],
    meant: Mapping[str, str],
) -> Revision:
    """Return the only ref that is meant; raises AmbiguousRevisionError for several."""
    branch = f"refs/heads/{name}"
    rivals = dict(meant)
    if branch not in meant or git.in_ci:
        # A tag, or in CI a branch that was checked out, has the name of a remote's branch.
        rivals = dict(refs)
    if not _same_commit(git, rev, rivals.values()):
        raise _ambiguous(rev, rivals)
    ref = branch if branch in meant else min(meant)
    if ref != branch and name in _BRANCHES:
        raise _missing(
            git, rev, f" as a branch, only as {ref}; write {ref} if that is meant"
        )
    # All of them are the same commit, so one remote-tracking branch vouches for it.
    is_exact = any(rival.startswith(_REMOTES) for rival in rivals)
    return Revision(meant[ref], ref, is_exact)


def _same_commit(git: Git, rev: str, oids: Iterable[str]) -> bool:
    distinct = set(oids)
    if len(distinct) == 1:
        return True
    try:
        return len({_commit(git, rev, oid) for oid in distinct}) == 1
    except (UnknownRevisionError, ShallowError):
        return False  # a tag of a blob or of a tree


def _full(git: Git, rev: str, name: str) -> Revision:
    """Return the ref with exactly this full name; ``heads/x`` is ``refs/heads/x``."""
    ref = name if name.startswith("refs/") else f"refs/{name}"
    oid = _for_each_ref(git, (ref,)).get(ref, "")
    if oid:
        return Revision(oid, ref)
    others = _refs(git, name)
    if not others:
        raise _missing(git, rev)
    raise _missing(git, rev, f"; {_listed(others)} is another ref")


def _hexadecimal(git: Git, rev: str, name: str, meant: Mapping[str, str]) -> Revision:
    """Return the commit with an abbreviated id; a ref may not have the same name."""
    output = git.run(["rev-parse", f"--disambiguate={name}"]).decode("ascii", "replace")
    commits = []
    for oid in output.split():
        try:
            commits.append(_commit(git, rev, oid))
        except GitError:
            continue  # a blob or a tree
    commits = list(dict.fromkeys(commits))
    if meant and (commits or len(name) >= _USUAL):
        raise _ambiguous(rev, meant, "an abbreviated commit id")
    if meant:
        return _single(git, rev, rev, meant, meant)
    if len(commits) > 1:
        raise AmbiguousRevisionError(
            f"revision {visible(rev)} abbreviates several commit ids; write one in full"
        )
    if not commits:
        raise _missing(git, rev)
    return Revision(commits[0])


def _pseudo_ref(git: Git, rev: str, name: str, meant: Mapping[str, str]) -> Revision:
    """Return the commit of FETCH_HEAD and the like, files in git's own folder."""
    if meant:
        raise _ambiguous(rev, meant, f"git's own {name}")
    return Revision(_commit(git, rev, name))


def _upstream(git: Git, rev: str, name: str) -> Revision:
    """Return the remote-tracking branch that a local branch is configured to follow."""
    branch = f"refs/heads/{name}"
    if name in {"", "HEAD", "@"}:
        branch = os.fsdecode(git.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1)).strip())
    elif name.startswith(_FULL):
        branch = name if name.startswith("refs/") else f"refs/{name}"
    if not branch.startswith("refs/heads/"):
        raise _missing(git, rev)
    args = ["for-each-ref", "--format=%(refname) %(upstream)", branch]
    for line in os.fsdecode(git.run(args)).splitlines():
        ref, _, upstream = line.partition(" ")
        if ref == branch and upstream:
            return _full(git, rev, upstream)
    raise _missing(git, rev, ": the branch has no upstream")


def _refs(git: Git, name: str) -> dict[str, str]:
    """Return all refs that could be meant by a name, also the branches of all remotes."""
    exact = (
        f"refs/{name}",
        f"refs/tags/{name}",
        f"refs/heads/{name}",
        f"{_REMOTES}{name}",
        f"{_REMOTES}{name}/HEAD",
    )
    return {
        ref: oid
        for ref, oid in _for_each_ref(git, (*exact, f"{_REMOTES}*/{name}")).items()
        if ref in exact or _is_of_a_remote(ref, name)
    }


def _is_of_a_remote(ref: str, name: str) -> bool:
    remote = ref.removeprefix(_REMOTES).removesuffix(f"/{name}")
    return ref == f"{_REMOTES}{remote}/{name}" and "/" not in remote


def _meant(name: str, refs: Mapping[str, str]) -> dict[str, str]:
    """Return the refs that git itself would consider for a name."""
    of_a_remote = {
        ref
        for ref in refs
        if ref.startswith(_REMOTES)
        and ref not in {f"{_REMOTES}{name}", f"{_REMOTES}{name}/HEAD"}
    }
    return {ref: oid for ref, oid in refs.items() if ref not in of_a_remote}


def _for_each_ref(git: Git, patterns: Iterable[str]) -> dict[str, str]:
    args = ["for-each-ref", "--format=%(objectname) %(refname)", *patterns]
    refs = {}
    for line in os.fsdecode(git.run(args)).split("\n")[:-1]:
        oid, _, ref = line.partition(" ")
        refs[ref] = oid
    return refs


def _remotes(git: Git) -> frozenset[str]:
    """Return the names of the configured remotes, and the usual ones."""
    args = ["config", "-z", "--name-only", "--get-regexp", r"^remote\."]
    names = set()
    for key in os.fsdecode(git.run(args, ok=(0, 1))).split("\0"):
        remote = key.removeprefix("remote.").rpartition(".")[0]
        if remote:
            names.add(remote)
    return _USUAL_REMOTES | names


def _ambiguous(
    rev: str, refs: Iterable[str], other: str = ""
) -> AmbiguousRevisionError:
    names = _listed(refs)
    if other:
        names += f" and {other}"
    return AmbiguousRevisionError(
        f"revision {visible(rev)} is ambiguous: it names {names}; write the full name of "
        "the ref or the full commit id"
    )


def _listed(refs: Iterable[str]) -> str:
    names = sorted(refs)
    shown = [visible(name) for name in names[:_MAX_LISTED]]
    if len(names) > _MAX_LISTED:
        shown.append(f"{len(names) - _MAX_LISTED} more")
    return " and ".join(shown)
