"""Orders in text that no reader sees: of size zero, white, transparent, in a hidden element.

Hiding is evidence by itself.  Such text is a signal if it speaks to a model, or if it asks
for an act with an object; no phrase has to match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.injection import act_reader, act_tokens, acts, tokenize
from zt_gate.scanners.injection.act_words import ACTS
from zt_gate.scanners.injection.signal_families import SignalHit

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from zt_gate.scanners.injection.act_reader import ActPlace
    from zt_gate.scanners.injection.acts import Grammar

_MARKS = (b"style", b"hidden", b"fill=", b"{white}", b"opacity", b"<font")
#: An opening tag with a style, and the text after it up to the next tag.
_ELEMENT = lazy_re.compile(
    r"<[a-zA-Z]{1,12}\b([^<>]{0,300}(?:style|hidden|fill|color|opacity|size)[^<>]{0,300})>"
    r"((?:[^<]|</?(?:b|i|em|strong|admin|br|p|system|important)\b[^<>]{0,40}>){12,900})"
)
_LATEX = lazy_re.compile(
    r"(\\(?:text)?color(?:\[[^\]\n]{0,12}\])?\{white\})([^\n]{12,900})"
)
#: Styles that make text invisible on every page, those that do so on a page of their
#: colour, and those that every menu has.
_UNSEEN = lazy_re.compile(
    r"font-size:[01](?:px|pt|em|rem|%)?(?![.\d])|opacity[:=][\"']?0(?:\.0{1,3})?(?![.\d])"
    r"|(?<![-a-z])color[:=][\"']?(?:white|#fff(?:fff)?\b|#fefefe|transparent|rgba?\([^)]{0,20},0\))"
    r"|color\{white\}|fill[:=][\"']?(?:white|#fff(?:fff)?\b|none|transparent)|scale\(0\)"
    r"|(?:left|top|text-indent):-[0-9]{3,5}|(?<![a-z])(?:max-)?(?:height|width):0"
)
_FOLDED = lazy_re.compile(
    r"display:none|visibility:(?:hidden|collapse)|(?<![a-z-])hidden(?![a-z-])"
)
_TAGS = lazy_re.compile(r"</?[a-zA-Z]+\b[^<>]{0,40}>")
#: Objects with which an act is no entry of a menu.
_OBJECTS = frozenset(
    (
        "store", "file", "history", "data", "source", "private", "safety", "approval", "review",
        "outside", "verdict", "negatives", "orders", "answer", "vital",
    )
)  # fmt: skip
_LEAST_WORDS = 3
_LEAST_CJK = 10
_WEIGHT = 3


def may_hide(lowered: bytes) -> bool:
    """Whether a lower-case text can contain such an element; cheap."""
    return any(mark in lowered for mark in _MARKS)


def hits(text: str, grammar: Grammar) -> Iterator[SignalHit]:
    """Yield a signal for each hidden order of a page."""
    for pattern in (_ELEMENT, _LATEX):
        for match in pattern.finditer(text):
            style = match[1].lower().replace(": ", ":")
            is_unseen = _UNSEEN.search(style) is not None
            if not is_unseen and not _FOLDED.search(style):
                continue
            hidden = _TAGS.sub(_blank, match[2])
            start = match.start(2) + len(hidden) - len(hidden.lstrip())
            if _is_order(hidden, grammar, is_unseen=is_unseen):
                end = match.start(2) + len(hidden.rstrip())
                yield SignalHit("addresses-model", _WEIGHT, start, end, "act:hidden")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _is_order(text: str, grammar: Grammar, *, is_unseen: bool) -> bool:
    """Whether hidden text speaks to a model or asks for an act with an object."""
    least = _LEAST_CJK if acts.is_cjk(text) else _LEAST_WORDS
    if len(tokenize.split(text).items) < least:
        return False
    words = grammar.tables.for_page(tokenize.different_words(text))
    roles: set[str] = set()
    for sentence in act_tokens.sentences(text):
        places: list[ActPlace] = act_reader.places_of(sentence, words)
        roles.update(place.role for place in places)
    if roles & {"called", "task"}:
        return True
    if roles.isdisjoint(ACTS):
        return False
    if "model" in roles:
        return True
    return is_unseen and not roles.isdisjoint(_OBJECTS)
