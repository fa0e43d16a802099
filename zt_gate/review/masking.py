"""No secret leaves the gate: the values that scanners saw are replaced in every text.

A value found by one scanner may stand in another's evidence, in a message, in
the reason of a failure: so one ``Masker`` knows all values of all runs and
everything textual of a report passes it.  Time is linear in the text and, up to
a logarithm, independent of how many values there are.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.model.finding import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Shorter values are only masked where their own finding marks them: they
#: would be found by chance in every second text.
MIN_LENGTH = 5
#: From this length on the first characters are shown, to tell keys apart.
_HEAD_FROM = 16
_HEAD = 4
#: A line of a longer value is masked by itself from this length on.
_MIN_LINE = 8
#: Evidence from this length on may be a window, with half a secret at its edge.
_WINDOW = 1000
#: Characters of evidence around its span; what is a little longer stays whole.
_WIDTH = 200
_SLACK = 60
_MAX_SPAN = 160

_CUT = "…"
# When a mask and what stands around it make up a secret again.
_BLUNT = "[…]"
_MAX_ROUNDS = 8
_MASKED = re.compile(r"(?:[\s\S]{4}…)?\[[0-9]{1,12} characters?\]")

# The armour of a key block is no secret, and the same in every key.
_ARMOUR = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]{1,64}-----")
_LINE_END = re.compile(r"\r?\n|\r|\\r\\n|\\n")
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)


class _Span(NamedTuple):
    """A part of a text to be replaced; ``first`` is the length of the secret it starts with."""

    start: int
    end: int
    first: int


class Masker:
    """Replaces secret values and what matches ``patterns``.

    A pattern's whole match is the secret, or its group ``secret`` where it has
    one; patterns must be linear-time, they meet hostile text.  Masking what is
    masked changes nothing.
    """

    def __init__(
        self, values: Iterable[str] = (), patterns: Sequence[re.Pattern[str]] = ()
    ) -> None:
        self._needles = _Needles(
            {form for value in set(values) for form in spellings(value)}
        )
        self._patterns = tuple(patterns)
        self._known: dict[str, str] = {}

    def mask(self, text: str) -> str:
        """Return ``text`` with every secret in it replaced."""
        masked = self._known.get(text)
        if masked is None:
            masked = self._known[text] = self._mask(_Marked(text, 0, 0)).text
        return masked

    def mask_evidence(self, evidence: Evidence, own: Iterable[str] = ()) -> Evidence:
        """Return the evidence masked, then shortened around its span.

        ``own`` are the values of the finding itself: also short ones are masked
        inside the span, and a span that shows a part of one is masked whole.
        """
        start = min(max(evidence.start, 0), len(evidence.text))
        end = min(max(evidence.end, start), len(evidence.text))
        spans = [
            *self._find(evidence.text),
            *_own_spans(evidence.text, start, end, own),
        ]
        if len(evidence.text) >= _WINDOW:
            spans += self._needles.at_edges(evidence.text)
        marked = _replace(_Marked(evidence.text, start, end), _merged(spans))
        short = self._mask(_shortened(marked), blunt=True)
        return Evidence(short.text, short.start, short.end)

    def _mask(self, marked: _Marked, *, blunt: bool = False) -> _Marked:
        """Replace until nothing is left: a mask may join its neighbours to a new secret."""
        for number in range(_MAX_ROUNDS):
            spans = _merged(self._find(marked.text))
            if not spans:
                return marked
            marked = _replace(marked, spans, blunt=blunt or number > 0)
        return _Marked(_BLUNT, 0, len(_BLUNT))

    def _find(self, text: str) -> list[_Span]:
        spans = self._needles.find(text)
        for pattern in self._patterns:
            group = "secret" if "secret" in pattern.groupindex else 0
            for match in pattern.finditer(text):
                start, end = match.span(group)
                if end - start >= MIN_LENGTH:
                    spans.append(_Span(start, end, end - start))
        return spans


class _Marked:
    """A text with a marked span, and the masks that stand in it."""

    __slots__ = ("end", "masks", "start", "text")

    def __init__(
        self, text: str, start: int, end: int, masks: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.masks = masks


class _Needles:
    """Many values, sorted, so that the longest one at a place is found by bisection."""

    def __init__(self, values: Iterable[str]) -> None:
        # The empty string begins every text: it stands for "no value".
        self._values = [
            "",
            *sorted(value for value in values if len(value) >= MIN_LENGTH),
        ]
        self._heads = frozenset(value[:MIN_LENGTH] for value in self._values[1:])
        self._longest = max(map(len, self._values))
        self._parents, self._jumps = _prefix_tree(self._values)

    def find(self, text: str) -> list[_Span]:
        """Return the longest value at each place; spans may overlap."""
        return [
            _Span(place, place + length, length)
            for place in self._places(text, 0)
            if (length := self._longest_at(text, place))
        ]

    def at_edges(self, text: str) -> list[_Span]:
        """Return what at the ends of ``text`` may be a value that was cut there."""
        spans = []
        tail = self._cut_at_end(text)
        if tail:
            spans.append(_Span(len(text) - tail, len(text), tail))
        mirrored = _Needles(value[::-1] for value in self._values)
        head = mirrored._cut_at_end(text[: self._longest][::-1])
        if head:
            spans.append(_Span(0, head, 0))
        return spans

    def _places(self, text: str, first: int) -> list[int]:
        heads = self._heads
        # Searching for a few strings is far quicker than looking at each place.
        if len(heads) <= 64 and not any(head in text for head in heads):
            return []
        return [
            place
            for place in range(first, len(text) - MIN_LENGTH + 1)
            if text[place : place + MIN_LENGTH] in heads
        ]

    def _longest_at(self, text: str, place: int) -> int:
        piece = text[place : place + self._longest]
        # Every value that begins the piece also begins the value sorted before it.
        index = bisect_right(self._values, piece) - 1
        while not piece.startswith(self._values[index]):
            jump = self._jumps[index]
            index = (
                self._parents[index] if piece.startswith(self._values[jump]) else jump
            )
        return len(self._values[index])

    def _cut_at_end(self, text: str) -> int:
        for place in self._places(text, max(0, len(text) - self._longest)):
            piece = text[place:]
            index = bisect_left(self._values, piece)
            if index < len(self._values) and self._values[index].startswith(piece):
                return len(piece)
        return 0


def spellings(value: str) -> Iterator[str]:
    """Yield the ways in which a text may spell ``value``.

    As it is, as JSON and Python write it inside quotes, percent-encoded; the
    same for each line of a value that has several.
    """
    parts = {value, value.strip()}
    lines = [line.strip() for line in _LINE_END.split(value)]
    if len(lines) > 1:
        parts |= {
            line
            for line in lines
            if len(line) >= _MIN_LINE and not _ARMOUR.fullmatch(line)
        }
    for part in parts:
        yield part
        if not _UNRESERVED.issuperset(part):
            yield from _escaped(part)


def _escaped(value: str) -> Iterator[str]:
    import json

    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
    yield repr(value)[1:-1]
    for safe in ("", "/"):
        for template in ("%{:02X}", "%{:02x}"):
            text = _percent(value, safe, template)
            yield text
            yield text.replace(template.format(0x20), "+")


def _percent(value: str, safe: str, template: str) -> str:
    """Percent-encode as RFC 3986 section 2.1 has it; bytes that were no UTF-8 stay those bytes."""
    out = []
    for char in value:
        if char in _UNRESERVED or char in safe:
            out.append(char)
        else:
            errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "replace"
            out += map(template.format, char.encode("utf-8", errors))
    return "".join(out)


def _prefix_tree(values: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return for each of the sorted values the longest other one that it begins with.

    The first value must be the empty one, the root.  The second list holds
    jumps to further ancestors, so that a climb takes logarithmic time
    (Myers, "An applicative random-access stack", 1983).
    """
    parents, jumps, depths, branch = [0], [0], [0], [0]
    for index in range(1, len(values)):
        while not values[index].startswith(values[branch[-1]]):
            branch.pop()
        parent = branch[-1]
        jump = jumps[parent]
        even = depths[parent] - depths[jump] == depths[jump] - depths[jumps[jump]]
        parents.append(parent)
        jumps.append(jumps[jump] if even else parent)
        depths.append(depths[parent] + 1)
        branch.append(index)
    return parents, jumps


