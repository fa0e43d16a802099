"""Signals to a tier: the best windows of a text, their score, and why.

The score of a window of up to 16 lines is the sum of its families, each capped,
each phrase counted once; supporting families weigh half in agents' own files.
A hidden or coded carrier adds, a text that discusses attacks takes away, but
never below review: else three words would talk a finding down to nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, NamedTuple

from zt_gate.scanners.injection import show_hidden
from zt_gate.scanners.injection.tokenize import set_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.scanners.injection.signal_families import SignalBook, SignalHit

#: Hits that are weighed together, and the strongest of them; a hostile text has thousands.
_TOGETHER = 200
_MAX_HITS = 60
_FAR = 80
# Before a hit: the title of a Markdown link or image; an attribute for programs.
_TITLE = (
    r"(?:\]\([^()\s]{0,300}|^\s{0,8}\[[^\]\n]{1,80}\]: {0,4}\S{1,300})\s{1,4}"
    r"""["'(][^"'\n]{0,300}$"""
)
_DATA = r"""\sdata-[\w-]{1,40}=["'][^"'<>\n]{0,300}$"""
_CONCEALED = (
    r"(?:\x1b|\\x1[bB]|\\033|\\e|\\u001[bB])\[(?:[0-9]{1,2};){0,4}8m[^\x1b\\]{0,160}$"
)
_HIDDEN = (
    r"display:none|visibility:hidden|font-size:[01](?:px|pt|em|rem|%)?[;\"'}]"
    r"|opacity:0(?:\.0{1,3})?[;\"'}]|(?<![-a-z])color[:=][\"']?(?:white|#fff(?:fff)?\b|transparent)"
    r"|fill[:=][\"']?(?:white|#fff(?:fff)?\b|none|transparent)|(?:left|top|text-indent):-[0-9]{3,5}"
)
# The element closes later: no other tag stands between it and the hit.
_ATTRIBUTE = (
    r"<(?:(?:desc|metadata|template|noscript)[^<>]{0,200}|[a-z]{1,9}\b[^<>]{0,120}\shidden"
    r"(?:[\s=][^<>]{0,120})?)>[^<]{0,200}$"
)


class ScoringSettings(NamedTuple):
    """Thresholds and words of the ``injection/instructions`` rule."""

    block: int
    review: int
    strong: int
    supported: int
    window: int
    discussing: frozenset[str]
    least: int
    reduction: int

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ScoringSettings:
        """Read them from the rule's data."""
        limits, talk = data["thresholds"], data["discussing"]
        return cls(
            limits["block"], limits["review"], limits["strong"],
            limits["supported"], limits["window"],
            frozenset(talk["words"].split()), talk["least"], talk["reduction"],
        )  # fmt: skip


class Scored(NamedTuple):
    """A window that reached a tier: its strongest hit, its score, and the reasons."""

    hit: SignalHit
    score: int
    blocks: bool
    reasons: str
    #: The score before anything was taken off; windows are compared by it.
    gross: int


class PageText(NamedTuple):
    """A text of several lines, with the offsets at which they start."""

    text: str
    starts: Sequence[int]

    def line_of(self, offset: int) -> int:
        """Return the index of the line that holds ``offset``."""
        return bisect_right(self.starts, offset) - 1

    def line(self, index: int) -> str:
        """Return one line."""
        end = (
            self.starts[index + 1] - 1
            if index + 1 < len(self.starts)
            else len(self.text)
        )
        return self.text[self.starts[index] : end]


