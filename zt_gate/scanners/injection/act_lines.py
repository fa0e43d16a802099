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
    asked, anchored = _marked(lines, text, acts, words, page_words)
    first = last = -1
    for index in asked:
        start = max(0, index - _BEFORE)
        end = min(len(lines) - 1, index + _AFTER)
        if anchored.isdisjoint(range(start, end + 1)):
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
    lines: LineWords,
    text: Sequence[str],
    acts: frozenset[str],
    words: ActWords,
    page_words: set[str],
) -> tuple[list[int], set[int]]:
    """Return the lines with an act, and those with an object or a constraint.

    Only lines near an object are looked at.
    """
    page_words = _stated(lines, words, page_words)
    anchored = _lines_with(lines, words.telling, page_words)
    objects = _lines_with(lines, words.anchors - words.telling, page_words)
    if objects:
        targets = _lines_with(lines, words.targets, page_words)
        targets.update(
            index
            for index, line in enumerate(text)
            if "http" in line or "@" in line or index in anchored
        )
        anchored |= {
            index
            for index in objects
            if not targets.isdisjoint(range(index - _AFTER, index + _AFTER + 1))
        }
    near = {
        other
        for index in anchored
        for other in range(index - _AFTER, index + _BEFORE + 1)
        if 0 <= other < len(lines)
    }
    rare = acts - _FREQUENT
    asked = []
    for index in sorted(near):
        line_words = lines.in_line(index)
        if lines.is_non_ascii(index):
            line_words = line_words | _folded(line_words)
        if not (acts if index in anchored else rare).isdisjoint(line_words):
            asked.append(index)
    return asked, anchored


def _stated(lines: LineWords, words: ActWords, page_words: set[str]) -> set[str]:
    """Return the words of a page without those that stand for phrases it has not."""
    absent = set()
    text = ""
    for word in page_words & words.phrases.keys():
        text = text or lines.joined()
        if not any(phrase in text for phrase in words.phrases[word]):
            absent.add(word)
    return page_words - absent


def _lines_with(
    lines: LineWords, words: frozenset[str], page_words: set[str]
) -> set[int]:
    """Return the lines with one of these words, written with accents or without."""
    found: set[int] = set()
    for word in words & page_words:
        found.update(lines.lines_with(word))
    if lines.has_non_ascii:
        for index in lines.non_ascii_lines():
            if not words.isdisjoint(_folded(lines.in_line(index))):
                found.add(index)
    return found


def _folded(line_words: set[str]) -> set[str]:
    """Return the words without accents, of those that may have some."""
    return {fold(word) for word in line_words if len(word) > 1 and not word.isascii()}
