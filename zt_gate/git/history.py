"""Revisions, merge bases, and the commits of a range.

GitPython asks the questions, through a command object that hands every call
to the hardened runner: its own way of starting git would take over whatever
GIT_* variables are set and find git by PATH.  It is imported only when a
range is read.  Commits are read raw and parsed here, because GitPython
replaces bytes that are not UTF-8, cuts nothing off and knows no SHA-256.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.git.commit_headers import said_beside
from zt_gate.git.errors import (
    MEND_SHALLOW,
    GitError,
    NoCommitsError,
    ShallowError,
    UnknownRevisionError,
    visible,
)
from zt_gate.git.isolated_view import apart
from zt_gate.git.raw_diff import DIFF_FLAGS, DiffReader, read_changes
from zt_gate.model.change import Commit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import FileChange

_PERSON = re.compile(rb"([^<]*)<([^>]*)>")
_TRAILERS = "--format=%H%x00%(trailers:only,unfold)%x00"
# Encodings in which ASCII stays ASCII: what is written in them can be read
# raw.  Any other could make plain bytes say something else to git log.
_ASCII_LIKE = ("utf-8", "ascii", "iso8859", "cp125", "koi8", "euc", "mac-", "latin")


def resolve(git: Git, rev: str) -> str:
    """Return the id of the commit that ``rev`` names, without GitPython.

    Raises UnknownRevisionError, NoCommitsError (HEAD before the first
    commit), or ShallowError where the clone is shallow and does not have it.
    """
    if rev in {"HEAD", "@"}:
        if not git.head:
            raise NoCommitsError("the repository has no commits yet")
        return git.head
    found = ""
    if rev and "\0" not in rev:
        args = ["rev-parse", "--verify", "-q", "--end-of-options", f"{rev}^{{commit}}"]
        found = git.run(args, ok=(0, 1, 128)).decode("ascii", "replace").strip()
    if len(found) == len(git.empty_tree) and not found.strip("0123456789abcdef"):
        return found
    if git.shallow:
        raise ShallowError(
            f"revision {visible(rev)} is not in this clone; {MEND_SHALLOW}"
        )
    if not git.head and "HEAD" in rev:
        raise NoCommitsError("the repository has no commits yet")
    raise UnknownRevisionError(
        f"revision {visible(rev)} does not exist in this repository"
    )


def is_null_revision(git: Git, rev: str) -> bool:
    """Whether ``rev`` stands for "nothing was there": the empty tree or a null id."""
    return rev == git.empty_tree or (
        len(rev) == len(git.empty_tree) and not rev.strip("0")
    )


def merge_base(git: Git, one: str, other: str) -> str:
    """Return the best common ancestor of two commit ids.

    Where the histories have nothing in common it is the empty tree: everything
    is new then.  Raises ShallowError where a shallow clone hides it.
    """
    from zt_gate.git import gitpython

    found = gitpython.merge_base(git, one, other)
    if found:
        return found
    if git.shallow:
        raise ShallowError(
            f"the merge base of {one[:12]} and {other[:12]} is missing; {MEND_SHALLOW}"
        )
    return git.empty_tree


def commits(
    git: Git, since: str, until: str, blobs: BlobStore, spool: Spool
) -> tuple[Commit, ...]:
    """Return the commits that ``until`` has and ``since`` has not, parents first.

    Each comes with what it changed against its first parent.  A merge comes
    with what it added itself: the lines that none of its parents has; what it
    brought in from a parent stands in that parent's commits, or was there
    before.  Raises ShallowError where a parent was never fetched.
    """
    from zt_gate.git import gitpython

    span = [until] if is_null_revision(git, since) else [until, f"^{since}"]
    listed = gitpython.rev_list(
        git,
        "--topo-order",
        "--reverse",
        "--encoding=UTF-8",
        "--no-commit-header",
        _TRAILERS,
        *span,
        "--",
    )
    fields = listed.split(b"\0")
    records = [
        (fields[at].strip().decode(), fields[at + 1])
        for at in range(0, len(fields) - 1, 2)
    ]
    check_complete(git, [oid for oid, _ in records])
    raw = {oid: _parse(oid, blobs.fetch(oid), trailers) for oid, trailers in records}
    plain = [oid for oid, (_, parents) in raw.items() if len(parents) < 2]
    files = dict(_files(git, plain, blobs, spool))
    for oid, (_, parents) in raw.items():
        if len(parents) > 1:
            from zt_gate.git.merge_content import own_files

            files[oid] = own_files(git, oid, parents, blobs, spool)
    return tuple(replace(commit, files=files[oid]) for oid, (commit, _) in raw.items())


def trailers_of(git: Git, message: bytes) -> tuple[tuple[str, str], ...]:
    """Return the trailers of a message that is not committed yet, comments left out.

    Nothing of git's configuration adds any.  Raises GitError.
    """
    args = ["interpret-trailers", "--parse", "--no-divider"]
    return tuple(_trailers(git.run(args, stdin=message)))


def check_complete(git: Git, oids: Sequence[str]) -> None:
    """Raise ShallowError where one of the commits has parents that git pretends not to know."""
    if not git.shallow:
        return
    name = git.run(["rev-parse", "--git-path", "shallow"]).removesuffix(b"\n")
    try:
        with open(os.path.join(os.fsencode(git.root), name), "rb") as file:
            cut = set(file.read().decode("ascii", "replace").split())
    except OSError as error:
        raise GitError(
            f"the list of shallow commits cannot be read: {error.strerror}"
        ) from error
    missing = cut.intersection(oids)
    if missing:
        raise ShallowError(
            f"the parents of {min(missing)[:12]} were never fetched; {MEND_SHALLOW}"
        )


def _files(
    git: Git, oids: Sequence[str], blobs: BlobStore, spool: Spool
) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """Yield what each commit changed, from one running git."""
    if not oids:
        return
    import tempfile

    # A file, not a pipe: git starts to answer before it has read everything.
    with tempfile.TemporaryFile() as asked:
        asked.write("".join(f"{oid}\n" for oid in oids).encode())
        asked.seek(0)
        args = ["diff-tree", "--stdin", "--root", "--always", *DIFF_FLAGS]
        with apart(git) as beside, beside.stream(args, asked.fileno()) as pipe:
            reader = DiffReader(pipe.read)
            for oid in oids:
                if reader.until(b"\0").decode("ascii", "replace") != oid:
                    raise GitError("git diff-tree answers out of order")
                yield oid, read_changes(reader, spool, blobs)


def _parse(
    oid: str, fetched: tuple[str, bytes], trailers: bytes
) -> tuple[Commit, list[str]]:
    """Read a raw commit; return it without files, and the ids of its parents."""
    kind, data = fetched
    if kind != "commit":
        raise GitError(f"object {oid[:12]} is a {visible(kind)}, not a commit")
    head, _, message = data.partition(b"\n\n")
    headers: dict[bytes, bytes] = {}
    parents = []
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key == b"parent":
            parents.append(value.decode("ascii", "replace"))
        elif key:
            headers.setdefault(key, value)
    encoding = headers.get(b"encoding", b"").decode("ascii", "replace")
    author = _person(headers.get(b"author", b""), encoding)
    committer = _person(headers.get(b"committer", b""), encoding)
    commit = Commit(
        oid=oid, author_name=author[0], author_email=author[1], committer_name=committer[0],
        committer_email=committer[1], message=in_utf8(message, encoding) + said_beside(head),
        trailers=tuple(_trailers(trailers)),
    )  # fmt: skip
    return commit, parents


def _person(line: bytes, encoding: str) -> tuple[bytes, bytes]:
    match = _PERSON.match(line)
    name, email = match.groups() if match else (line, b"")
    # Of two readings the raw one: a name is one line.
    both = (
        in_utf8(text.strip(), encoding).partition(b"\n")[0] for text in (name, email)
    )
    return next(both), next(both)


def in_utf8(text: bytes, encoding: str) -> bytes:
    """Return what a commit says, in UTF-8, where it declares another encoding.

    Where that encoding can make ASCII bytes mean something else, both readings
    are returned: git shows the one, other tools the other.
    """
    try:
        name = codecs.lookup(encoding or "utf-8").name
        if name == "utf-8":
            return text
        decoded = text.decode(name).encode("utf-8", "replace")
    except (LookupError, ValueError, TypeError):
        return text
    if name.startswith(_ASCII_LIKE) or decoded == text:
        return decoded
    return text + b"\n" + decoded


def _trailers(text: bytes) -> Iterator[tuple[str, str]]:
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()
