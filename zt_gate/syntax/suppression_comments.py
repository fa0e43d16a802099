"""Quick check for suppression comments, ours or another tool's.

The policy parses the comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Every suppression comment contains one of these in any letter case; most lines none.
WORDS = (b"zt-gate:", b"nosem", b"nosec", b"noqa", b"eslint-disable", b"pragma", b"gitleaks:",
         b"betterleaks:", b"trufflehog:", b"kingfisher:")  # fmt: skip


def may_hold_suppression(line: bytes) -> bool:
    """Return whether the line may contain a suppression comment."""
    lower = line.lower()
    return any(word in lower for word in WORDS)


def may_be_suppressed(lines: Sequence[bytes], first: int, last: int) -> bool:
    """Return whether a comment may suppress findings in the 1-based lines ``first`` to ``last``.

    The comment is on one of these lines or on the line above.
    """
    from_line_above = max(0, first - 2)
    return any(map(may_hold_suppression, lines[from_line_above:last]))
