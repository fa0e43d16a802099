"""Recognises a generator's mark at the start of a file.

The words of a mark are common words: a label "auto-generated" in a list, a function with
that name and a guide's "do not edit the files in dist/" are none.  A mark stands in a
comment, or is a sentence about the file itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re

if TYPE_CHECKING:
    from collections.abc import Sequence

# What stands before a mark in its line.  The last line is a comment's key in JSON.
_COMMENT = lazy_re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:"
    rb"[#;%*!]|//|/\*|<!--|--|\(\*|\{-|\{[ ]?/\*|\{\#|\.\.|\"\"\"|'''|@?rem\b|dnl\b"
    rb"|[^\"'`]*[\s>](?:\#|//|/\*|--|<!--)[^\"'`]*\Z"
    rb"|\"[_$/]*(?:comments?|notes?|warning|generated|generator)?[_$/]*\"\s*:)",
    re.IGNORECASE,
)
# In a text, a line that begins with "#", "*" or "--" is a heading or part of a list.
_TEXT_COMMENT = lazy_re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--|\{/\*|\[//\]|\.\.[ ])", re.IGNORECASE
)
_SENTENCE = lazy_re.compile(
    rb"[\s#>*_!]*(?:(?:this|the)\ (?:file|code|module|page|document)\b[^\"'`=]{0,80}generated"
    rb"|(?:auto-?(?:matically\ )?)?(?:code\ )?generated\b[^\"'`=]{0,120}do\ not\ (?:edit|modify)"
    rb"|@generated\b)",
    re.IGNORECASE,
)
_TEXT_ENDINGS = (b".md", b".mdx", b".markdown", b".rst", b".adoc", b".txt")


def has_mark(path: bytes, head: bytes, marks: Sequence[bytes]) -> bool:
    """Whether a file that begins with ``head`` says that it is generated.

    ``marks`` are the phrases of generators, in lower case.
    """
    is_text = path.lower().endswith(_TEXT_ENDINGS)
    comment = _TEXT_COMMENT if is_text else _COMMENT
    for line in head.lower().split(b"\n"):
        for mark in marks:
            position = line.find(mark)
            if position >= 0 and (
                comment.match(line[:position]) or _SENTENCE.match(line)
            ):
                return True
    return False