def _own_spans(text: str, start: int, end: int, own: Iterable[str]) -> Iterator[_Span]:
    marked = text[start:end]
    if not marked or _MASKED.fullmatch(marked):
        return
    for value in own:
        if marked in value:
            yield _Span(start, end, end - start)
        elif value and len(value) < MIN_LENGTH:
            place = marked.find(value)
            while place >= 0:
                yield _Span(start + place, start + place + len(value), len(value))
                place = marked.find(value, place + len(value))


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Join spans that overlap; the one that starts first, then the longer, leads."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def _replace(
    marked: _Marked, spans: Sequence[_Span], *, blunt: bool = False
) -> _Marked:
    """Put masks in the place of ``spans``, which are sorted and do not overlap."""
    pieces: list[str] = []
    masks: list[tuple[int, int]] = []
    done = length = 0
    start, end = marked.start, marked.end
    for span in spans:
        pieces.append(marked.text[done : span.start])
        mask = (
            _BLUNT if blunt else _shown(marked.text[span.start : span.end], span.first)
        )
        at = length + span.start - done
        length = at + len(mask)
        done = span.end
        pieces.append(mask)
        masks.append((at, length))
        if span.start <= marked.start < span.end:
            start = at
        elif marked.start >= span.end:
            start = marked.start + length - done
        if span.start < marked.end <= span.end:
            end = length
        elif marked.end > span.end:
            end = marked.end + length - done
    pieces.append(marked.text[done:])
    return _Marked("".join(pieces), start, max(start, end), masks)


def _shown(secret: str, first: int) -> str:
    """Return what is shown of a secret: its length, and from 16 characters up its first four."""
    length = f"[{len(secret)} character{'' if len(secret) == 1 else 's'}]"
    return f"{secret[:_HEAD]}{_CUT}{length}" if first >= _HEAD_FROM else length


def _shortened(marked: _Marked) -> _Marked:
    """Cut a long text to what is around its span; never through a mask."""
    text = marked.text
    if len(text) <= _WIDTH + _SLACK:
        return marked
    shown = min(marked.end, marked.start + _MAX_SPAN)
    context = (_WIDTH - (shown - marked.start)) // 2
    low, high = marked.start - context, shown + context
    # What one side does not need, the other gets.
    low, high = (
        max(0, low - max(0, high - len(text))),
        min(len(text), high + max(0, -low)),
    )
    for start, end in marked.masks:
        low = start if start < low < end else low
        high = end if start < high < end else high
    before = _CUT if low else ""
    after = _CUT if high < len(text) else ""
    shift = len(before) - low
    return _Marked(
        f"{before}{text[low:high]}{after}",
        marked.start + shift,
        min(marked.end, high) + shift,
    )
