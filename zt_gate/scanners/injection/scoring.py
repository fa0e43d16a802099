"""Scores signal hits in windows of a text: block, review or nothing, with the reasons.

The score of a window of up to 16 lines is the sum of its families.  Each family is
capped and each phrase counts once; supporting families count half in files for agents.
A hidden or encoded carrier raises the score.  A text that discusses attacks lowers it,
but never below review: otherwise a few such words would suppress any finding.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate.scanners.injection import show_hidden
from zt_gate.scanners.injection.act_words import fold
from zt_gate.scanners.injection.tokenize import different_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from zt_gate.scanners.injection.signal_families import SignalCatalog, SignalHit

#: Hits of one group, and the strongest of them that are scored: a hostile text has thousands.
_MAX_GROUP = 200
_MAX_SCORED = 60
#: Places that every template has, and what they add.
_WEAK_CARRIERS = frozenset(("HTML comment", "collapsed block"))
_WEAK_BONUS = 1
#: Places that somebody hid, and what they add; other unseen places add 2.
_FAR = "far to the right"
_HIDING = frozenset((_FAR, "hidden element", "concealed terminal text"))
_HIDING_BONUS = 4
#: What the sources of hits by the grammar of acts begin with, and those of its constraints.
_GRAMMAR = "act:"
#: Those say how little an act must weigh to block with them: in other files, and in files
#: for agents, where orders and their conditions are usual.
_CONSTRAINTS = {
    "act:unsaid": (1, 2),
    "act:called": (2, 4),
    "act:unasked": (2, 4),
    "act:quiet": (2, 4),
    "act:model": (3, 4),
    "act:task": (3, 4),
    "act:persist": (3, 4),
    "act:first": (3, 4),
}
#: The weight of an act that blocks by itself, and the most that a weak hit weighs.
_DECISIVE = 5
_WEAK = 2
#: Spaces after which text is out of the visible part of a line.
_MIN_FAR_SPACES = 80
# The text before a hit ends in the title of a Markdown link or image, or in a data attribute.
_TITLE = (
    r"(?:\]\([^()\s]{0,300}|^\s{0,8}\[[^\]\n]{1,80}\]: {0,4}\S{1,300})\s{1,4}"
    r"""["'(][^"'\n]{0,300}$"""
)
_DATA_ATTRIBUTE = r"""\sdata-[\w-]{1,40}=["'][^"'<>\n]{0,300}$"""
_CONCEALED = (
    r"(?:\x1b|\\x1[bB]|\\033|\\e|\\u001[bB])\[(?:[0-9]{1,2};){0,4}8m[^\x1b\\]{0,160}$"
)
_UNSHOWN_ELEMENT = r"<(?:desc|metadata|template|noscript)[^<>]{0,200}>[^<]{0,200}$"
_HIDING_STYLE = (
    r"display:none|visibility:hidden|font-size:[01](?:px|pt|em|rem|%)?[;\"'}]"
    r"|opacity:0(?:\.0{1,3})?[;\"'}]|(?<![-a-z])color[:=][\"']?(?:white|#fff(?:fff)?\b|transparent)"
    r"|visibility:collapse|scale\(0\)|clip-path:inset\((?:50|100)%|clip:rect\(0"
    r"|(?<![a-z])(?:max-)?(?:height|width)[:=][\"']?0(?:px|pt|em|rem|%)?[;\"'}]"
    r"|color:#(?:f[ef]){3}\b|\\(?:text)?color\{white\}|#{1,4}\{white\}"
    r"|fill[:=][\"']?(?:white|#fff(?:fff)?\b|none|transparent)|(?:left|top|text-indent):-[0-9]{3,5}"
)
# Words that announce an example, and a quotation that is open.
_QUOTED = (
    r"(?:such as|like|e\.g\.|for example|for instance|detects|blocks|refuses|rejects|looks for"
    r"|titled|entitled"
    r"|wie|zum beispiel|z\. ?b\.|comme|par exemple|como|por ejemplo|por exemplo|come|ad esempio"
    r"|как|например|вроде|例如|比如|诸如|例えば|のような|같은|예를 들어)[\s:(,-]{0,4}"
    r"[\"'\u201c\u201e\u00ab\u300c`][^\"\u201d\u00bb\u300d`\n]{0,80}$"
)
# What follows the title of a paper: its subtitle, which names attacks as a subject.
_SUBTITLE = (
    r"(?: ?[A-Z][\w-]{1,30}){0,3}: (?:[A-Z\"\u201c][\w-]{1,30} ){0,6}"
    r"(?:Attacks?|Injections?|Jailbreak\w{0,8}|Adversarial|Defen[cs]es?|Robustness|Red)\b"
)
# An element that is not shown and not closed before the hit.
_HIDDEN_ELEMENT = (
    r"<(?:[a-z]{1,9}\b[^<>]{0,120}\shidden"
    r"(?:[\s=][^<>]{0,120})?)>[^<]{0,200}$"
)


