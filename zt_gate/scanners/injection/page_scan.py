"""Scans one page of adjacent added lines, as it is written and decoded.

The set of words of the page decides which phrases can occur in it; mostly none can.
Lines with the words of a phrase close together are then split into words with
positions, and phrases are matched only there.  The page is decoded block by block, and
only where it shows signs of encoding or disguise.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from zt_gate.scanners.injection import (
    act_lines,
    acts,
    decoding,
    hidden_text,
    markup,
    obfuscated_words,
    phrase_proximity,
    pieces,
    scoring,
    show_hidden,
    signal_families,
    tokenize,
)  # fmt: skip
from zt_gate.scanners.injection.lexicon import Lexicon
from zt_gate.syntax import character_codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.injection.act_words import ActWords
    from zt_gate.scanners.injection.lexicon import WordTraits
    from zt_gate.scanners.injection.scoring import PageText, ScoredWindow
    from zt_gate.scanners.injection.signal_families import (
        Phrase,
        SignalHit,
        SignalPattern,
    )
    from zt_gate.syntax.character_codes import Rewritten

#: Lines of a block that is decoded, and how many of them the next block repeats.
_BLOCK_LINES = 96
_OVERLAP_LINES = 15
#: Columns of whitespace after which text is out of the visible part of a line.
_MIN_GAP = 120
_FAR_GAP = r"(?<![ \t])[ \t]{120,}(?=\S)"
_LONG_TABS = b"\t" * 16
#: Words of unpacked text from which it is reported, and from which it blocks.
_REPORTED_WORDS = 5
_BLOCKING_WORDS = 8
#: Everyday words of one language that a sentence in pieces has.
_EVERYDAY_WORDS = 2
#: Letters and digits of a line, written as codes, that hide what the line says.
_HIDING_CODES = 2
#: Line ends of unpacked text from which it counts as a file, which does not block.
_FILE_LINES = 4


class PageSignal(NamedTuple):
    """A signal on a page: rule, line index, span (None: the whole line), message, subject.

    ``is_plain`` says that the text is written as it reads, not hidden or encoded.
    """

    rule: str
    line: int
    span: tuple[int, int] | None
    message: str
    subject: str
    is_plain: bool = True
    #: Whether the page does not show the text: a comment, a hidden element.
    is_hidden: bool = False


class Disguises(NamedTuple):
    """Disguises that a text can contain.

    ``words`` maps disguised words to plain ones, ``enciphered`` maps enciphered words to
    their ciphers, ``spaced`` says that letters can be spaced out.
    """

    words: Mapping[str, str]
    enciphered: Mapping[str, str]
    spaced: bool


class _Spelling(NamedTuple):
    """One line as its readers spell it, with the character codes in it decoded.

    ``coded`` counts the letters and digits that were written as codes.
    """

    text: str
    coded: int = 0


class _Line(NamedTuple):
    """One line decoded; ``was_hidden`` says that its plain form hides what it says."""

    text: str
    was_hidden: bool
    signals: list[PageSignal]


class PageScanner:
    """Scans pages; one instance serves one scan.  Raises FamilyError for an invalid family."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self.rules = rules
        self.catalog = signal_families.load(rules)
        self.lexicon = Lexicon(self.catalog)
        self.grammar = acts.load(rules)
        self.settings = scoring.ScoringSettings.of(
            rules["injection/instructions"].data, self.grammar.tables.about
        )

    @cached_property
    def fold_table(self) -> Mapping[int, str]:
        """Confusables with the letters that they fold to, doubtful ones included."""
        from zt_gate.scanners.injection import confusables

        return confusables.fold_table(self.rules, wide=True)

    def scan(self, lines: Sequence[bytes], *, agent: bool) -> Iterator[PageSignal]:
        """Yield the signals of one page.

        ``agent`` says that the file holds instructions for an agent.
        """
        if b"\\u" in b"\n".join(lines):
            unescaped = [decoding.unescape_letters(line) for line in lines]
            if unescaped != list(lines):
                yield from self._scan_unescaped(lines, unescaped, agent=agent)
                return
        yield from self._scan_written(lines, agent=agent)

    def _scan_written(
        self, lines: Sequence[bytes], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Yield the signals of a page whose letters are decoded."""
        data = b"\n".join(lines)
        lowered = data.lower()
        flat = tokenize.flat(lowered)
        words = tokenize.words_of_flat(flat)
        traits = self.lexicon.lookup(words)
        line_words = phrase_proximity.LineWords(_text(data), flat)
        if line_words.has_non_ascii:
            candidates = self.catalog.candidates(
                words | line_words.in_non_ascii_lines()
            )
        else:
            candidates = self.catalog.candidates(words)
        patterns: list[SignalPattern] = []
        if traits.literals:
            patterns = self.catalog.patterns_for(lowered, traits.literals)

        blocked_lines: set[int] = set()
        plain_sources: set[str] = set()
        asking, act_words = self._asking(line_words, data, words)
        unseen = self._unseen(data, lowered)
        if candidates or patterns or asking or unseen:
            page = scoring.page_of(_text(data))
            hits = self._hits(page, line_words, candidates, patterns, lowered)
            hits += self._acts(page, asking, act_words)
            hits += unseen
            plain_sources.update(hit.source for hit in hits)
            for window in self._score(page, hits, agent=agent):
                if window.blocks:
                    blocked_lines.add(page.line_of(window.hit.start))
                yield _instruction(page, window)
        if b" " * 100 in data or _LONG_TABS in data:
            yield from _far_right(lines)
        yield from self._scan_pieces(data, blocked_lines, agent=agent)
        if not _may_be_encoded(data, lowered, _disguises(traits, words, lowered)):
            return
        for first in range(0, len(lines), _BLOCK_LINES - _OVERLAP_LINES):
            block = lines[first : first + _BLOCK_LINES]
            for signal in self._scan_block(block, plain_sources, agent=agent):
                line = signal.line + first
                if signal.rule != "injection/instructions" or line not in blocked_lines:
                    yield signal._replace(line=line, is_plain=False)
            if first + _BLOCK_LINES >= len(lines):
                return

    def _scan_pieces(
        self, data: bytes, blocked_lines: set[int], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Yield the signals of text in pieces, in the line of the first piece.

        Those of ordinary text count only if they block: lists of words are no sentences.
        """
        for one in pieces.joined(_text(data)):
            if not blocked_lines.isdisjoint(range(one.line, one.last + 1)):
                continue
            if one.is_packed:
                decoded = decoding.DecodedLine(one.text, (), (one.text,))
                for signal in _encoded(one.line, decoded):
                    yield signal._replace(is_plain=False)
            elif not self._is_language(one.text):
                continue
            for window in self._score_text(one.text, agent=agent, packed=one.is_packed):
                if window.blocks:
                    page = scoring.page_of(one.text)
                    signal = _instruction(page, window)
                    message = f"text in pieces; {signal.message}"
                    yield signal._replace(
                        line=one.line, span=None, message=message, is_plain=False
                    )

    def _is_language(self, text: str) -> bool:
        """Whether pieces form a sentence: everyday words stand between the others."""
        if acts.is_cjk(text):
            return True
        words = tokenize.different_words(text)
        return any(
            len(words & language.common) >= _EVERYDAY_WORDS
            for language in self.grammar.tables.for_page(words).languages.values()
        )

    def _score_text(
        self, text: str, *, agent: bool, packed: bool
    ) -> list[ScoredWindow]:
        """Score a text that is not written as it reads."""
        page = scoring.page_of(text)
        hits = self._all_hits(page, set(range(len(page.starts))))
        return list(self._score(page, hits, agent=agent, bonus=2 if packed else 0))

    def _scan_unescaped(
        self, lines: Sequence[bytes], unescaped: Sequence[bytes], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Scan lines with their letters of other scripts decoded, as JSON writes them.

        A span on such a line would be one of the decoded line.
        """
        for signal in self._scan_written(unescaped, agent=agent):
            if unescaped[signal.line] != lines[signal.line]:
                yield signal._replace(span=None)
            else:
                yield signal

    def _scan_block(
        self, lines: Sequence[bytes], plain_sources: set[str], *, agent: bool
    ) -> Iterator[PageSignal]:
        """Decode and scan a part of a page that itself shows signs of encoding."""
        data = b"\n".join(lines)
        lowered = data.lower()
        words = tokenize.ascii_words(lowered)
        if not data.isascii():
            text = _text(lowered)
            words |= self.lexicon.enciphered(tokenize.different_words(text.lower()))
        disguises = _disguises(self.lexicon.lookup(words), words, lowered)
        if not data.isascii() and obfuscated_words.has_spaced_letters(text):
            disguises = disguises._replace(spaced=True)
        if _may_be_encoded(data, lowered, disguises):
            yield from self._scan_decoded(lines, disguises, plain_sources, agent=agent)

    def _hits(
        self,
        page: PageText,
        line_words: phrase_proximity.LineWords,
        candidates: Mapping[str, Sequence[Phrase]],
        patterns: Sequence[SignalPattern],
        lowered: bytes,
    ) -> list[SignalHit]:
        """Find phrases and strong patterns; if there are any, also weak patterns."""
        hits = list(_phrase_hits(page, line_words, candidates))
        hits += signal_families.find_patterns(patterns, page.text)
        if hits:
            weak_patterns = self.catalog.patterns_for(lowered, weak=True)
            hits += signal_families.find_patterns(weak_patterns, page.text)
        return hits

    def _unseen(self, data: bytes, lowered: bytes) -> list[SignalHit]:
        """Return the orders in text that nobody sees."""
        if not hidden_text.may_hide(lowered):
            return []
        return list(hidden_text.hits(_text(data), self.grammar))

    def _asking(
        self, line_words: phrase_proximity.LineWords, data: bytes, words: set[str]
    ) -> tuple[list[tuple[int, int]], ActWords]:
        """Return the ranges of lines that can ask for an act, and the languages' words."""
        if line_words.has_non_ascii:
            words = words | line_words.in_non_ascii_lines()
        lines = _text(data).split("\n")
        chosen = self.grammar.tables.for_page(words)
        return list(act_lines.asking(line_words, lines, words, chosen)), chosen

    def _acts(
        self, page: PageText, ranges: Sequence[tuple[int, int]], words: ActWords
    ) -> Iterator[SignalHit]:
        """Find the acts that the lines of these ranges, both ends inclusive, ask for."""
        for first, last in ranges:
            start = page.starts[first]
            end = page.starts[last] + len(page.line(last))
            yield from self.grammar.hits(page.text[start:end], words, start)

    def _score(
        self,
        page: PageText,
        hits: Sequence[SignalHit],
        *,
        agent: bool,
        bonus: int = 0,
    ) -> Iterator[ScoredWindow]:
        return scoring.score(
            page, hits, self.catalog, self.settings, agent=agent, bonus=bonus
        )

    def _scan_decoded(
        self,
        lines: Sequence[bytes],
        disguises: Disguises,
        plain_sources: set[str],
        *,
        agent: bool,
    ) -> Iterator[PageSignal]:
        """Scan the block with each line decoded.

        A signal that was encoded scores higher, unless the block as written has it too
        (``plain_sources``).
        """
        decoded_lines = []
        was_hidden: dict[int, bool] = {}
        data = b"\n".join(lines)
        may_be_encoded = decoding.may_be_encoded(data)
        has_split_words = markup.has_split_words(data.lower())
        spellings = _spellings(lines, data)
        for index, raw in enumerate(lines):
            line = self._decode_line(
                index,
                raw,
                spellings[index],
                disguises,
                may_be_encoded=may_be_encoded,
                has_split_words=has_split_words,
            )
            yield from line.signals
            if line.text != _text(raw):
                was_hidden[index] = line.was_hidden
            decoded_lines.append(line.text)
        if not was_hidden:
            return
        page = scoring.page_of("\n".join(decoded_lines))
        revealed = {index for index, hidden in was_hidden.items() if hidden}
        hits = self._all_hits(page, revealed)
        new_hits = [hit for hit in hits if page.line_of(hit.start) in was_hidden]
        if not new_hits:
            return
        reveals_signal = any(
            was_hidden[page.line_of(hit.start)] and hit.source not in plain_sources
            for hit in new_hits
        )
        bonus = 2 if reveals_signal else 0
        for window in self._score(page, hits, agent=agent, bonus=bonus):
            if page.line_of(window.hit.start) in was_hidden:
                # The span is one of the decoded line.
                yield _instruction(page, window)._replace(span=None)

    def _all_hits(self, page: PageText, revealed: set[int]) -> list[SignalHit]:
        """Find all hits of a decoded page; acts only near the lines ``revealed``."""
        lowered = page.text.encode("utf-8", "replace").lower()
        flat = tokenize.flat(lowered)
        line_words = phrase_proximity.LineWords(page.text, flat)
        words = tokenize.words_of_flat(flat) | line_words.in_non_ascii_lines()
        candidates = self.catalog.candidates(words)
        patterns = self.catalog.patterns_for(lowered)
        hits = self._hits(page, line_words, candidates, patterns, lowered)
        if revealed:
            asking, chosen = self._asking(
                line_words, page.text.encode("utf-8", "replace"), words
            )
            hits += self._acts(page, [
                one for one in asking if not revealed.isdisjoint(range(one[0], one[1] + 1))
            ], chosen)  # fmt: skip
        return hits

    def _decode_line(
        self,
        index: int,
        raw: bytes,
        spelling: _Spelling,
        disguises: Disguises,
        *,
        may_be_encoded: bool,
        has_split_words: bool,
    ) -> _Line:
        """Return one line decoded, with the signals that its encoding itself gives."""
        written = _text(raw)
        text = written
        signals: list[PageSignal] = []
        if not text.isprintable():
            text = decoding.without_control_characters(text)
        if has_split_words:
            text = markup.join_split_words(text)
        was_split = text != written
        decoded = None
        if may_be_encoded or was_split:
            decoded = decoding.decode_line(text)
        if decoded is not None:
            text = _respelled(decoded.text)
            signals += _encoded(index, decoded)
        elif spelling.text != written:
            # Codes that ordinary encoders write (a blank in a URL) hide nothing.
            was_split |= spelling.coded >= _HIDING_CODES
            text = spelling.text
            if not text.isprintable():
                text = decoding.without_control_characters(text)
            if has_split_words:
                text = markup.join_split_words(text)
        text, is_suspicious = markup.remove_markup(text)
        was_hidden = was_split or is_suspicious or decoded is not None
        if not text.isascii() and disguises.enciphered:
            text, message = obfuscated_words.decipher(text, disguises.enciphered)
            if message:
                decoded = decoding.DecodedLine(text)
                was_hidden = True
                signals.append(
                    PageSignal("injection/character-codes", index, None, message, "")
                )
        # Folding would make other words of what is written in Cyrillic.
        keeps_script = decoded is not None and decoding.is_mostly_cyrillic(text)
        if not text.isascii() and not keeps_script:
            folded = decoding.fold(text, self.fold_table)
            if decoding.count_letters(folded) > decoding.count_letters(text):
                was_hidden = True
            text = folded
        plain, messages = self._remove_disguises(text, written, disguises)
        signals += [
            PageSignal("injection/character-codes", index, None, message, "")
            for message in messages
        ]
        return _Line(plain, was_hidden or plain != text, signals)

    def _remove_disguises(
        self, text: str, written: str, disguises: Disguises
    ) -> tuple[str, list[str]]:
        """Return a line with disguised words in plain form, and messages for findings."""
        messages = []
        if disguises.spaced or obfuscated_words.has_odd_blanks(written):
            text, message = obfuscated_words.unspace(text, self.catalog.common)
            messages.append(message)
        if disguises.enciphered:
            text, message = obfuscated_words.decipher(text, disguises.enciphered)
            messages.append(message)
        if disguises.words:
            text, message = obfuscated_words.rewrite(text, disguises.words)
            messages.append(message)
        return text, [message for message in messages if message]


def _spellings(lines: Sequence[bytes], data: bytes) -> Sequence[_Spelling]:
    """Return the lines, joined in ``data``, with the character codes in them decoded."""
    rewritten = character_codes.rewrite(data)
    if rewritten is not None:
        new_lines = rewritten.data.split(b"\n")
        if len(new_lines) == len(lines):
            return _coded_lines(lines, new_lines, rewritten)
    return [_Spelling(_text(line)) for line in lines]


def _respelled(text: str) -> str:
    """Return decoded text with the character codes in it decoded, too."""
    rewritten = character_codes.rewrite(text.encode("utf-8", "surrogatepass"))
    if rewritten is None:
        return text
    return rewritten.data.decode("utf-8", "replace").replace("\n", " ")


def _coded_lines(
    lines: Sequence[bytes], new_lines: Sequence[bytes], rewritten: Rewritten
) -> Sequence[_Spelling]:
    spellings = []
    start = 0
    for line, new_line in zip(lines, new_lines, strict=True):
        coded = 0
        if line != new_line:
            coded = rewritten.coded_in(start, start + len(new_line))
        spellings.append(_Spelling(_text(new_line), coded))
        start += len(new_line) + 1
    return spellings


def _disguises(traits: WordTraits, words: set[str], lowered: bytes) -> Disguises:
    """Return the disguises that a text with these words can contain."""
    enciphered = traits.enciphered
    if len(enciphered) < obfuscated_words.MIN_ENCIPHERED:
        enciphered = {}
    return Disguises(
        obfuscated_words.worth_rewriting(traits.disguised),
        enciphered,
        obfuscated_words.may_be_spaced(words, lowered),
    )


def _may_be_encoded(data: bytes, lowered: bytes, disguises: Disguises) -> bool:
    """Whether a text shows signs of encoding or disguise; cheap."""
    return (
        any(disguises)
        or not data.isascii()
        or decoding.may_be_encoded(data)
        or markup.has_markup(lowered)
        or decoding.has_control_characters(data)
        or bool(character_codes.changed_spans(data))
    )


def _phrase_hits(
    page: PageText,
    line_words: phrase_proximity.LineWords,
    candidates: Mapping[str, Sequence[Phrase]],
) -> Iterator[SignalHit]:
    phrases, ranges = phrase_proximity.close_together(candidates, line_words)
    for first, last in ranges:
        offset = page.starts[first]
        end = page.starts[last] + len(page.line(last))
        words = tokenize.split(page.text[offset:end])
        for hit in signal_families.find_phrases(phrases, words):
            yield hit._replace(start=hit.start + offset, end=hit.end + offset)


def _text(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def _instruction(page: PageText, window: ScoredWindow) -> PageSignal:
    """Return the signal of a window, at its strongest hit."""
    hit = window.hit
    line = page.line_of(hit.start)
    start = hit.start - page.starts[line]
    end = min(hit.end - page.starts[line], len(page.line(line)))
    rule = "injection/instructions-review"
    if window.blocks:
        rule = "injection/instructions"
    message = f"score {window.score}: {window.reasons}"
    subject = " ".join(page.text[hit.start : hit.end].lower().split())
    return PageSignal(
        rule,
        line,
        (start, max(end, start + 1)),
        message,
        subject,
        is_hidden=window.is_hidden,
    )


def _encoded(index: int, decoded: decoding.DecodedLine) -> Iterator[PageSignal]:
    """Yield the signals of sentences that were encoded."""
    sentences = filter(decoding.is_sentence, decoded.spelled)
    spelled = next(sentences, None)
    if spelled is not None:
        message = f'letters written as codes; decoded: "{show_hidden.visible(spelled)}"'
        yield PageSignal("injection/character-codes", index, None, message, spelled)
    unpacked = max(decoded.unpacked, key=len, default="")
    if decoding.is_sentence(unpacked, _REPORTED_WORDS) and decoding.is_prose(unpacked):
        rule = "injection/encoded-text-review"
        if _blocks(unpacked):
            rule = "injection/encoded-text"
        message = f'encoded text; decoded: "{show_hidden.visible(unpacked)}"'
        yield PageSignal(rule, index, None, message, unpacked)


def _blocks(unpacked: str) -> bool:
    """Whether unpacked text blocks by itself.

    Text of several lines is an embedded file: its sentences are scanned, but files are
    often embedded in encoded form.
    """
    is_file = unpacked.count("\n") >= _FILE_LINES
    return not is_file and decoding.is_sentence(unpacked, _BLOCKING_WORDS)


def _far_right(lines: Sequence[bytes]) -> Iterator[PageSignal]:
    """Yield sentences behind so much whitespace that an editor does not show them."""
    for index, raw in enumerate(lines):
        if len(raw) < _MIN_GAP and _LONG_TABS not in raw:
            continue
        line = _text(raw)
        expanded = line.replace("\t", " " * 8)
        for gap in re.finditer(_FAR_GAP, expanded):
            text = expanded[gap.end() : gap.end() + 400]
            if not decoding.is_sentence(text, 4):
                continue
            if scoring.is_aligned(lambda other: _text(lines[other]), len(lines), index):
                break
            start = max(0, len(line) - (len(expanded) - gap.end()))
            message = (
                f"text after {_MIN_GAP} or more columns of whitespace: "
                f'"{show_hidden.visible(text)}"'
            )
            span = (start, len(line))
            yield PageSignal("injection/far-right-text", index, span, message, text)
            break
