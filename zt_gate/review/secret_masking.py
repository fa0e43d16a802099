"""Masks the secret values that scanners found, in every text of a report.

A value found by one scanner may also be in another's evidence, in a message or in
the reason of a failure.  So one ``Masker`` has the values of all runs, and every
text of a report passes it.  Its time is linear in the text and logarithmic in the
number of values.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.model.finding import Evidence

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

#: The shortest value, in characters, that is masked in every text: shorter ones occur
#: by chance in many, and are masked only in the span of their own finding.
MIN_LENGTH = 5
#: The shortest secret whose first characters are shown, so that keys can be told apart.
_MIN_WITH_HEAD = 16
_HEAD_LENGTH = 4
#: The shortest line of a multi-line value that is masked on its own.
_MIN_LINE = 8
#: Evidence from this length on may be a window that cuts a secret at its edge.
_MIN_WINDOW = 1000
#: Characters of evidence shown around its span, and how much longer a text may be
#: before it is shortened.
_WIDTH = 200
_SLACK = 60
_MAX_SPAN = 160

_ELLIPSIS = "…"
# Replaces a secret that a mask and the text around it form together.
_BLUNT_MASK = "[…]"
_MAX_ROUNDS = 8
_MASKED = lazy_re.compile(r"(?:[\s\S]{4}…)?\[[0-9]{1,12} characters?\]")

# The armour of a key block is not secret: it is the same in every key.
_ARMOUR = lazy_re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]{1,64}-----")
_LINE_END = lazy_re.compile(r"\r?\n|\r|\\r\\n|\\n")
_UNRESERVED = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
)


class _Span(NamedTuple):
    """A part of a text to replace; ``secret_length`` is that of the secret at its start."""

    start: int
    end: int
    secret_length: int


class Masker:
    """Replaces secret values, and the matches of ``patterns``, in texts.

    The secret is a pattern's group ``secret`` if it has one, else the whole match.
    The patterns are applied to hostile text and must take linear time.  ``base`` is a
    masker whose values and patterns are replaced, too.  ``shortest`` is the length from
    which values are replaced in any text.  Masking is idempotent.
    """

    def __init__(
        self,
        values: Iterable[str] = (),
        patterns: Sequence[re.Pattern[str]] = (),
        *,
        base: Masker | None = None,
        shortest: int = MIN_LENGTH,
    ) -> None:
        all_spellings = {
            spelling for value in set(values) for spelling in spellings(value)
        }
        self._values = _ValueIndex(all_spellings, shortest)
        self._patterns = tuple(patterns)
        self._base = base
        self._masked_texts: dict[str, str] = {}

    def mask(self, text: str) -> str:
        """Return ``text`` with every secret in it replaced."""
        masked = self._masked_texts.get(text)
        if masked is None:
            masked = self._mask(_MarkedText(text, 0, 0)).text
            self._masked_texts[text] = masked
        return masked

    def mask_evidence(self, evidence: Evidence, own: Iterable[str] = ()) -> Evidence:
        """Return the evidence masked, then shortened around its span.

        ``own`` are the secret values of the finding.  In the span, also those
        shorter than ``MIN_LENGTH`` are masked; a span that is a part of one is
        masked whole.
        """
        text = evidence.text
        start = min(max(evidence.start, 0), len(text))
        end = min(max(evidence.end, start), len(text))
        spans = self.find(text)
        spans += _own_spans(text, start, end, own)
        if len(text) >= _MIN_WINDOW:
            spans += self.cut_at_edges(text)
        masked = _replace(_MarkedText(text, start, end), _merged(spans))
        shortened = self._mask(_shortened(masked), blunt=True)
        return Evidence(shortened.text, shortened.start, shortened.end)

    def _mask(self, marked: _MarkedText, *, blunt: bool = False) -> _MarkedText:
        """Replace until no secret is left: a mask and its neighbours may form a new one."""
        for round_number in range(_MAX_ROUNDS):
            spans = _merged(self.find(marked.text))
            if not spans:
                return marked
            marked = _replace(marked, spans, blunt=blunt or round_number > 0)
        return _MarkedText(_BLUNT_MASK, 0, len(_BLUNT_MASK))

    def cut_at_edges(self, text: str) -> list[_Span]:
        """Return the beginning and the end of ``text`` that may be a part of a value."""
        spans = self._values.cut_at_edges(text)
        return spans + (self._base.cut_at_edges(text) if self._base else [])

    def find(self, text: str) -> list[_Span]:
        """Return the spans of values and patterns in a text; they may overlap."""
        spans = self._values.find(text)
        if self._base is not None:
            spans += self._base.find(text)
        for pattern in self._patterns:
            group = "secret" if "secret" in pattern.groupindex else 0
            for match in pattern.finditer(text):
                start, end = match.span(group)
                if end - start >= MIN_LENGTH:
                    spans.append(_Span(start, end, end - start))
        return spans


class _MarkedText:
    """A text with a marked span and the positions of its masks."""

    __slots__ = ("end", "masks", "start", "text")

    def __init__(
        self, text: str, start: int, end: int, masks: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.masks = masks


class _ValueIndex:
    """Sorted values: the longest one at a position of a text is found by bisection."""

    def __init__(self, values: Iterable[str], shortest: int = MIN_LENGTH) -> None:
        self._shortest = shortest
        # The empty string is a prefix of every text: it means "no value".
        self._values = [
            "",
            *sorted(value for value in values if len(value) >= shortest),
        ]
        self._prefixes = frozenset(value[:shortest] for value in self._values[1:])
        self._longest = max(map(len, self._values))
        self._parents, self._jumps = _prefix_tree(self._values)

    def find(self, text: str) -> list[_Span]:
        """Return the longest value at each position; spans may overlap."""
        spans = []
        for position in self._candidates(text, 0):
            length = self._longest_at(text, position)
            if length:
                spans.append(_Span(position, position + length, length))
        return spans

    def cut_at_edges(self, text: str) -> list[_Span]:
        """Return the beginning and the end of ``text`` that may be a part of a value."""
        spans = []
        tail_length = self._cut_at_end(text)
        if tail_length:
            spans.append(_Span(len(text) - tail_length, len(text), tail_length))
        mirrored = _ValueIndex((value[::-1] for value in self._values), self._shortest)
        head_length = mirrored._cut_at_end(text[: self._longest][::-1])
        if head_length:
            spans.append(_Span(0, head_length, 0))
        return spans

    def _candidates(self, text: str, first: int) -> list[int]:
        """Return the positions from ``first`` on where a value may begin."""
        prefixes = self._prefixes
        # Searching for a few strings is far quicker than testing each position.
        if len(prefixes) <= 64 and not any(prefix in text for prefix in prefixes):
            return []
        return [
            position
            for position in range(first, len(text) - self._shortest + 1)
            if text[position : position + self._shortest] in prefixes
        ]

    def _longest_at(self, text: str, position: int) -> int:
        """Return the length of the longest value at a position, 0 where there is none."""
        window = text[position : position + self._longest]
        # A value that is a prefix of the window is also a prefix of the last value
        # that is not sorted after the window.
        index = bisect_right(self._values, window) - 1
        while not window.startswith(self._values[index]):
            jump = self._jumps[index]
            parent = self._parents[index]
            index = parent if window.startswith(self._values[jump]) else jump
        return len(self._values[index])

    def _cut_at_end(self, text: str) -> int:
        """Return the length of the longest end of ``text`` that is the beginning of a value."""
        for position in self._candidates(text, max(0, len(text) - self._longest)):
            tail = text[position:]
            index = bisect_left(self._values, tail)
            if index < len(self._values) and self._values[index].startswith(tail):
                return len(tail)
        return 0


def spellings(value: str) -> Iterator[str]:
    """Yield the ways in which a text may spell ``value``.

    They are the plain value, its escaped forms in JSON and Python strings, and its
    percent-encoded forms; the same for each line of a multi-line value.
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
    """Percent-encode as RFC 3986 section 2.1; surrogate escapes give the original bytes."""
    encoded = []
    for char in value:
        if char in _UNRESERVED or char in safe:
            encoded.append(char)
        else:
            errors = "surrogateescape" if "\udc80" <= char <= "\udcff" else "replace"
            encoded += map(template.format, char.encode("utf-8", errors))
    return "".join(encoded)


