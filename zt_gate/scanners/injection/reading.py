"""The text layer: one block of adjacent added lines, in all its readings.

Cheap first: the set of words of the block decides which phrases can stand in
it at all, and mostly none can.  Then the lines that hold the words of a phrase
close together are cut into words with positions; only there phrases are tried.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import decode, disguise, families, markup, scoring, show, words
from zt_gate.scanners.injection.lexicon import Lexicon

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.families import Hit, Pattern, Phrase
    from zt_gate.scanners.injection.lexicon import Block
    from zt_gate.scanners.injection.scoring import Page, Scored

#: Over how many lines a phrase may be wrapped.
_REACH = 6
#: Whitespace from here on pushes text out of the view (columns).
_GAP = 120
_FAR_GAP = r"(?<![ \t])[ \t]{120,}(?=\S)"
_PACKED_WORDS = 5
_PACKED_SURE = 8
_PACKED_LINES = 4


class Said(NamedTuple):
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


class Reader:
    """Holds what all blocks need; made once a scan.  Raises FamilyError for a wrong family."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self.book = families.load(rules)
        self.lexicon = Lexicon(self.book)
        self.settings = scoring.Settings.of(rules["injection/instructions"].data)

    @cached_property
    def table(self) -> Mapping[int, str]:
        """Look-alikes and the letters that they fold to, the doubtful ones included."""
        from zt_gate.scanners.injection import letters

        return letters.fold_table(self.rules, wide=True)

    def read(self, lines: Sequence[bytes], *, agent: bool) -> Iterator[Said]:
        """Yield what the lines of one block say to a model."""
        data = b"\n".join(lines)
        lowered = data.lower()
        found = words.quick_set(lowered)
        block = self.lexicon.look(found)
        blocked: set[int] = set()
        plain: set[str] = set()
        for said in self._plain(lines, lowered, found, block, plain, agent=agent):
            if said.rule == "injection/instructions":
                blocked.add(said.line)
            yield said
        if b" " * 100 in data or b"\t" * 16 in data:
            yield from _far_right(lines)
        sly = Sly(
            disguise.folds(block.meant),
            block.turned if len(block.turned) >= disguise.TURNED else {},
            disguise.may_be_spaced(lowered),
        )
        if (
            any(sly)
            or not data.isascii()
            or decode.may_be_coded(data)
            or markup.may_be_wrapped(lowered)
        ):
            for said in self._other_readings(lines, sly, plain, agent=agent):
                if said.rule != "injection/instructions" or said.line not in blocked:
                    yield said

    def _plain(
        self,
        lines: Sequence[bytes],
        lowered: bytes,
        found: set[str],
        block: Block,
        sources: set[str],
        *,
        agent: bool,
    ) -> Iterator[Said]:
        known = found
        if not lowered.isascii():
            known = found.union(
                *(words.set_of(_text(line)) for line in lines if not line.isascii())
            )
        candidates = self.book.candidates(known)
        patterns = self.book.patterns_for(lowered, block.literals) if block.literals else []
        if not candidates and not patterns:
            return
        texts = [_text(line) for line in lines]
        page = scoring.page_of(texts)
        hits = self._hits(page, texts, candidates, patterns, lowered)
        sources.update(hit.source for hit in hits)
        for scored in scoring.score(page, hits, self.book, self.settings, agent=agent):
            yield _said(page, scored)

    def _hits(
        self,
        page: Page,
        texts: Sequence[str],
        candidates: Sequence[Phrase],
        patterns: Sequence[Pattern],
        lowered: bytes,
    ) -> list[Hit]:
        """Find phrases and strong patterns, and where there are any, the weak ones too."""
        hits = list(self._phrase_hits(page, texts, candidates))
        hits += families.find_patterns(patterns, page.text)
        if hits:
            weak = self.book.patterns_for(lowered, weak=True)
            hits += families.find_patterns(weak, page.text)
        return hits

    def _phrase_hits(
        self, page: Page, texts: Sequence[str], candidates: Sequence[Phrase]
    ) -> Iterator[Hit]:
        if not candidates:
            return
        wanted = {word for phrase in candidates for need in phrase.needs for word in need}
        where = _places(page.text, texts, wanted)
        kept, marked = _close_together(candidates, where, len(texts))
        for first, last in _runs(marked):
            offset = page.starts[first]
            end = page.starts[last] + len(texts[last])
            cut = words.split(page.text[offset:end])
            for hit in families.find_phrases(kept, cut):
                yield hit._replace(start=hit.start + offset, end=hit.end + offset)

    def _other_readings(
        self, lines: Sequence[bytes], sly: Sly, plain: set[str], *, agent: bool
    ) -> Iterator[Said]:
        """Read the block again with every line decoded, folded and unscrambled that needs it.

        What was coded weighs more, where the plain reading did not hold it already.
        """
        other = []
        changed: dict[int, bool] = {}
        for index, line in enumerate(lines):
            text, hidden, said = self._other_line(index, line, sly)
            yield from said
            if text != _text(line):
                changed[index] = hidden
            other.append(text)
        if not changed:
            return
        page = scoring.page_of(other)
        lowered = page.text.lower().encode("utf-8", "replace")
        candidates = self.book.candidates(words.set_of(page.text))
        patterns = self.book.patterns_for(lowered)
        hits = self._hits(page, other, candidates, patterns, lowered)
        new = [hit for hit in hits if page.line_of(hit.start) in changed]
        if not new:
            return
        coded = any(changed[page.line_of(hit.start)] and hit.source not in plain for hit in new)
        bonus = 2 if coded else 0
        for scored in scoring.score(page, hits, self.book, self.settings, agent=agent, bonus=bonus):
            if page.line_of(scored.hit.start) in changed:
                yield _said(page, scored)._replace(span=None)

    def _other_line(self, index: int, line: bytes, sly: Sly) -> tuple[str, bool, list[Said]]:
        """Return one line in the clear, whether it was hidden, and what its disguise says."""
        text = _text(line)
        said: list[Said] = []
        coded = decode.read(text)
        if coded is not None:
            text = coded.text
            said += _coded(index, coded)
        text, hidden = markup.unwrap(text)
        hidden = hidden or coded is not None
        if not text.isascii():
            folded = decode.fold(text, self.table)
            hidden = hidden or decode.letters(folded) > decode.letters(text)
            text = folded
        before = text
        messages = []
        if sly.spaced:
            text, message = disguise.unspace(text)
            messages.append(message)
        if sly.turned:
            text, message = disguise.unturn(text, sly.turned)
            messages.append(message)
        if sly.folds:
            text, message = disguise.unfold(text, sly.folds)
            messages.append(message)
        said += [
            Said("injection/coded-text", index, None, shown, "") for shown in messages if shown
        ]
        return text, hidden or text != before, said


