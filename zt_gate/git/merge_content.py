"""What a merge commit holds that none of its parents has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate.git.errors import GitError, visible
from zt_gate.git.raw_diff import diff
from zt_gate.model.change import Hunk, HunkLines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.run import Git
    from zt_gate.git.spooled_text import Spool
    from zt_gate.model.change import FileChange

#: More paths than this are not named on a command line.
_NAMED = 200


def own_files(
    git: Git, oid: str, parents: Sequence[str], blobs: BlobStore, spool: Spool
) -> tuple[FileChange, ...]:
    """Return the files that differ from every parent, with the lines that no parent has.

    Git's own combined diff is not used for the lines: attributes can hide
    content from it, whatever options are given.
    """
    paths = _paths(git, oid)
    if not paths:
        return ()
    named = paths if len(paths) <= _NAMED else []
    sides = []
    for parent in parents:
        args: list[str | bytes] = [
            "diff-tree",
            "--no-renames",
            parent,
            oid,
            "--",
            *named,
        ]
        changes = diff(git, args, spool, blobs)
        sides.append({file.path: file for file in changes})
    own = []
    for path in paths:
        versions = [side[path] for side in sides if path in side]
        if len(versions) != len(sides):
            raise GitError(f"git does not say what a merge did to {visible(path)}")
        own.append(_own(versions))
    return tuple(own)


def _paths(git: Git, oid: str) -> list[bytes]:
    """Return the paths that differ from every parent: trees are compared, no content."""
    output = git.run(["diff-tree", "-r", "-c", "--raw", "-z", "--no-commit-id", "--full-index",
                      "--no-renames", "--ignore-submodules=none", oid])  # fmt: skip
    fields = output.split(b"\0")
    if any(not head.startswith(b"::") for head in fields[:-1:2]):
        raise GitError("git's listing of a merge cannot be read")
    return fields[1::2]


def _own(versions: Sequence[FileChange]) -> FileChange:
    """Return the first version, with only the lines that are added in all of them."""
    first = versions[0]
    if first.is_deletion:
        return first
    common = [
        (hunk.new_start, hunk.new_start + hunk.added.lines) for hunk in first.hunks
    ]
    for version in versions[1:]:
        spans = [
            (hunk.new_start, hunk.new_start + hunk.added.lines)
            for hunk in version.hunks
        ]
        common = list(_intersection(common, spans))
    return replace(first, hunks=tuple(_cut(first.hunks, common)))


def _intersection(
    one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    """Yield what two ascending lists of half-open spans have in common."""
    a = b = 0
    while a < len(one) and b < len(other):
        start, end = max(one[a][0], other[b][0]), min(one[a][1], other[b][1])
        if start < end:
            yield start, end
        if one[a][1] < other[b][1]:
            a += 1
        else:
            b += 1


def _cut(hunks: Sequence[Hunk], spans: Sequence[tuple[int, int]]) -> Iterator[Hunk]:
    """Yield the parts of the hunks' added lines that lie in ``spans``."""
    rest = list(spans)
    for hunk in hunks:
        end = hunk.new_start + hunk.added.lines
        while rest and rest[0][0] < end:
            start, stop = rest.pop(0)
            nothing = HunkLines(hunk.added.store, hunk.added.offset, 0, 0)
            added = _slice(hunk.added, start - hunk.new_start, stop - hunk.new_start)
            yield Hunk(hunk.old_start, start, nothing, added)


def _slice(body: HunkLines, first: int, last: int) -> HunkLines:
    """Return the lines ``first`` up to ``last`` of a body."""
    begin = stop = body.offset
    for number, line in enumerate(body):
        if number < first:
            begin += len(line) + 1
        if number < last:
            stop += len(line) + 1
    stop = min(stop, body.offset + body.length)
    return HunkLines(body.store, begin, stop - begin, last - first)
