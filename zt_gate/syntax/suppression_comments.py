"""The words by which a line may carry an ignore: ours, or another tool's.

Only a quick look; what a mark says is read by the policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every mark holds one of these, in any case; most lines hold none.
WORDS = (b"zt-gate:", b"nosem", b"nosec", b"noqa", b"eslint-disable", b"pragma", b"gitleaks:",
         b"betterleaks:", b"trufflehog:", b"kingfisher:")  # fmt: skip


def may_hold_suppression(line: bytes) -> bool:
    """Whether a mark could stand on the line."""
    lower = line.lower()
    return any(word in lower for word in WORDS)


def may_be_suppressed(lines: Sequence[bytes], first: int, last: int) -> bool:
    """Whether a mark could speak of the 1-based lines ``first`` to ``last``.

    On one of them, or on the line above.
    """
    return any(map(may_hold_suppression, lines[max(0, first - 2) : last]))
