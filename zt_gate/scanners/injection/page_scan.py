"""The text layer: one page of adjacent added lines, in all its readings.

Cheap first: the set of words of the page decides which phrases can stand in
it at all, and mostly none can.  Then the lines that hold the words of a phrase
close together are cut into words with positions; only there phrases are tried.
Other readings are asked for block by block, where a page shows signs of them.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import (
    decoding,
    markup,
    obfuscated_words,
    phrase_proximity,
    scoring,
    show_hidden,
    signal_families,
    tokenize,
)  # fmt: skip
from zt_gate.scanners.injection.word_weights import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.scoring import PageText, Scored
    from zt_gate.scanners.injection.signal_families import (
        Phrase,
        SignalHit,
        SignalPattern,
    )
    from zt_gate.scanners.injection.word_weights import Worth

#: Other readings are made of so many lines at once, and so many of the last again.
_BLOCK = 96
_AGAIN = 15
#: Whitespace from here on pushes text out of the view (columns).
_GAP = 120
_FAR_GAP = r"(?<![ \t])[ \t]{120,}(?=\S)"
_PACKED_WORDS = 5
_PACKED_SURE = 8
_PACKED_LINES = 4


class PageSignal(NamedTuple):
    """Something that a block says: rule, line index, span in that line (or None: all of it)."""

    rule: str
    line: int
    span: tuple[int, int] | None
    message: str
    subject: str


class Sly(NamedTuple):
    """Disguises that a block may hold: words with their meaning, turned words, spaced letters."""

    folds: Mapping[str, str]
    turned: Mapping[str, str]
    spaced: bool


class PageReader:
    """Holds what all blocks need; made once a scan.  Raises FamilyError for a wrong family."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self.book = signal_families.load(rules)
        self.lexicon = Lexicon(self.book)
        self.settings = scoring.ScoringSettings.of(rules["injection/instructions"].data)

    @cached_property
    def table(self) -> Mapping[int, str]:
        """Look-alikes and the letters that they fold to, the doubtful ones included."""
        from zt_gate.scanners.injection import confusables

        return confusables.fold_table(self.rules, wide=True)

    def read(self, lines: Sequence[bytes], *, agent: bool) -> Iterator[PageSignal]:
        """Yield what the lines of one page say to a model."""
        data = b"\n".join(lines)
        lowered = data.lower()
        flat = tokenize.flat(lowered)
        found = tokenize.of_flat(flat)
        worth = self.lexicon.look(found)
        blocked: set[int] = set()
        plain: set[str] = set()
        literals = worth.literals
        patterns = self.book.patterns_for(lowered, literals) if literals else []
        cut = phrase_proximity.WordsOfLines(_text(data), flat)
        candidates = self.book.candidates(found | cut.known() if cut.foreign else found)
        if candidates or patterns:
            page = scoring.page_of(_text(data))
            hits = self._hits(page, cut, candidates, patterns, lowered)
            plain.update(hit.source for hit in hits)
            for scored in scoring.score(
                page, hits, self.book, self.settings, agent=agent
            ):
                if scored.blocks:
                    blocked.add(page.line_of(scored.hit.start))
                yield _said(page, scored)
        if b" " * 100 in data or b"\t" * 16 in data:
            yield from _far_right(lines)
        if not _may_read_otherwise(data, lowered, _sly(worth, found, lowered)):
            return
        for first in range(0, len(lines), _BLOCK - _AGAIN):
            for said in self._block(lines[first : first + _BLOCK], plain, agent=agent):
                at = said.line + first
                if said.rule != "injection/instructions" or at not in blocked:
                    yield said._replace(line=at)
            if first + _BLOCK >= len(lines):
                return

    def _block(
        self, lines: Sequence[bytes], plain: set[str], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Read a part of a page in other ways, if it shows signs of them itself."""
        data = b"\n".join(lines)
        lowered = data.lower()
        found = tokenize.quick_set(lowered)
        sly = _sly(self.lexicon.look(found), found, lowered)
        if _may_read_otherwise(data, lowered, sly):
            yield from self._other_readings(lines, sly, plain, agent=agent)

    def _hits(
        self,
        page: PageText,
        cut: phrase_proximity.WordsOfLines,
        candidates: Mapping[str, Sequence[Phrase]],
        patterns: Sequence[SignalPattern],
        lowered: bytes,
    ) -> list[SignalHit]:
        """Find phrases and strong patterns, and where there are any, the weak ones too."""
        hits = list(_phrase_hits(page, cut, candidates))
        hits += signal_families.find_patterns(patterns, page.text)
        if hits:
            weak = self.book.patterns_for(lowered, weak=True)
            hits += signal_families.find_patterns(weak, page.text)
        return hits

    def _other_readings(
        self, lines: Sequence[bytes], sly: Sly, plain: set[str], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Read the block again with every line decoded, folded and unscrambled that needs it.

        What was coded weighs more, where the plain reading did not hold it already.
        """
        other = []
        changed: dict[int, bool] = {}
        data = b"\n".join(lines)
        packed, pieces = decoding.may_be_coded(data), markup.is_in_pieces(data.lower())
        for index, line in enumerate(lines):
            text, hidden, said = self._other_line(
                index, line, sly, packed=packed, pieces=pieces
            )
            yield from said
            if text != _text(line):
                changed[index] = hidden
            other.append(text)
        if not changed:
            return
        page = scoring.page_of("\n".join(other))
        lowered = page.text.encode("utf-8", "replace").lower()
        flat = tokenize.flat(lowered)
        cut = phrase_proximity.WordsOfLines(page.text, flat)
        candidates = self.book.candidates(tokenize.of_flat(flat) | cut.known())
        patterns = self.book.patterns_for(lowered)
        hits = self._hits(page, cut, candidates, patterns, lowered)
        new = [hit for hit in hits if page.line_of(hit.start) in changed]
        if not new:
            return
        coded = any(
            changed[page.line_of(hit.start)] and hit.source not in plain for hit in new
        )
        bonus = 2 if coded else 0
        for scored in scoring.score(
            page, hits, self.book, self.settings, agent=agent, bonus=bonus
        ):
            if page.line_of(scored.hit.start) in changed:
                yield _said(page, scored)._replace(span=None)

    def _other_line(
        self, index: int, line: bytes, sly: Sly, *, packed: bool, pieces: bool
    ) -> tuple[str, bool, list[PageSignal]]:
        """Return one line in the clear, whether it was hidden, and what its disguise says."""
        text = _text(line)
        said: list[PageSignal] = []
        if not text.isprintable():
            text = decoding.without_strays(text)
        if pieces:
            text = markup.rejoin(text)
        cut = text != _text(line)
        coded = decoding.read(text) if packed or cut else None
        if coded is not None:
            text = coded.text
            said += _coded(index, coded)
        text, sly_letters = markup.unwrap(text)
        hidden = cut or sly_letters or coded is not None
        if not text.isascii():
            folded = decoding.fold(text, self.table)
            hidden = hidden or decoding.letters(folded) > decoding.letters(text)
            text = folded
        before = text
        messages = []
        if sly.spaced or obfuscated_words.has_odd_blanks(_text(line)):
            text, message = obfuscated_words.unspace(text, self.book.common)
            messages.append(message)
        if sly.turned:
            text, message = obfuscated_words.unturn(text, sly.turned)
            messages.append(message)
        if sly.folds:
            text, message = obfuscated_words.unfold(text, sly.folds)
            messages.append(message)
        said += [
            PageSignal("injection/character-codes", index, None, shown, "")
            for shown in messages
            if shown
        ]
        return text, hidden or text != before, said


def _sly(worth: Worth, found: set[str], lowered: bytes) -> Sly:
    """Return the disguises that a text of these words may hold."""
    return Sly(
        obfuscated_words.folds(worth.meant),
        worth.turned if len(worth.turned) >= obfuscated_words.TURNED else {},
        obfuscated_words.may_be_spaced(found, lowered),
    )


def _may_read_otherwise(data: bytes, lowered: bytes, sly: Sly) -> bool:
    """Whether a text shows signs of another reading; cheap."""
    return (
        any(sly)
        or not data.isascii()
        or decoding.may_be_coded(data)
        or markup.may_be_wrapped(lowered)
        or decoding.has_strays(data)
    )


def _phrase_hits(
    page: PageText,
    lines: phrase_proximity.WordsOfLines,
    candidates: Mapping[str, Sequence[Phrase]],
) -> Iterator[SignalHit]:
    kept, runs = phrase_proximity.close_together(candidates, lines)
    for first, last in runs:
        offset = page.starts[first]
        cut = tokenize.split(
            page.text[offset : page.starts[last] + len(page.line(last))]
        )
        for hit in signal_families.find_phrases(kept, cut):
            yield hit._replace(start=hit.start + offset, end=hit.end + offset)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _said(page: PageText, scored: Scored) -> PageSignal:
    line = page.line_of(scored.hit.start)
    start = scored.hit.start - page.starts[line]
    end = min(scored.hit.end - page.starts[line], len(page.line(line)))
    rule = (
        "injection/instructions" if scored.blocks else "injection/instructions-review"
    )
    message = f"score {scored.score}: {scored.reasons}"
    subject = " ".join(page.text[scored.hit.start : scored.hit.end].lower().split())
    return PageSignal(rule, line, (start, max(end, start + 1)), message, subject)


def _coded(index: int, coded: decoding.Reading) -> Iterator[PageSignal]:
    spelt = next((text for text in coded.letters if decoding.is_sentence(text)), None)
    if spelt is not None:
        message = f'letters written as codes that read "{show_hidden.visible(spelt)}"'
        yield PageSignal("injection/character-codes", index, None, message, spelt)
    packed = max(coded.packed, key=len, default="")
    if decoding.is_sentence(packed, _PACKED_WORDS) and decoding.is_prose(packed):
        # Several lines are somebody's file: its sentences are read, the packing is no wonder.
        sure = (
            decoding.is_sentence(packed, _PACKED_SURE)
            and packed.count("\n") < _PACKED_LINES
        )
        rule = "injection/encoded-text" if sure else "injection/encoded-text-review"
        yield PageSignal(
            rule,
            index,
            None,
            f'packed text that reads "{show_hidden.visible(packed)}"',
            packed,
        )


def _far_right(lines: Sequence[bytes]) -> Iterator[PageSignal]:
    for index, line in enumerate(lines):
        if len(line) < _GAP and b"\t" * 16 not in line:
            continue
        text = _text(line)
        for match in re.finditer(_FAR_GAP, text.replace("\t", " " * 8)):
            rest = match.string[match.end() : match.end() + 400]
            if decoding.is_sentence(rest, 4):
                start = max(0, len(text) - (len(match.string) - match.end()))
                message = f'text far outside the view: "{show_hidden.visible(rest)}"'
                yield PageSignal(
                    "injection/far-right-text", index, (start, len(text)), message, rest
                )
                break
