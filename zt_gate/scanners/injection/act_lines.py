"""Chooses the lines of a page that can ask for an act; only those are read as sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.injection.act_words import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.scanners.injection.act_words import ActWords
    from zt_gate.scanners.injection.phrase_proximity import LineWords

#: Lines before and after an act that are read with it, and in which its object stands.
_BEFORE = 1
_AFTER = 2
#: Acts that stand in every program and manual: they count with an object in their line.
_FREQUENT = frozenset(
    [
        "set",
        "change",
        "add",
        "use",
        "run",
        "write",
        "include",
        "give",
        "allow",
        "read",
        "copy",
        "put",
        "open",
        "call",
        "make",
        "get",
        "report",
        "state",
        "answer",
        "replace",
        "charge",
        "enable",
        "return",
        "print",
        "send",
        "import",
        "load",
        "save",
        "create",
        "insert",
        "log",
        "show",
        "update",
        "display",
        "say",
        "tell",
        "merge",
        "accept",
        "skip",
        "ignore",
        "exclude",
        "modify",
        "configure",
        "install",
        "execute",
        "delete",
        "remove",
        "drop",
        "reset",
        "store",
        "keep",
        "commit",
        "push",
        "build",
        "start",
        "check",
        "fetch",
        "download",
        "visit",
        "request",
        "query",
        "view",
        "see",
        "follow",
    ]
)
#: Names of variables that hold secrets.
_NAMED = lazy_re.compile(r"_(?:TOKEN|KEY|SECRET|PASS|CRED|token|secret|password)")
#: Words in a row, as in a sentence and seldom in code.
_PROSE = lazy_re.compile(r"[A-Za-z]['’,.:]? [A-Za-z~.\"'`/]+[,:]? [A-Za-z~.\"'`/]")


def asking(
    lines: LineWords, text: Sequence[str], page_words: set[str], words: ActWords
) -> Iterator[tuple[int, int]]:
    """Yield ranges of lines, both ends inclusive, with an act and another role close by.

    ``text`` are the lines as written, ``page_words`` all of their words.
    """
    if lines.has_non_ascii:
        page_words = page_words | _folded(page_words)
    acts = words.acts & page_words
    if not acts:
        return
    act_lines, anchor_lines = _marked(lines, acts, words.anchors & page_words)
    first = last = -1
    for index in act_lines:
        start = max(0, index - _BEFORE)
        end = min(len(lines) - 1, index + _AFTER)
        nearby = range(start, end + 1)
        if anchor_lines.isdisjoint(nearby) and not _NAMED.search(text[index]):
            continue
        if not lines.is_non_ascii(index) and not _PROSE.search(text[index]):
            continue
        if first >= 0 and start > last + 1:
            yield first, last
            first = -1
        first = start if first < 0 else first
        last = end
    if first >= 0:
        yield first, last


def _marked(
    lines: LineWords, acts: frozenset[str], anchors: frozenset[str]
) -> tuple[list[int], set[int]]:
    """Return the lines with an act, and those with an object or a constraint."""
    act_lines = []
    anchor_lines = set()
    rare = acts - _FREQUENT
    for index in range(len(lines)):
        line_words = lines.in_line(index)
        if lines.is_non_ascii(index):
            line_words = line_words | _folded(line_words)
        has_anchor = not anchors.isdisjoint(line_words)
        if has_anchor:
            anchor_lines.add(index)
        if not (acts if has_anchor else rare).isdisjoint(line_words):
            act_lines.append(index)
    return act_lines, anchor_lines


def _folded(line_words: set[str]) -> set[str]:
    """Return the words without accents, of those that may have some."""
    return {fold(word) for word in line_words if len(word) > 1 and not word.isascii()}
