"""Divides a change into shards: each file is in one of them, the same on every runner.

The scanners whose result on a file depends on no other file (``ScannerInfo.divides``)
get the files of their shard.  The others, the messages of commits and the gate's own
rules are in the first shard.  The files are given out by their cost, the largest first,
each to the shard with the least work; the first shard begins with the work of the
scanners of the whole change.
"""

from __future__ import annotations

import hashlib
from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.model.report import ShardPart
from zt_gate.record import replace
from zt_gate.review.scan_change import Share
from zt_gate.review.shard_costs import MASKING, WHOLE, divided_cost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.change import ChangeSet, Commit, FileChange
    from zt_gate.review.request import Request

#: The most shards of one run; CI systems allow no larger matrix.
MOST = 256
#: Options that can change a verdict and are not part of the change or the policy.
_OPTIONS = (
    "kind",
    "only",
    "skip",
    "exclude",
    "local_hook",
    "fail_on",
    "min_confidence",
    "offline",
    "audit",
    "accept",
    "approver",
    "approver_reason",
    "unreviewed",
    "review_all",
    "origin_hints",
    "ai_labels",
    "salt",
)


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``I/N``; raises UsageError."""
    index, slash, count = text.partition("/")
    parts = (index, count)
    are_numbers = all(part.isascii() and part.isdigit() for part in parts)
    if slash and are_numbers and all(len(part) <= len(str(MOST)) for part in parts):
        shard = int(index), int(count)
        if 1 <= shard[0] <= shard[1] <= MOST:
            return shard
    raise UsageError(
        f"--shard takes I/N, such as 2/4, with I from 1 to N and N up to {MOST}, "
        f"not {text!a}"
    )


def share_of(change: ChangeSet, request: Request, shard: tuple[int, int]) -> Share:
    """Return a shard's part of the change."""
    index, count = shard
    table = split(change, count)
    files = tuple(file for file in change.files if table[file.path] == index)
    commits = tuple(
        _part_of(commit, table, index)
        for commit in change.commits
        if index == 1 or any(table[file.path] == index for file in commit.files)
    )
    part = ShardPart(_options_digest(request), _split_digest(table))
    own = replace(change, files=files, commits=commits, tree=None)
    return Share(own, shard, part)


def split(change: ChangeSet, count: int) -> Mapping[bytes, int]:
    """Return the shard of each path, from 1 to ``count``; a path is in one shard only."""
    costs: dict[bytes, int] = {}
    whole = masking = 0
    for file, _ in change.files_with_commits():
        size = sum(hunk.added.length for hunk in file.hunks)
        cost = divided_cost(file.path.rpartition(b"/")[2], size)
        costs[file.path] = costs.get(file.path, 0) + cost
        whole += WHOLE.of(size)
        masking += MASKING.of(size)
    loads = [(whole, 1), *((masking, index) for index in range(2, count + 1))]
    heapify(loads)
    table: dict[bytes, int] = {}
    for path, cost in sorted(costs.items(), key=lambda item: (-item[1], item[0])):
        load, index = loads[0]
        heapreplace(loads, (load + cost, index))
        table[path] = index
    return table


def _part_of(commit: Commit, table: Mapping[bytes, int], index: int) -> Commit:
    """Return a commit with the shard's files; its message is in the first shard."""
    files: tuple[FileChange, ...] = tuple(
        file for file in commit.files if table[file.path] == index
    )
    if index == 1:
        return replace(commit, files=files)
    return replace(commit, files=files, message=b"", trailers=(), unreadable="")


def _options_digest(request: Request) -> str:
    values = [(name, repr(getattr(request, name))) for name in _OPTIONS]
    return hashlib.sha256(repr(values).encode()).hexdigest()


def _split_digest(table: Mapping[bytes, int]) -> str:
    digest = hashlib.sha256()
    for path, index in sorted(table.items()):
        digest.update(b"%d %d " % (index, len(path)) + path)
    return digest.hexdigest()