def _prefix_tree(values: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return for each of the sorted values the index of its longest proper prefix among them.

    The first value must be the empty one, the root.  The second list has for each
    value the index of a more distant ancestor, so that a search along the ancestors
    takes logarithmic time (Myers, "An applicative random-access stack", 1983).
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
    """Yield what is masked in the span of a finding for the finding's own values."""
    marked = text[start:end]
    if not marked or _MASKED.fullmatch(marked):
        return
    for value in own:
        if marked in value:
            yield _Span(start, end, end - start)
        elif value and len(value) < MIN_LENGTH:
            offset = marked.find(value)
            while offset >= 0:
                position = start + offset
                yield _Span(position, position + len(value), len(value))
                offset = marked.find(value, offset + len(value))


def _merged(spans: Iterable[_Span]) -> list[_Span]:
    """Join overlapping spans; a joined span keeps the secret length of its first one."""
    merged: list[_Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = last._replace(end=max(last.end, span.end))
        else:
            merged.append(span)
    return merged


def _replace(
    marked: _MarkedText, spans: Sequence[_Span], *, blunt: bool = False
) -> _MarkedText:
    """Replace ``spans``, which are sorted and do not overlap, by masks."""
    parts: list[str] = []
    masks: list[tuple[int, int]] = []
    old_position = new_position = 0
    start, end = marked.start, marked.end
    for span in spans:
        parts.append(marked.text[old_position : span.start])
        mask = _BLUNT_MASK
        if not blunt:
            mask = _mask_of(marked.text[span.start : span.end], span.secret_length)
        parts.append(mask)
        mask_start = new_position + span.start - old_position
        new_position = mask_start + len(mask)
        old_position = span.end
        masks.append((mask_start, new_position))
        if span.start <= marked.start < span.end:
            start = mask_start
        elif marked.start >= span.end:
            start = marked.start + new_position - old_position
        if span.start < marked.end <= span.end:
            end = new_position
        elif marked.end > span.end:
            end = marked.end + new_position - old_position
    parts.append(marked.text[old_position:])
    return _MarkedText("".join(parts), start, max(start, end), masks)


def _mask_of(text: str, secret_length: int) -> str:
    """Return the mask: the length, and the first four characters of a secret of 16 or more."""
    unit = "character" if len(text) == 1 else "characters"
    length = f"[{len(text)} {unit}]"
    if secret_length < _MIN_WITH_HEAD:
        return length
    return f"{text[:_HEAD_LENGTH]}{_ELLIPSIS}{length}"


def _shortened(marked: _MarkedText) -> _MarkedText:
    """Cut a long text to the surroundings of its span, never inside a mask."""
    text = marked.text
    if len(text) <= _WIDTH + _SLACK:
        return marked
    shown_end = min(marked.end, marked.start + _MAX_SPAN)
    context = (_WIDTH - (shown_end - marked.start)) // 2
    wanted_low = marked.start - context
    wanted_high = shown_end + context
    # Characters that one side does not have are given to the other.
    low = max(0, wanted_low - max(0, wanted_high - len(text)))
    high = min(len(text), wanted_high + max(0, -wanted_low))
    for start, end in marked.masks:
        if start < low < end:
            low = start
        if start < high < end:
            high = end
    before = _ELLIPSIS if low else ""
    after = _ELLIPSIS if high < len(text) else ""
    shift = len(before) - low
    return _MarkedText(
        f"{before}{text[low:high]}{after}",
        marked.start + shift,
        min(marked.end, high) + shift,
    )