def _places(whole: str, texts: Sequence[str], wanted: set[str]) -> dict[str, list[int]]:
    """Return on which lines the wanted words stand."""
    where: dict[str, list[int]] = {}
    # One pass over the block where nothing in it needs more than ASCII's rules.
    lines: Iterable[Iterable[str]]
    if whole.isascii() and " _" not in whole:
        lines = (line.split() for line in words.flat(whole).split("\n"))
    else:
        lines = (words.set_of(text) for text in texts)
    for index, line in enumerate(lines):
        for word in wanted & set(line):
            where.setdefault(word, []).append(index)
    return where


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _close_together(
    candidates: Sequence[Phrase], where: Mapping[str, Sequence[int]], count: int
) -> tuple[list[Phrase], list[bool]]:
    """Return the phrases whose words stand within a few lines, and a mark on those lines."""
    kept = []
    marked = [False] * count
    for phrase in candidates:
        heads, *others = (
            {line for word in need for line in where.get(word, ())} for need in phrase.needs
        )
        fits = [
            line
            for line in heads
            if all(any(near in lines for near in range(line, line + _REACH)) for lines in others)
        ]
        if fits:
            kept.append(phrase)
        for line in fits:
            # The line before may hold the word that turns the sense round.
            for near in range(max(0, line - 1), min(count, line + _REACH)):
                marked[near] = True
    return kept, marked


def _runs(marked: Sequence[bool]) -> Iterator[tuple[int, int]]:
    first = None
    for index, mark in enumerate([*marked, False]):
        if mark and first is None:
            first = index
        elif not mark and first is not None:
            yield first, index - 1
            first = None


def _said(page: Page, scored: Scored) -> Said:
    line = page.line_of(scored.hit.start)
    start = scored.hit.start - page.starts[line]
    end = min(scored.hit.end - page.starts[line], len(page.line(line)))
    rule = "injection/instructions" if scored.blocks else "injection/instructions-review"
    message = f"score {scored.score}: {scored.reasons}"
    subject = " ".join(page.text[scored.hit.start : scored.hit.end].lower().split())
    return Said(rule, line, (start, max(end, start + 1)), message, subject)


def _coded(index: int, coded: decode.Reading) -> Iterator[Said]:
    spelt = next((text for text in coded.letters if decode.is_sentence(text)), None)
    if spelt is not None:
        message = f'letters written as codes that read "{show.visible(spelt)}"'
        yield Said("injection/coded-text", index, None, message, spelt)
    packed = max(coded.packed, key=len, default="")
    if decode.is_sentence(packed, _PACKED_WORDS) and decode.is_prose(packed):
        # Several lines are somebody's file: its sentences are read, the packing is no wonder.
        sure = decode.is_sentence(packed, _PACKED_SURE) and packed.count("\n") < _PACKED_LINES
        rule = "injection/packed-text" if sure else "injection/packed-text-review"
        yield Said(rule, index, None, f'packed text that reads "{show.visible(packed)}"', packed)


def _far_right(lines: Sequence[bytes]) -> Iterator[Said]:
    for index, line in enumerate(lines):
        if len(line) < _GAP and b"\t" * 16 not in line:
            continue
        text = _text(line)
        for match in re.finditer(_FAR_GAP, text.replace("\t", " " * 8)):
            rest = match.string[match.end() : match.end() + 400]
            if decode.is_sentence(rest, 4):
                start = max(0, len(text) - (len(match.string) - match.end()))
                message = f'text far outside the view: "{show.visible(rest)}"'
                yield Said("injection/far-right-text", index, (start, len(text)), message, rest)
                break
