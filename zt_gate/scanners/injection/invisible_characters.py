"""Finds characters that are invisible, or that change the display order of a line.

Checks one line that is not ASCII.  Each check excludes legitimate uses: selectors after
one base character, joiners in Arabic, Indic scripts and emoji, bidirectional controls
beside right-to-left letters, flags made of tag characters.
Sources: UTS #51 (emoji), UTS #39 (security), the Trojan Source papers.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.scanners.injection import locales, show_hidden
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule

_TAG = "\U000e0000-\U000e007f"
_SELECTOR = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_BIDI = "\u202a-\u202e\u2066-\u2069"
# Zero-width space and joiners, word joiner, invisible operators, deprecated
# formats, byte-order mark, grapheme joiner, Mongolian separator, Hangul fillers;
# Khmer inherent vowels, annotation, shorthand and musical format characters.
_ZERO = (
    "\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufeff\u034f\u180e\u115f\u1160\u3164\uffa0"
    "\u17b4\u17b5\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
# Blank in most fonts, but legitimate in sequences: Braille's empty cell, icons.
_BLANK = "\u2800\ue000-\uf8ff"
_MARKS = "\u200e\u200f\u061c"

_ANY = lazy_re.compile(
    f"[{_TAG}{_SELECTOR}{_PRIVATE}{_BIDI}{_ZERO}{_MARKS}\u00ad\u2028\u2029\u2800]"
)
_FLAG = lazy_re.compile(
    "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f"
)
_TAGS = lazy_re.compile(f"[{_TAG}]+")
_SELECTORS = lazy_re.compile(f"[{_SELECTOR}]+")
_PRIVATES = lazy_re.compile(f"[{_PRIVATE}]+")
_ZEROS = lazy_re.compile(f"[{_ZERO}]+")
_BLANKS = lazy_re.compile(f"(?<=[A-Za-z])[{_BLANK}](?=[A-Za-z])")
_LONG_ZEROS = lazy_re.compile(f"[{_ZERO}{_MARKS}]{{4,}}")
_BIDIS = lazy_re.compile(f"[{_BIDI}]")
_OVERRIDES = lazy_re.compile("[\u202d\u202e]")
_ISOLATED = lazy_re.compile("\u2068[^\u2066-\u2069\u202a-\u202e]*\u2069")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_RTL = lazy_re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
)
_HAN = lazy_re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = lazy_re.compile("[\u1100-\u11ff\u3130-\u3163\u3165-\u318f\uac00-\ud7af]")
_WORD = lazy_re.compile(r"[A-Za-z0-9_]", re.ASCII)


class InvisibleSpan(NamedTuple):
    """A span of one line in code points (0-based, end exclusive), with rule and message."""

    rule: str
    start: int
    end: int
    message: str

    @property
    def span(self) -> tuple[int, int]:
        """Start and end (exclusive)."""
        return self.start, self.end

    @property
    def subject(self) -> str:
        """Always "": the marked span itself identifies the finding."""
        return ""


def look(
    text: str, path: bytes, number: int, rules: Mapping[str, Rule]
) -> Iterator[InvisibleSpan]:
    """Yield the invisible characters of one line of a file, at most one span for each rule."""
    if _ANY.search(text) is None:
        return
    code = paths.is_any(path, *paths.CODE)
    private_use_limits = rules["injection/private-use"].data["limits"]
    zero_width_limits = rules["injection/zero-width"].data["limits"]
    soft_hyphen_limits = rules["injection/soft-hyphen"].data["limits"]
    spans = (
        _tags(text),
        _selectors(text),
        _private_use(text, private_use_limits),
        _zero_width(text, zero_width_limits, number, code=code),
        _soft_hyphens(text, soft_hyphen_limits),
        _bidi(text, path, code=code),
        _line_breaks(text, path),
    )
    for span in spans:
        if span is not None:
            yield span


def _blanked(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _tags(text: str) -> InvisibleSpan | None:
    without_flags = _FLAG.sub(_blanked, text)
    runs = list(_TAGS.finditer(without_flags))
    if not runs:
        return None
    characters = "".join(run[0] for run in runs)
    hidden = show_hidden.hidden(show_hidden.decode_tags(characters))
    message = f"{len(characters)} invisible tag characters {hidden}".rstrip()
    return InvisibleSpan(
        "injection/tag-characters", runs[0].start(), runs[-1].end(), message
    )


def _selectors(text: str) -> InvisibleSpan | None:
    suspicious = [
        run
        for run in _SELECTORS.finditer(text)
        if _is_suspicious_selector(text, run.start(), run[0])
    ]
    # One selector on a letter or a space is mostly a slip of an editor; two are not.
    if not suspicious or (len(suspicious) == 1 and len(suspicious[0][0]) == 1):
        return None
    if all(_is_doubled_selector(run[0]) for run in suspicious):
        usual = {"\ufe0f\ufe0f", "\ufe0e\ufe0f"}
        unusual = [run for run in suspicious if run[0] not in usual]
        if len(unusual) < 2:
            return None
    characters = "".join(run[0] for run in suspicious)
    hidden = show_hidden.hidden(show_hidden.decode_selectors(characters))
    message = (
        f"{len(characters)} variation selectors without a base character {hidden}"
    ).rstrip()
    return InvisibleSpan(
        "injection/variation-selectors",
        suspicious[0].start(),
        suspicious[-1].end(),
        message,
    )


def _is_suspicious_selector(text: str, start: int, selectors: str) -> bool:
    """Whether a run of selectors has no single base character with variants."""
    if len(selectors) > 1 or start == 0:
        return True
    base = text[start - 1]
    if base.isspace():
        return True
    if selectors >= "\U000e0100":
        return _HAN.match(base) is None
    return base.isascii() and base.isalpha()


def _is_doubled_selector(selectors: str) -> bool:
    return len(selectors) <= 2 and "\ufe00" <= selectors[-1] <= "\ufe0f"


def _private_use(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    for run in _PRIVATES.finditer(text):
        count = len(run[0])
        if count < limits["run"]:
            continue
        characters = show_hidden.escapes(run[0])
        message = f"{count} private-use characters in a row: {characters}"
        return InvisibleSpan("injection/private-use", run.start(), run.end(), message)
    return None


def _zero_width(
    text: str, limits: Mapping[str, int], number: int, *, code: bool
) -> InvisibleSpan | None:
    long_run = _LONG_ZEROS.search(text)
    if long_run is not None and len(long_run[0]) >= limits["run"]:
        return _zero_width_run(text, long_run)
    spans = _zero_width_in_words(text, number, code=code)
    blanks = list(_BLANKS.finditer(text))
    if len(blanks) >= limits["blanks"]:
        spans += blanks
    minimum = 1 if code else limits["between_letters"]
    if not spans or len(spans) < minimum:
        return None
    first, last = spans[0], spans[-1]
    characters = show_hidden.escapes("".join(span[0] for span in spans))
    context = text[max(0, first.start() - 12) : first.start() + 40]
    shown = show_hidden.visible(context)
    message = f"zero-width characters inside words ({characters}): {shown}"
    return InvisibleSpan("injection/zero-width", first.start(), last.end(), message)


def _zero_width_run(text: str, run: re.Match[str]) -> InvisibleSpan:
    characters = "".join(match[0] for match in _LONG_ZEROS.finditer(text))
    shown = show_hidden.hidden(show_hidden.decode_bits(characters))
    if not shown:
        shown = show_hidden.escapes(characters)
    message = f"{len(characters)} zero-width characters in a row {shown}"
    return InvisibleSpan("injection/zero-width", run.start(), run.end(), message)


def _zero_width_in_words(text: str, number: int, *, code: bool) -> list[re.Match[str]]:
    """Return zero-width characters between letters, and Hangul fillers in code."""
    is_korean = _HANGUL.search(text) is not None
    spans = []
    for run in _ZEROS.finditer(text):
        is_byte_order_mark = number == 1 and run.start() == 0 and run[0] == "\ufeff"
        if is_byte_order_mark:
            continue
        before = text[run.start() - 1 : run.start()]
        after = text[run.end() : run.end() + 1]
        if _WORD.match(before) and _WORD.match(after):
            spans.append(run)
        elif code and run[0][0] in _FILLERS and not is_korean:
            spans.append(run)  # compilers accept it as a letter
    return spans


def _soft_hyphens(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    offsets = [match.start() for match in re.finditer("\u00ad", text)]
    close = sum(after - before <= 2 for before, after in pairwise(offsets))
    if close < limits["close"]:
        return None
    first, last = offsets[0], offsets[-1]
    shown = show_hidden.visible(text[first : first + 40])
    message = f"{len(offsets)} soft hyphens between single letters: {shown}"
    return InvisibleSpan("injection/soft-hyphen", first, last + 1, message)


def _bidi(text: str, path: bytes, *, code: bool) -> InvisibleSpan | None:
    # Isolated placeholders in a translation (Fluent's default) reorder nothing.
    checked = text if code else _ISOLATED.sub(_blanked, text)
    controls = list(_BIDIS.finditer(checked))
    if not controls or locales.is_right_to_left(path):
        return None
    has_override = code and _OVERRIDES.search(text) is not None
    if _RTL.search(text) and not has_override:
        return None
    first, last = controls[0], controls[-1]
    characters = show_hidden.escapes(match[0] for match in controls)
    context = text[max(0, first.start() - 20) : first.start() + 100]
    shown = show_hidden.visible(context)
    message = (
        f"bidirectional control characters ({characters}) change the display order "
        f"of this line: {shown}"
    )
    return InvisibleSpan("injection/bidi-control", first.start(), last.end(), message)


def _line_breaks(text: str, path: bytes) -> InvisibleSpan | None:
    if not paths.is_any(path, "javascript"):
        return None
    match = re.search("[\u2028\u2029]", text)
    if match is None:
        return None
    before = text[: match.start()]
    if "//" not in before and "/*" not in before:
        return None
    character = show_hidden.escapes(match[0])
    shown = show_hidden.visible(text[max(0, match.start() - 40) :])
    message = f"hidden line break ({character}) in a comment: {shown}"
    return InvisibleSpan(
        "injection/hidden-line-break", match.start(), match.end(), message
    )