class ScoringSettings(NamedTuple):
    """Thresholds and words of the rule ``injection/instructions``.

    ``block`` and ``review`` are the scores of the two tiers, ``supported`` is the
    blocking score of supporting families alone.  ``discussion_words`` are the words of
    texts about attacks; ``discussion_minimum`` of them lower the score by ``reduction``.
    """

    block: int
    review: int
    strong: int
    supported: int
    window: int
    discussion_words: frozenset[str]
    #: Words of languages without spaces, found anywhere in the text.
    discussion_terms: tuple[str, ...]
    discussion_minimum: int
    reduction: int

    @classmethod
    def of(cls, data: Mapping[str, Any], about: frozenset[str]) -> ScoringSettings:
        """Read the settings from the rule's data; ``about`` are further words of discussion."""
        thresholds = data["thresholds"]
        discussing = data["discussing"]
        return cls(
            block=thresholds["block"],
            review=thresholds["review"],
            strong=thresholds["strong"],
            supported=thresholds["supported"],
            window=thresholds["window"],
            discussion_words=about.union(discussing["words"].split()),
            discussion_terms=tuple(
                sorted(term for term in about if term[0] >= "\u3040")
            ),
            discussion_minimum=discussing["least"],
            reduction=discussing["reduction"],
        )


class ScoredWindow(NamedTuple):
    """A window that reached a tier: its strongest hit, its score, and the reasons."""

    hit: SignalHit
    score: int
    blocks: bool
    reasons: str
    #: The score before the reduction; windows are compared by it.
    gross: int
    #: Whether the strongest hit is in a place that readers of the page do not see.
    is_hidden: bool = False


class PageText(NamedTuple):
    """A text of several lines, with the offsets at which they start."""

    text: str
    starts: Sequence[int]

    def line_of(self, offset: int) -> int:
        """Return the index of the line that contains ``offset``."""
        return bisect_right(self.starts, offset) - 1

    def line(self, index: int) -> str:
        """Return one line without its line end."""
        end = len(self.text)
        if index + 1 < len(self.starts):
            end = self.starts[index + 1] - 1
        return self.text[self.starts[index] : end]


def page_of(text: str) -> PageText:
    """Return a text with the offsets of its lines."""
    starts = [0]
    line_end = text.find("\n")
    while line_end >= 0:
        starts.append(line_end + 1)
        line_end = text.find("\n", line_end + 1)
    return PageText(text, starts)


def score(
    page: PageText,
    hits: Sequence[SignalHit],
    catalog: SignalCatalog,
    settings: ScoringSettings,
    *,
    agent: bool,
    bonus: int = 0,
) -> Iterator[ScoredWindow]:
    """Yield the windows that reach a tier, best first; windows do not overlap.

    ``agent`` says that the file holds instructions for an agent.  ``bonus`` is added
    to the score of every window, for text that was encoded.
    """
    scorer = _Scorer(page, catalog, settings, agent=agent, bonus=bonus)
    ordered = sorted(hits, key=_position)
    for group in _groups(page, ordered, settings.window):
        yield from scorer.best_windows(group)


