"""The content of a merge commit that none of its parents has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.git.raw_diff import diff
from zt_gate.model.change import Hunk, HunkLines
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import FileChange

    _Span = tuple[int, int]

#: Paths that are passed on a command line; for more, everything is compared.
_MAX_PATHSPECS = 200


def own_files(
    git: Git, oid: str, parents: Sequence[str], blobs: BlobStore, spool: Spool
) -> tuple[FileChange, ...]:
    """Return the files that differ from every parent, with the lines that no parent has.

    The lines do not come from git's combined diff: attributes can hide content
    from it, whatever options are given.  Raises GitError.
    """
    paths = _paths(git, oid)
    if not paths:
        return ()
    pathspecs = paths if len(paths) <= _MAX_PATHSPECS else []
    diffs = []
    for parent in parents:
        args = ["diff-tree", "--no-renames", parent, oid, "--"]
        changes = diff(git, [*args, *pathspecs], spool, blobs)
        diffs.append({file.path: file for file in changes})
    files = []
    for path in paths:
        versions = [changed[path] for changed in diffs if path in changed]
        if len(versions) != len(diffs):
            raise GitError(
                f"git does not list how a merge changed {visible(path)} "
                "against each parent"
            )
        files.append(_common_additions(versions))
    return tuple(files)


def _paths(git: Git, oid: str) -> list[bytes]:
    """Return the paths that differ from every parent, by comparing trees only."""
    options = ["-r", "-c", "--raw", "-z", "--no-commit-id", "--full-index"]
    options += ["--no-renames", "--ignore-submodules=none"]
    output = git.run(["diff-tree", *options, oid])
    fields = output.split(b"\0")
    headers, paths = fields[:-1:2], fields[1::2]
    if not all(header.startswith(b"::") for header in headers):
        raise GitError("unexpected output of git diff-tree for a merge")
    return paths


def _common_additions(versions: Sequence[FileChange]) -> FileChange:
    """Return the first version, with only the lines that are added in all of them."""
    first = versions[0]
    if first.is_deletion:
        return first
    common = _added_spans(first)
    for version in versions[1:]:
        common = list(_intersection(common, _added_spans(version)))
    hunks = tuple(_cut(first.hunks, common))
    return replace(first, hunks=hunks, of_merge=True)


def _added_spans(file: FileChange) -> list[_Span]:
    """Return the half-open spans of line numbers that a change adds."""
    return [(hunk.new_start, hunk.new_start + hunk.added.lines) for hunk in file.hunks]


def _intersection(first: Sequence[_Span], second: Sequence[_Span]) -> Iterator[_Span]:
    """Yield the intersection of two ascending lists of half-open spans."""
    i = j = 0
    while i < len(first) and j < len(second):
        start = max(first[i][0], second[j][0])
        end = min(first[i][1], second[j][1])
        if start < end:
            yield start, end
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1


def _cut(hunks: Sequence[Hunk], spans: Sequence[_Span]) -> Iterator[Hunk]:
    """Yield the parts of the hunks' added lines that are in ``spans``."""
    remaining = list(spans)
    for hunk in hunks:
        hunk_end = hunk.new_start + hunk.added.lines
        while remaining and remaining[0][0] < hunk_end:
            start, end = remaining.pop(0)
            removed = HunkLines(hunk.added.store, hunk.added.offset, 0, 0)
            added = _slice(hunk.added, start - hunk.new_start, end - hunk.new_start)
            yield Hunk(hunk.old_start, start, removed, added)


def _slice(body: HunkLines, first: int, end: int) -> HunkLines:
    """Return the lines of a body from index ``first`` up to ``end``, exclusive."""
    begin = stop = body.offset
    for index, line in enumerate(body):
        if index < first:
            begin += len(line) + 1
        if index < end:
            stop += len(line) + 1
    stop = min(stop, body.offset + body.length)
    return HunkLines(body.store, begin, stop - begin, end - first)
