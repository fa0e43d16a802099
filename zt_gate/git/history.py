"""Merge bases, and the commits of a range.

GitPython builds the commands for merge bases and ranges; ``gitpython`` passes
them to the hardened runner, because GitPython itself would start git with any
GIT_* variables that are set and find it by PATH.  It is imported only when a
range is read.  Commits are read raw and parsed here, because GitPython
replaces bytes that are not UTF-8 and does not support SHA-256.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.commit_headers import unusual_headers
from zt_gate.git.errors import (
    SHALLOW_REMEDY,
    GitError,
    ShallowError,
    visible,
)
from zt_gate.git.isolated_view import with_empty_work_tree
from zt_gate.git.message_encoding import in_utf8, problem
from zt_gate.git.raw_diff import DIFF_FLAGS, DiffReader, compared, read_changes
from zt_gate.git.revisions import is_null_revision, resolve
from zt_gate.git.tree_view import GitTree
from zt_gate.model.change import Commit
from zt_gate.record import replace
from zt_gate.system.regular_file import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import FileChange

__all__ = [
    "check_complete",
    "commits",
    "in_utf8",
    "is_null_revision",
    "merge_base",
    "resolve",
    "trailers_of",
]

_IDENTITY = lazy_re.compile(rb"([^<]*)<([^>]*)>")
#: Encodings that one commit may declare and that are tried.
_ENCODINGS = 8
_NAME_LETTERS = 12
_TRAILERS_FORMAT = "--format=%H%x00%(trailers:only,unfold)%x00"


def merge_base(git: Git, first: str, second: str) -> str:
    """Return the best common ancestor of two commit ids.

    For unrelated histories it is the empty tree, so that everything counts as
    new.  Raises ShallowError if a shallow clone may hide it.
    """
    from zt_gate.git import gitpython

    ancestor = gitpython.merge_base(git, first, second)
    if ancestor:
        return ancestor
    if git.shallow:
        raise ShallowError(
            f"the merge base of {first[:12]} and {second[:12]} is missing; {SHALLOW_REMEDY}"
        )
    return git.empty_tree


def commits(
    git: Git, since: str, until: str, blobs: BlobStore, spool: Spool
) -> tuple[Commit, ...]:
    """Return the commits reachable from ``until`` but not from ``since``, parents first.

    Each commit has its changes against its first parent.  A merge has only the
    lines that none of its parents has: the others belong to commits on one of
    its sides.  Raises ShallowError if a parent was never fetched.
    """
    from zt_gate.git import gitpython

    revisions = [until]
    if not is_null_revision(git, since):
        revisions.append(f"^{since}")
    output = gitpython.rev_list(
        git,
        "--topo-order",
        "--reverse",
        "--encoding=UTF-8",
        "--no-commit-header",
        _TRAILERS_FORMAT,
        *revisions,
        "--",
    )
    fields = output.split(b"\0")
    oids = [field.strip().decode() for field in fields[:-1:2]]
    check_complete(git, oids)
    parsed: dict[str, Commit] = {}
    merges: dict[str, list[str]] = {}
    for oid, trailers in zip(oids, fields[1::2], strict=True):
        parsed[oid], parents = _parse(oid, blobs.fetch(oid), trailers)
        if len(parents) > 1:
            merges[oid] = parents
    not_merges = [oid for oid in parsed if oid not in merges]
    files = dict(_files(git, not_merges, blobs, spool))
    for oid, parents in merges.items():
        from zt_gate.git.merge_content import own_files

        files[oid] = own_files(git, oid, parents, blobs, spool)
    blobs.verify(compared(file for changed in files.values() for file in changed))
    return tuple(
        replace(commit, files=files[oid], tree=GitTree.at(git, oid, blobs))
        for oid, commit in parsed.items()
    )


def trailers_of(git: Git, message: bytes) -> tuple[tuple[str, str], ...]:
    """Return the trailers of an uncommitted message, without those in comments.

    Trailers that git's configuration would add are left out.  Raises GitError.
    """
    args = ["interpret-trailers", "--parse", "--no-divider"]
    return tuple(_trailers(git.run(args, stdin=message)))


def check_complete(git: Git, oids: Sequence[str]) -> None:
    """Raise ShallowError if a shallow clone cuts off the parents of one of the commits."""
    if not git.shallow:
        return
    name = git.run(["rev-parse", "--git-path", "shallow"]).removesuffix(b"\n")
    try:
        data = read_regular(os.path.join(os.fsencode(git.root), name))
        boundaries = set(data.decode("ascii", "replace").split())
    except OSError as error:
        raise GitError(
            f"the list of shallow commits cannot be read: {error.strerror}"
        ) from error
    missing = boundaries.intersection(oids)
    if missing:
        raise ShallowError(
            f"the parents of {min(missing)[:12]} were never fetched; {SHALLOW_REMEDY}"
        )


def _files(
    git: Git, oids: Sequence[str], blobs: BlobStore, spool: Spool
) -> Iterator[tuple[str, tuple[FileChange, ...]]]:
    """Yield the changes of each commit, all from one git process."""
    if not oids:
        return
    import tempfile

    # A file, not a pipe: git writes output before it has read all of its input.
    with tempfile.TemporaryFile() as requests:
        requests.write("".join(f"{oid}\n" for oid in oids).encode())
        requests.seek(0)
        args = ["diff-tree", "--stdin", "--root", "--always", *DIFF_FLAGS]
        with (
            with_empty_work_tree(git) as isolated,
            isolated.stream(args, requests.fileno()) as pipe,
        ):
            reader = DiffReader(pipe.read)
            for oid in oids:
                if reader.until(b"\0").decode("ascii", "replace") != oid:
                    raise GitError("git diff-tree lists the commits out of order")
                yield oid, read_changes(reader, spool, blobs)


def _parse(
    oid: str, fetched: tuple[str, bytes], trailers: bytes
) -> tuple[Commit, list[str]]:
    """Parse a raw commit; return it without files, and the ids of its parents."""
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
    author_name, author_email = _identity(headers.get(b"author", b""), encoding)
    committer_name, committer_email = _identity(
        headers.get(b"committer", b""), encoding
    )
    commit = Commit(
        oid=oid,
        author_name=author_name,
        author_email=author_email,
        committer_name=committer_name,
        committer_email=committer_email,
        message=_in_all_encodings(message, encoding, head)
        + _header_texts(head, headers, encoding),
        unreadable=problem(message, encoding),
        trailers=tuple(_trailers(trailers)),
    )
    return commit, parents


def _in_all_encodings(message: bytes, encoding: str, head: bytes) -> bytes:
    """Return a message in the readings of each encoding that the headers declare."""
    texts = [in_utf8(message, encoding)]
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        other = value.decode("ascii", "replace")
        if key == b"encoding" and other != encoding and len(texts) < _ENCODINGS:
            texts.append(in_utf8(message, other))
    return b"\n".join(dict.fromkeys(texts))


def _header_texts(head: bytes, headers: dict[bytes, bytes], encoding: str) -> bytes:
    """Return the free text of the headers, and what the names say in their encoding."""
    texts = [in_utf8(unusual_headers(head), encoding)]
    for key in (b"author", b"committer"):
        readings = in_utf8(headers.get(key, b""), encoding).split(b"\n")
        texts += [text + b"\n" for text in readings[1:] if _has_words(text)]
    return b"".join(dict.fromkeys(texts))


def _has_words(text: bytes) -> bool:
    """Whether a decoded name has so many Latin letters that it is no wrong reading."""
    return sum(map(str.isalpha, text.decode("ascii", "ignore"))) >= _NAME_LETTERS


def _identity(line: bytes, encoding: str) -> tuple[bytes, bytes]:
    """Return the name and the address of an author or committer line."""
    match = _IDENTITY.match(line)
    name, email = match.groups() if match else (line, b"")
    return _first_line(name, encoding), _first_line(email, encoding)


def _first_line(text: bytes, encoding: str) -> bytes:
    # Of two readings (see in_utf8) this is the raw one: a name is one line.
    return in_utf8(text.strip(), encoding).partition(b"\n")[0]


def _trailers(text: bytes) -> Iterator[tuple[str, str]]:
    for line in text.decode("utf-8", "surrogateescape").split("\n"):
        key, colon, value = line.partition(":")
        if colon:
            yield key.strip(), value.strip()
