"""Lines that a change gives another comment at their end, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import Hunk

# What could be code again in a text of several lines is no comment here.
_COMMENTS = {
    "python": lazy_re.compile(rb"[ \t]*#[^\"'`{}\\]*\Z"),
    "javascript": lazy_re.compile(rb"[ \t]*//[^\"'`{}$\\]*\Z"),
    "go": lazy_re.compile(rb"[ \t]*//[^\"'`{}\\]*\Z"),
}
_BLANKS = lazy_re.compile(rb"[ \t\r]*\Z")


def comment_changes(hunks: Iterable[Hunk], language: str) -> Iterator[int]:
    """Yield the numbers of the new lines whose code is that of the old line.

    Only lines whose quotes are closed before the comment count, so that a text in which
    the marker of a comment occurs is not cut off.
    """
    comment = _COMMENTS.get(language)
    if comment is None:
        return
    for hunk in hunks:
        if hunk.added.lines != hunk.removed.lines:
            continue
        pairs = zip(hunk.added, hunk.removed, strict=True)
        for number, (added, removed) in enumerate(pairs, hunk.new_start):
            code = _without_comment(added, comment)
            if code and code == _without_comment(removed, comment):
                yield number


def _without_comment(line: bytes, comment: re.Pattern[bytes]) -> bytes:
    """Return a line up to the comment at its end."""
    text = _BLANKS.sub(b"", line.removesuffix(b"\n"), count=1)
    match = comment.search(text)
    if match is None:
        return text
    code = text[: match.start()]
    is_closed = all(code.count(quote) % 2 == 0 for quote in (b'"', b"'", b"`"))
    return code if is_closed else text
