"""The invisible layer: characters that are not drawn, or change how a line is drawn.

Looks at one line that is not ASCII.  Every check has the exception that keeps
honest text quiet: selectors after one base character, joiners in Arabic,
Indic and emoji, controls beside right-to-left letters, flags made of tags.
Follows UTS #51 (emoji), UTS #39 (security) and the Trojan Source papers.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

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
# formats, byte-order mark, grapheme joiner, Mongolian separator, Hangul fillers.
# Then: Khmer vowels without a form, annotation, shorthand and musical formats.
_ZERO = (
    "\u200b-\u200d\u2060-\u2064\u206a-\u206f\ufeff\u034f\u180e\u115f\u1160\u3164\uffa0"
    "\u17b4\u17b5\ufff9-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
# Blank in most fonts, but honest in rows: Braille's empty cell, icons.
_BLANK = "\u2800\ue000-\uf8ff"
_MARKS = "\u200e\u200f\u061c"

_ANY = re.compile(
    f"[{_TAG}{_SELECTOR}{_PRIVATE}{_BIDI}{_ZERO}{_MARKS}\u00ad\u2028\u2029\u2800]"
)
_FLAG = re.compile(
    "\U0001f3f4[\U000e0061-\U000e007a]{2}[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,3}\U000e007f"
)
_TAGS = re.compile(f"[{_TAG}]+")
_SELECTORS = re.compile(f"[{_SELECTOR}]+")
_PRIVATES = re.compile(f"[{_PRIVATE}]+")
_ZEROS = re.compile(f"[{_ZERO}]+")
_BLANKS = re.compile(f"(?<=[A-Za-z])[{_BLANK}](?=[A-Za-z])")
_LONG_ZEROS = re.compile(f"[{_ZERO}{_MARKS}]{{4,}}")
_BIDIS = re.compile(f"[{_BIDI}]")
_OVERRIDES = re.compile("[\u202d\u202e]")
_ISOLATED = re.compile("\u2068[^\u2066-\u2069\u202a-\u202e]*\u2069")
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")
_RTL = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
)
_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u3163\u3165-\u318f\uac00-\ud7af]")
_WORD = re.compile(r"[A-Za-z0-9_]", re.ASCII)


class InvisibleSpan(NamedTuple):
    """One thing on one line: the rule, the span in code points (0-based), what to say."""

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
        """Nothing: the marked span is the subject."""
        return ""


def look(
    text: str, path: bytes, number: int, rules: Mapping[str, Rule]
) -> Iterator[InvisibleSpan]:
    """Yield what is hidden in one line of a file; at most one thing for each rule."""
    if _ANY.search(text) is None:
        return
    code = paths.is_any(path, *paths.CODE)
    for found in (
        _tags(text),
        _selectors(text),
        _privates(text, rules["injection/private-use"].data["limits"]),
        _zero_width(
            text, rules["injection/zero-width"].data["limits"], number, code=code
        ),
        _soft_hyphens(text, rules["injection/soft-hyphen"].data["limits"]),
        _bidi(text, path, code=code),
        _line_breaks(text, path),
    ):
        if found is not None:
            yield found


def _tags(text: str) -> InvisibleSpan | None:
    rest = _FLAG.sub(lambda match: " " * len(match[0]), text)
    runs = list(_TAGS.finditer(rest))
    if not runs:
        return None
    spelt = show_hidden.tags("".join(run[0] for run in runs))
    count = sum(len(run[0]) for run in runs)
    message = f"{count} invisible tag characters {show_hidden.hidden(spelt)}".rstrip()
    return InvisibleSpan(
        "injection/tag-characters", runs[0].start(), runs[-1].end(), message
    )


def _selectors(text: str) -> InvisibleSpan | None:
    odd = []
    for run in _SELECTORS.finditer(text):
        before = text[run.start() - 1] if run.start() else ""
        if (
            len(run[0]) > 1
            or not before
            or before.isspace()
            or _odd_base(before, run[0])
        ):
            odd.append(run)
    # One selector on a letter or a space is mostly a slip of an editor; two are not.
    if not odd or (len(odd) == 1 and len(odd[0][0]) == 1):
        return None
    if all(len(run[0]) <= 2 and "\ufe00" <= run[0][-1] <= "\ufe0f" for run in odd):
        doubled = [run for run in odd if run[0] not in {"\ufe0f\ufe0f", "\ufe0e\ufe0f"}]
        if len(doubled) < 2:
            return None
    spelt = "".join(run[0] for run in odd)
    shown = show_hidden.hidden(show_hidden.selectors(spelt))
    message = f"{len(spelt)} variation selectors that select nothing {shown}".rstrip()
    return InvisibleSpan(
        "injection/variation-selectors", odd[0].start(), odd[-1].end(), message
    )


def _odd_base(before: str, selector: str) -> bool:
    """Whether this character has no forms that the selector could pick."""
    if selector >= "\U000e0100":
        return _HAN.match(before) is None
    return before.isascii() and before.isalpha()


def _privates(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    run = next(
        (r for r in _PRIVATES.finditer(text) if len(r[0]) >= limits["run"]), None
    )
    if run is None:
        return None
    message = (
        f"{len(run[0])} private-use characters in a row: {show_hidden.escapes(run[0])}"
    )
    return InvisibleSpan("injection/private-use", run.start(), run.end(), message)


def _zero_width(
    text: str, limits: Mapping[str, int], number: int, *, code: bool
) -> InvisibleSpan | None:
    long = _LONG_ZEROS.search(text)
    if long is not None and len(long[0]) >= limits["run"]:
        spelt = "".join(run[0] for run in _LONG_ZEROS.finditer(text))
        shown = show_hidden.hidden(show_hidden.bits(spelt)) or show_hidden.escapes(
            spelt
        )
        message = f"{len(spelt)} zero-width characters in a row {shown}"
        return InvisibleSpan("injection/zero-width", long.start(), long.end(), message)
    korean = _HANGUL.search(text) is not None
    between = []
    for run in _ZEROS.finditer(text):
        if number == 1 and run.start() == 0 and run[0] == "\ufeff":
            continue
        before, after = (
            text[run.start() - 1 : run.start()],
            text[run.end() : run.end() + 1],
        )
        if _WORD.match(before) and _WORD.match(after):
            between.append(run)
        elif code and run[0][0] in _FILLERS and not korean:
            between += [
                run,
                run,
            ]  # a letter to compilers, nothing to the eye: one is enough
    blanks = list(_BLANKS.finditer(text))
    if len(blanks) >= limits["blanks"]:
        between += blanks
    if not between or len(between) < (1 if code else limits["between_letters"]):
        return None
    first, last = between[0], between[-1]
    around = text[max(0, first.start() - 12) : first.start() + 40]
    spelt = show_hidden.escapes("".join(run[0] for run in between))
    message = (
        f"zero-width characters inside words ({spelt}): {show_hidden.visible(around)}"
    )
    return InvisibleSpan("injection/zero-width", first.start(), last.end(), message)


def _soft_hyphens(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    places = [match.start() for match in re.finditer("\u00ad", text)]
    close = [b for a, b in pairwise(places) if b - a <= 2]
    if len(close) < limits["close"]:
        return None
    around = text[places[0] : places[0] + 40]
    message = f"{len(places)} soft hyphens between single letters: {show_hidden.visible(around)}"
    return InvisibleSpan("injection/soft-hyphen", places[0], places[-1] + 1, message)


def _bidi(text: str, path: bytes, *, code: bool) -> InvisibleSpan | None:
    # A translation with isolated placeholders (Fluent's default) reorders nothing.
    rest = text if code else _ISOLATED.sub(lambda match: " " * len(match[0]), text)
    controls = list(_BIDIS.finditer(rest))
    if not controls or locales.is_right_to_left(path):
        return None
    if _RTL.search(text) and not (code and _OVERRIDES.search(text)):
        return None
    first, last = controls[0], controls[-1]
    spelt = show_hidden.escapes(match[0] for match in controls)
    around = text[max(0, first.start() - 20) : first.start() + 100]
    drawn = show_hidden.visible(around)
    message = f"bidirectional controls ({spelt}) change how this line is drawn: {drawn}"
    return InvisibleSpan("injection/bidi-control", first.start(), last.end(), message)


def _line_breaks(text: str, path: bytes) -> InvisibleSpan | None:
    if not paths.is_any(path, "javascript"):
        return None
    match = re.search("[\u2028\u2029]", text)
    if match is None or not (
        "//" in text[: match.start()] or "/*" in text[: match.start()]
    ):
        return None
    around = show_hidden.visible(text[max(0, match.start() - 40) :])
    message = (
        f"a hidden line break ({show_hidden.escapes(match[0])}) in a comment: {around}"
    )
    return InvisibleSpan(
        "injection/hidden-line-break", match.start(), match.end(), message
    )