def page_of(text: str) -> PageText:
    """Take a text of lines as a page."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return PageText(text, starts)


def score(
    page: PageText,
    hits: Sequence[SignalHit],
    book: SignalBook,
    settings: ScoringSettings,
    *,
    agent: bool,
    bonus: int = 0,
) -> Iterator[Scored]:
    """Yield the windows that reach a tier, best first, none of them overlapping."""
    for group in _groups(
        page, sorted(hits, key=lambda hit: (hit.start, hit.end)), settings.window
    ):
        yield from _best(page, group, book, settings, agent=agent, bonus=bonus)


def _groups(
    page: PageText, hits: Sequence[SignalHit], window: int
) -> Iterator[list[SignalHit]]:
    """Cut hits in the order of the text where no window could hold both sides of the cut.

    Where there is no such place, what stands at the cut is in both groups.
    """
    group: list[SignalHit] = []
    last = 0
    for hit in hits:
        line = page.line_of(hit.start)
        full = len(group) >= _TOGETHER
        if group and (line - last >= window or full):
            yield group
            close = (one for one in group[-_TOGETHER // 2 :] if full)
            group = [one for one in close if line - page.line_of(one.start) < window]
        group.append(hit)
        last = line
    if group:
        yield group


def _best(
    page: PageText,
    hits: Sequence[SignalHit],
    book: SignalBook,
    settings: ScoringSettings,
    *,
    agent: bool,
    bonus: int,
) -> Iterator[Scored]:
    strongest = sorted(hits, key=lambda hit: -hit.weight)[:_MAX_HITS]
    rest = sorted(strongest, key=lambda hit: (hit.start, hit.end))
    while rest:
        best: Scored | None = None
        span: tuple[int, int] = (0, 0)
        for first, hit in enumerate(rest):
            line = page.line_of(hit.start)
            last = first
            while (
                last < len(rest)
                and page.line_of(rest[last].start) < line + settings.window
            ):
                last += 1
            found = _window(
                page, rest[first:last], book, settings, agent=agent, bonus=bonus
            )
            if found is not None and (best is None or found.gross > best.gross):
                best, span = found, (first, last)
        if best is None:
            return
        yield best
        del rest[span[0] : span[1]]


def _window(
    page: PageText,
    hits: Sequence[SignalHit],
    book: SignalBook,
    settings: ScoringSettings,
    *,
    agent: bool,
    bonus: int,
) -> Scored | None:
    families: dict[str, int] = {}
    strongest: dict[str, SignalHit] = {}
    counted: set[str] = set()
    for hit in sorted(hits, key=lambda hit: -hit.weight):
        if hit.source in counted or _inside(hit, strongest.get(hit.family)):
            continue
        counted.add(hit.source)
        known = strongest.get(hit.family)
        half = agent and hit.family in book.supporting
        weight = hit.weight / 2 if half else hit.weight
        families[hit.family] = min(
            families.get(hit.family, 0) + weight, book.caps[hit.family]
        )  # type: ignore[assignment]
        if known is None or hit.weight > known.weight:
            strongest[hit.family] = hit
    total = int(sum(families.values()))
    main = max(
        strongest.values(), key=lambda h: (h.family not in book.supporting, h.weight)
    )
    agree = total > settings.strong if len(families) > 1 else total >= settings.block
    if total < 2 or (main.weight < settings.strong and not agree):
        return None
    reasons = [
        f'{family} {value:g} "{_quote(page, strongest[family])}"'
        for family, value in sorted(families.items(), key=lambda item: -item[1])
    ]
    carrier, name = _carrier(page, main)
    if carrier or bonus:
        total += max(carrier, bonus)
        reasons.append(f"{name or 'coded text'} +{max(carrier, bonus)}")
    gross = total
    if (
        total >= settings.block
        and not (carrier or bonus)
        and _discusses(page, hits, settings)
    ):
        total = max(settings.review, total - settings.reduction)
        reasons.append(f"talks about attacks -{settings.reduction}")
    if total < settings.review:
        return None
    only_support = main.family in book.supporting
    blocks = total >= (settings.supported if only_support else settings.block)
    return Scored(main, total, blocks, "; ".join(reasons), gross)


def _inside(hit: SignalHit, other: SignalHit | None) -> bool:
    """Whether a hit only says again what a stronger one of its family says."""
    return (
        other is not None
        and other.start < hit.end
        and hit.start < other.end
        and hit.weight <= other.weight
    )


def _quote(page: PageText, hit: SignalHit) -> str:
    text = " ".join(page.text[hit.start : min(hit.end, hit.start + 200)].split())
    return show_hidden.visible(text, 60)


def _carrier(page: PageText, hit: SignalHit) -> tuple[int, str]:
    """Return what is added for a place that readers do not see, and its name."""
    index = page.line_of(hit.start)
    line = page.line(index)
    before = line[: hit.start - page.starts[index]]
    if before.rstrip() != before and len(before) - len(before.rstrip()) >= _FAR:
        return 2, "far to the right"
    if " " * _FAR in before.strip("\t ") or "\t" * 20 in before:
        return 2, "far to the right"
    if before.lstrip().startswith(("[//]: #", "[comment]: #")):
        return 2, "link title that is not shown"
    if re.search(_TITLE, before[-700:]):
        return 2, "link title"
    if re.search(_DATA, before[-400:].lower()):
        return 2, "attribute that is not shown"
    if re.search(_CONCEALED, before[-200:]):
        return 2, "concealed in a terminal"
    lowered = page.text[max(0, hit.start - 4000) : hit.start].lower()
    if lowered.rfind("<!--") > lowered.rfind("-->"):
        return 2, "HTML comment"
    near = lowered[-300:]
    if re.search(_HIDDEN, near.replace(" ", "")) or re.search(_ATTRIBUTE, near):
        return 2, "hidden element"
    return 0, ""


def _discusses(
    page: PageText, hits: Sequence[SignalHit], settings: ScoringSettings
) -> bool:
    first = page.line_of(min(hit.start for hit in hits))
    last = page.line_of(max(hit.end for hit in hits))
    lines = [
        page.line(i) for i in range(max(0, first - 4), min(last + 5, len(page.starts)))
    ]
    words = set_of("\n".join(lines))
    return len(words & settings.discussing) >= settings.least