def _position(hit: SignalHit) -> tuple[int, int]:
    return hit.start, hit.end


def _groups(
    page: PageText, hits: Sequence[SignalHit], window: int
) -> Iterator[list[SignalHit]]:
    """Split hits in text order where no window can contain both sides of the split.

    A group that is full before such a place is split anyway; the hits near that split
    are in both groups.
    """
    group: list[SignalHit] = []
    last_line = 0
    for hit in hits:
        line = page.line_of(hit.start)
        is_full = len(group) >= _MAX_GROUP
        if group and (is_full or line - last_line >= window):
            yield group
            recent = group[-_MAX_GROUP // 2 :] if is_full else []
            group = [
                earlier
                for earlier in recent
                if line - page.line_of(earlier.start) < window
            ]
        group.append(hit)
        last_line = line
    if group:
        yield group


class _Scorer:
    """Scores windows of one page."""

    def __init__(
        self,
        page: PageText,
        catalog: SignalCatalog,
        settings: ScoringSettings,
        *,
        agent: bool,
        bonus: int,
    ) -> None:
        self.page = page
        self.catalog = catalog
        self.settings = settings
        self.agent = agent
        self.bonus = bonus

    def best_windows(self, hits: Sequence[SignalHit]) -> Iterator[ScoredWindow]:
        """Yield the best window, then the best one of the remaining hits, and so on."""
        strongest = sorted(hits, key=lambda hit: -hit.weight)[:_MAX_SCORED]
        remaining = sorted(strongest, key=_position)
        while remaining:
            best: ScoredWindow | None = None
            best_range = (0, 0)
            for first in range(len(remaining)):
                last = self._end_of_window(remaining, first)
                window = self._score_window(remaining[first:last])
                if window is not None and (best is None or window.gross > best.gross):
                    best = window
                    best_range = (first, last)
            if best is None:
                return
            yield best
            del remaining[slice(*best_range)]

    def _end_of_window(self, hits: Sequence[SignalHit], first: int) -> int:
        """Return the index after the last hit of the window that starts with ``first``."""
        end_line = self.page.line_of(hits[first].start) + self.settings.window
        for index in range(first, len(hits)):
            if self.page.line_of(hits[index].start) >= end_line:
                return index
        return len(hits)

    def _score_window(self, hits: Sequence[SignalHit]) -> ScoredWindow | None:
        families, strongest = self._family_scores(hits)
        total = int(sum(families.values()))
        main = max(strongest.values(), key=self._importance)
        if total < 2:
            return None
        carrier_bonus, carrier = _carrier(self.page, main)
        is_hidden = carrier_bonus >= _HIDING_BONUS
        if not is_hidden and not self._is_enough(total, main, families):
            return None
        reasons = self._reasons(families, strongest)
        added = max(carrier_bonus, self.bonus)
        if added:
            total += added
            reasons.append(f"{carrier or 'encoded text'} +{added}")
        gross = total
        reduction = self._reduction(hits, main)
        if total >= self.settings.block and added < 2 and reduction:
            total = max(self.settings.review, total - reduction)
            reasons.append(f"text discusses attacks -{reduction}")
        if total < self.settings.review:
            return None
        blocking_score = self.settings.block
        if main.family in self.catalog.supporting and not is_hidden:
            blocking_score = self.settings.supported
        blocks = total >= blocking_score and (
            added > 0
            or self._blocks_without_acts(hits)
            or _asks_for_harm(hits, agent=self.agent)
        )
        return ScoredWindow(
            main, total, blocks, "; ".join(reasons), gross, is_hidden=bool(carrier)
        )

    def _family_scores(
        self, hits: Sequence[SignalHit]
    ) -> tuple[dict[str, float], dict[str, SignalHit]]:
        """Return the capped score and the strongest hit of each family."""
        scores: dict[str, float] = {}
        strongest: dict[str, SignalHit] = {}
        counted: set[str] = set()
        for hit in sorted(hits, key=lambda hit: -hit.weight):
            family = hit.family
            stronger = strongest.get(family)
            if hit.source in counted or _is_repetition(hit, stronger):
                continue
            counted.add(hit.source)
            weight: float = hit.weight
            if self.agent and family in self.catalog.supporting:
                weight = hit.weight / 2
            uncapped = scores.get(family, 0) + weight
            scores[family] = min(uncapped, self.catalog.caps[family])
            if stronger is None or hit.weight > stronger.weight:
                strongest[family] = hit
        return scores, strongest

    def _blocks_without_acts(self, hits: Sequence[SignalHit]) -> bool:
        """Whether the phrases of a window are enough without the grammar of acts."""
        phrases = [hit for hit in hits if not hit.source.startswith(_GRAMMAR)]
        if not phrases:
            return False
        return sum(self._family_scores(phrases)[0].values()) >= self.settings.block

    def _importance(self, hit: SignalHit) -> tuple[bool, int]:
        return hit.family not in self.catalog.supporting, hit.weight

    def _is_enough(
        self, total: int, main: SignalHit, families: Mapping[str, float]
    ) -> bool:
        """Whether one hit is strong, or weak hits together score high enough."""
        if main.weight >= self.settings.strong:
            return True
        if len(families) > 1:
            return total > self.settings.strong
        return total >= self.settings.block

    def _reasons(
        self, families: Mapping[str, float], strongest: Mapping[str, SignalHit]
    ) -> list[str]:
        """Return each family with its score and a quotation, the highest score first."""
        ordered = sorted(families.items(), key=lambda item: -item[1])
        return [
            f'{family} {value:g} "{_quote(self.page, strongest[family])}"'
            for family, value in ordered
        ]

    def _reduction(self, hits: Sequence[SignalHit], main: SignalHit) -> int:
        """Return how much less a window scores that discusses attacks or quotes one.

        Prose that is full of words for attacks scores twice as much less.
        """
        count = self._count_of_discussion(hits)
        if count >= 2 * self.settings.discussion_minimum:
            return 2 * self.settings.reduction
        if count >= self.settings.discussion_minimum or _is_quoted(self.page, main):
            return self.settings.reduction
        return 0

    def _count_of_discussion(self, hits: Sequence[SignalHit]) -> int:
        """Return how many words of texts about attacks the lines around the hits have."""
        page = self.page
        first = page.line_of(min(hit.start for hit in hits))
        last = page.line_of(max(hit.end for hit in hits))
        nearby = range(max(0, first - 4), min(last + 5, len(page.starts)))
        text = "\n".join(page.line(index) for index in nearby)
        words = different_words(text) | different_words(fold(text))
        count = len(words & self.settings.discussion_words)
        if not text.isascii():
            count += sum(term in text for term in self.settings.discussion_terms)
        return count


def _asks_for_harm(hits: Sequence[SignalHit], *, agent: bool) -> bool:
    """Whether one act weighs enough, or comes with secrecy, haste, an address or a phrase.

    Ordinary instructions add keys, set permissions and run programs: many such steps are
    no attack.
    """
    acts = [
        hit
        for hit in hits
        if hit.source.startswith(_GRAMMAR) and hit.source not in _CONSTRAINTS
    ]
    main = max(acts, key=lambda hit: hit.weight, default=None)
    if main is None:
        return False
    if main.weight >= _DECISIVE:
        return True
    for hit in hits:
        least = _CONSTRAINTS.get(hit.source)
        if least is not None and main.weight >= least[agent]:
            return True
    support = max(
        (
            hit.weight
            for hit in hits
            if not hit.source.startswith(_GRAMMAR) and hit.family != main.family
        ),
        default=0,
    )
    return main.weight + support > 2 * _WEAK and main.weight > _WEAK


def _is_quoted(page: PageText, hit: SignalHit) -> bool:
    """Whether a hit is inside quotation marks after words that announce an example."""
    index = page.line_of(hit.start)
    first = max(0, page.starts[index] - 160)
    before = page.text[first : hit.start]
    if re.search(_QUOTED, before.lower()) is not None:
        return True
    title = page.text[hit.start : hit.end]
    return (
        title.istitle() and re.match(_SUBTITLE, page.text[hit.end :][:300]) is not None
    )


def _is_repetition(hit: SignalHit, stronger: SignalHit | None) -> bool:
    """Whether a hit overlaps a hit of its family that weighs as much or more."""
    if stronger is None:
        return False
    overlaps = stronger.start < hit.end and hit.start < stronger.end
    return overlaps and hit.weight <= stronger.weight


def _quote(page: PageText, hit: SignalHit) -> str:
    end = min(hit.end, hit.start + 200)
    text = " ".join(page.text[hit.start : end].split())
    return show_hidden.visible(text, 60)


def _carrier(page: PageText, hit: SignalHit) -> tuple[int, str]:
    """Return the score and the name of the hidden place that contains a hit, or 0 and ""."""
    index = page.line_of(hit.start)
    before = page.line(index)[: hit.start - page.starts[index]]
    carrier = _carrier_in_line(before) or _carrier_in_html(page, hit)
    if carrier == _FAR and is_aligned(page.line, len(page.starts), index):
        carrier = ""
    if carrier in _HIDING:
        return _HIDING_BONUS, carrier
    if carrier in _WEAK_CARRIERS:
        return _WEAK_BONUS, carrier
    return (2, carrier) if carrier else (0, "")


def is_aligned(line: Callable[[int], str], count: int, index: int) -> bool:
    """Whether a line is far right because those next to it are: a table, an indented block.

    ``line`` returns a line by its index, below ``count``.
    """
    own = line(index).expandtabs(8)
    for other in (index - 1, index + 1):
        if not 0 <= other < count:
            continue
        text = line(other).expandtabs(8)
        if own.lstrip()[:1] == text.lstrip()[:1] == "|" and _cells(own) == _cells(text):
            return True
        if (
            _MIN_FAR_SPACES <= _indent(own) <= _indent(text) + 40
            and _indent(text) >= 40
        ):
            return True
    return False


def _cells(line: str) -> int:
    return min(line.count("|"), 3)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _carrier_in_line(before: str) -> str:
    """Return the hidden place that the text before a hit in its line shows, or ""."""
    trailing_spaces = len(before) - len(before.rstrip())
    if trailing_spaces >= _MIN_FAR_SPACES:
        return _FAR
    if " " * _MIN_FAR_SPACES in before.strip("\t ") or "\t" * 20 in before:
        return _FAR
    if before.lstrip().startswith(("[//]: #", "[comment]: #")):
        return "Markdown comment"
    if re.search(_TITLE, before[-700:]):
        return "link title"
    if re.search(_DATA_ATTRIBUTE, before[-400:].lower()):
        return "data attribute"
    if re.search(_CONCEALED, before[-200:]):
        return "concealed terminal text"
    return ""


def _carrier_in_html(page: PageText, hit: SignalHit) -> str:
    """Return the hidden HTML node that contains a hit, or ""."""
    before = page.text[max(0, hit.start - 4000) : hit.start].lower()
    if before.rfind("<!--") > before.rfind("-->"):
        return "HTML comment"
    collapsed = before.rfind("<details")
    if collapsed > before.rfind("</details"):
        tag = before[collapsed : collapsed + 200].partition(">")[0]
        if not tag.rstrip().endswith((" open", ' open=""', ' open="open"')):
            return "collapsed block"
    nearby = before[-300:]
    if re.search(_HIDING_STYLE, nearby.replace(" ", "")):
        return "hidden element"
    if re.search(_HIDDEN_ELEMENT, nearby):
        return "hidden element"
    if re.search(_UNSHOWN_ELEMENT, nearby):
        return "element that is not shown"
    return ""
