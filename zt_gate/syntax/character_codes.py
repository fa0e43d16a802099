r"""Rewrites text whose characters are written as codes, or are split by invisible ones.

``ghp\x5fab``, ``ghp%5Fab``, ``ghp&#95;ab``, ``"ghp" + chr(95)``, ``[103, 104, 112, 95]``
and ``ghp`` with a zero-width space inside all say the same to the program or the person
that reads them.  Scanners look at the text as it is written and, where this module
changes it, at the rewritten text, too.

The rewriting is one substitution for all languages: a form that one language decodes and
another does not is rewritten everywhere.  So it is a second view of a text, never a
replacement for the first.  Every pattern begins with a rare literal and takes linear
time; text without any of the literals costs a few substring searches.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, NamedTuple

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.syntax import character_lists, lookalikes, spliced_text

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator

#: How often rewritten text is rewritten again: for ``%255F`` and ``&amp;#95;``.
_ROUNDS = 6
#: Replacements in one text; more is data, not a message.
_MAX_REPLACEMENTS = 100_000

_TOKEN = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+/=."
)
_HEX = rb"[0-9A-Fa-f]"
_BACKSLASH = lazy_re.compile(
    rb"\\(?:"
    rb"x(?:\{0{0,6}([2-7]" + _HEX + rb")\}|0{0,2}([2-7]" + _HEX + rb"))"
    rb"|\\{0,3}u{1,8}([0-9A-Fa-f]{4})"
    rb"|\\{0,3}u\{([0-9A-Fa-f ]{1,200})\}"
    rb"|\\{0,3}U([0-9A-Fa-f]{8})"
    rb"|N\{U\+([0-9A-Fa-f]{2,6})\}"
    rb"|N\{([A-Z][A-Z0-9 -]{1,60})\}"
    rb"|0{2,4}([2-7]" + _HEX + rb")(?:[ \t]|(?!" + _HEX + rb"))"
    rb"|([01][0-9]{2})"
    rb"|0?([2-7]" + _HEX + rb")(?:[ \t]|(?!" + _HEX + rb"))"
    rb"|\\{1,3}x([2-7]" + _HEX + rb")"
    rb")"
)
_ESCAPED_SIGN = lazy_re.compile(rb"\\{1,2}(?=[_-][A-Za-z0-9])(?<=\w\\)")
_SHELL_LETTER = lazy_re.compile(rb"\\(?=[A-Za-z0-9_-])")
_BACKTICK = lazy_re.compile(rb"`u\{([0-9A-Fa-f ]{1,6})\}")
_PERCENT = lazy_re.compile(
    rb"%(?:u00([2-7]" + _HEX + rb")|([2-7]" + _HEX + rb")"
    rb"|[Cc]2%[Aa][Dd]|[Ee]2%8[01]%[89ABab]" + _HEX + rb"|[Ee][Ff]%[Bb][Bb]%[Bb][Ff])"
)
_ENTITY = lazy_re.compile(
    rb"&(?:#(?:[xX]0{0,8}([0-9A-Fa-f]{2,5})(?:;|(?![0-9A-Fa-f]))|0{0,8}([0-9]{2,6})(?:;|(?![0-9])))"
    rb"|([A-Za-z]{2,24});)"
)
_QUOTED_PRINTABLE = lazy_re.compile(rb"=([2-7][0-9A-F])")
_SOFT_BREAK = lazy_re.compile(rb"=\r?\n(?=[A-Za-z0-9_=-]{4})")
_MARKUP = lazy_re.compile(
    rb"<(?:!\[CDATA\[|!--[^<>\n]{0,80}-->|\?[^<>\n]{0,80}\?>"
    rb"|/?(?:a|abbr|b|bdi|bdo|big|code|del|em|font|i|ins|kbd|mark|q|s|samp|small|span"
    rb"|strong|sub|sup|tt|u|wbr)(?:\s[^<>\n]{0,120})?/?>)"
)
_CDATA_END = lazy_re.compile(rb"\]\]>")
_TEMPLATE = lazy_re.compile(
    rb"\$\{[ ]{0,4}(?:'([^'\\\n]{0,200})'|\"([^\"\\\n]{0,200})\"|`([^`$\\\n]{0,200})`)"
    rb"[ ]{0,4}\}"
)
_FIELD = lazy_re.compile(
    rb"\{[ ]{0,2}(?:'([\w.+/=-]{1,80})'|\"([\w.+/=-]{1,80})\")[ ]{0,2}\}"
)
_SHELL_STRING = lazy_re.compile(rb"\$'([^'\n]{0,200})'|\$\"([^\"\n]{0,200})\"")
_EMPTY_STRINGS = (lazy_re.compile(rb"''"), lazy_re.compile(rb"\"\""))
_CONTROL = lazy_re.compile(
    rb"\x1b\[[0-9;?]{0,16}[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]{1,16}"
)
# A terminal and a printer show the letter that overtypes the first one.
_OVERTYPED = lazy_re.compile(rb"[^\x08\n]\x08")
_LONE_RETURN = lazy_re.compile(rb"\r(?!\n)")
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
# Entities of characters that occur in keys, or that nobody sees.
_NAMED = frozenset(
    b"lowbar UnderBar hyphen dash equals period sol plus colon commat num dollar shy zwj zwnj"
    b" ZeroWidthSpace NegativeThinSpace NegativeMediumSpace NegativeThickSpace"
    b" NegativeVeryThinSpace NoBreak ApplyFunction af InvisibleTimes it InvisibleComma ic".split()
)
_SHELL_PATH = lazy_re.compile(rb"\.(?:sh|bash|zsh|ksh|env|envrc)\Z|(?:\A|/)[^./]+\Z")
_DECIMAL_PATH = lazy_re.compile(rb"\.(?:lua|luau|zone|l?hs|mli?|rei?|elm|sml)\Z")
_CSS_PATH = lazy_re.compile(rb"\.(?:css|scss|sass|less|styl|html?|vue|svelte)\Z")


# Groups of ``_BACKSLASH``.
_CODES, _NAME, _THREE_DIGITS, _TWO_DIGITS = 4, 7, 9, 10


class Replacement(NamedTuple):
    """A span of a text and what it says; ``coded`` letters and digits were codes."""

    start: int
    end: int
    text: bytes
    coded: int = 0


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A rewritten text that maps its offsets to the original ones."""

    data: bytes
    _rounds: tuple[_Round, ...]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text that says ``data[start:end]``."""
        for step in reversed(self._rounds):
            start, end = step.original(start, end)
        return start, end

    def is_changed(self, start: int, end: int) -> bool:
        """Whether a part of ``data[start:end]`` was written in another way."""
        for step in reversed(self._rounds):
            if step.is_changed(start, end):
                return True
            start, end = step.original(start, end)
        return False

    def coded_in(self, start: int, end: int) -> int:
        """Return how many letters and digits of ``data[start:end]`` were codes."""
        total = 0
        for step in reversed(self._rounds):
            total += step.coded_in(start, end)
            start, end = step.original(start, end)
        return total


class _Round:
    """One substitution of a text."""

    __slots__ = ("_in_ends", "_in_starts", "_out_ends", "_out_starts", "_sums", "data")

    def __init__(self, data: bytes, replacements: Iterable[Replacement]) -> None:
        parts: list[bytes] = []
        self._in_starts: list[int] = []
        self._in_ends: list[int] = []
        self._out_starts: list[int] = []
        self._out_ends: list[int] = []
        #: Coded letters and digits of all replacements before each one, and of all.
        self._sums = [0]
        position = out_position = 0
        for start, end, text, coded in replacements:
            unchanged = data[position:start]
            parts += (unchanged, text)
            out_start = out_position + len(unchanged)
            out_position = out_start + len(text)
            position = end
            self._in_starts.append(start)
            self._in_ends.append(end)
            self._out_starts.append(out_start)
            self._out_ends.append(out_position)
            self._sums.append(self._sums[-1] + coded)
        parts.append(data[position:])
        self.data = b"".join(parts)

    def original(self, start: int, end: int) -> tuple[int, int]:
        last = max(start, end - 1)
        return self._map(start, at_end=False), self._map(last, at_end=True)

    def is_changed(self, start: int, end: int) -> bool:
        # A deleted character leaves nothing: it changes the span that it is inside of.
        index = bisect_right(self._out_ends, start)
        return index < len(self._out_starts) and self._out_starts[index] < end

    def coded_in(self, start: int, end: int) -> int:
        first = bisect_right(self._out_ends, start)
        last = bisect_left(self._out_starts, end)
        return self._sums[last] - self._sums[first] if last > first else 0

    def _map(self, offset: int, *, at_end: bool) -> int:
        index = bisect_right(self._out_starts, offset) - 1
        if index < 0:
            return offset + at_end
        if offset < self._out_ends[index]:
            return self._in_ends[index] if at_end else self._in_starts[index]
        return offset - self._out_ends[index] + self._in_ends[index] + at_end


def rewrite(
    data: bytes, path: bytes = b"", context: bytes = b"", *, gaps: bool = False
) -> Rewritten | None:
    r"""Return the text as its readers understand it, or None where that is the same.

    ``path`` decides between the readings of a few forms: ``\103`` is a decimal code in
    Lua and an octal one elsewhere.  ``context`` is the text that may define the names
    that are used in ``data``, which is a part of it.  ``gaps`` takes out blanks inside of a key.
    """
    rounds: list[_Round] = []
    for _ in range(_ROUNDS):
        replacements = _without_overlaps(_replacements(data, path, context, gaps=gaps))
        if not replacements:
            break
        rounds.append(_Round(data, replacements))
        data = rounds[-1].data
    return Rewritten(data, tuple(rounds)) if rounds else None


def changed_spans(
    data: bytes, path: bytes = b"", *, gaps: bool = False
) -> list[tuple[int, int]]:
    """Return the spans that the first round of ``rewrite`` replaces, in order; cheap."""
    replacements = _without_overlaps(_replacements(data, path, gaps=gaps))
    return [(start, end) for start, end, _, _ in replacements]


def _without_overlaps(replacements: Iterable[Replacement]) -> list[Replacement]:
    kept: list[Replacement] = []
    end = 0
    for item in sorted(replacements, key=lambda item: (item.start, -item.end)):
        if item.start >= end:
            kept.append(item)
            end = item.end
            if len(kept) >= _MAX_REPLACEMENTS:
                break
    return kept


def _replacements(
    data: bytes, path: bytes, context: bytes = b"", *, gaps: bool = False
) -> Iterator[Replacement]:
    """Yield what each form replaces; a substring search decides which forms occur."""
    if b"\\" in data:
        yield from _backslashes(data, path)
    for mark, find in _FORMS:
        if mark in data:
            yield from find(data)
    if len(data.translate(None, _CONTROLS)) < len(data):
        yield from _controls(data)
    for start, end, text in character_lists.find(data):
        yield Replacement(start, end, text, _count_coded(text))
    for start, end, text in spliced_text.find(data, path, context):
        yield Replacement(start, end, text)
    if gaps:
        for start, end, text in lookalikes.find_gaps(data):
            yield Replacement(start, end, text)
    if not data.isascii():
        for start, end, text in lookalikes.find(data):
            yield Replacement(start, end, text)


def _backslashes(data: bytes, path: bytes) -> Iterator[Replacement]:
    base = 10 if _DECIMAL_PATH.search(path) else 8
    is_css = _CSS_PATH.search(path) is not None
    for match in _BACKSLASH.finditer(data):
        kind = match.lastindex or 0
        digits = match[kind]
        if kind == _CODES:
            yield from _of_codes(match, digits.split())
        elif kind == _NAME:
            yield from _of_name(match, digits)
        elif kind == _THREE_DIGITS:
            is_octal = base == 8 and not digits.strip(b"01234567")
            yield from _of_code(match, int(digits, 8 if is_octal else 10))
        elif kind == _TWO_DIGITS and not is_css and not digits.strip(b"01234567"):
            yield from _of_two_octal_digits(match, digits)
        else:
            yield from _of_code(match, int(digits, 16))
    if b"\\_" in data or b"\\-" in data:
        for match in _ESCAPED_SIGN.finditer(data):
            yield Replacement(*match.span(), b"")
    if _SHELL_PATH.search(path):
        yield from _shell_letters(data)


def _of_two_octal_digits(
    match: re.Match[bytes], digits: bytes
) -> Iterator[Replacement]:
    """Yield a letter or digit; other characters of this form are back references."""
    char = bytes((int(digits, 8),))
    if char.isalnum():
        end = match.start() + len(match[0].rstrip(b" \t"))
        yield Replacement(match.start(), end, char, 1)


def _shell_letters(data: bytes) -> Iterator[Replacement]:
    r"""Yield the backslashes that a shell drops: ``gh\p``."""
    for match in _SHELL_LETTER.finditer(data):
        start, end = match.span()
        if _is_token(data, start - 1) and data[end] not in b"nrtbfvu0x":
            yield Replacement(start, end, b"")


def _backticks(data: bytes) -> Iterator[Replacement]:
    for match in _BACKTICK.finditer(data):
        yield from _of_code(match, int(match[1].strip() or b"0", 16))


def _controls(data: bytes) -> Iterator[Replacement]:
    yield from _removed(data, _CONTROL)
    for match in _OVERTYPED.finditer(data):
        yield Replacement(*match.span(), b"")


def _percents(data: bytes) -> Iterator[Replacement]:
    for match in _PERCENT.finditer(data):
        digits = match[1] or match[2]
        if digits is None:
            yield Replacement(*match.span(), b"")
            continue
        start, end = match.span()
        follows_percent = data[end : end + 1] == b"%"
        # ``%2d`` of a format string stands beside blanks and quotes.
        if follows_percent or _is_word(data, end) or _is_word(data, start - 1):
            yield from _of_code(match, int(digits, 16))


def _entities(data: bytes) -> Iterator[Replacement]:
    for match in _ENTITY.finditer(data):
        if match[1]:
            yield from _of_code(match, int(match[1], 16))
        elif match[2]:
            yield from _of_code(match, int(match[2]))
        elif match[3] in _NAMED:
            from html import unescape

            yield from _of_code(match, ord(unescape(match[0].decode("ascii"))[0]))
        elif match[3] == b"amp" and _ENTITY.match(
            b"&" + data[match.end() : match.end() + 40]
        ):
            yield Replacement(*match.span(), b"&")


def _quoted_printable(data: bytes) -> Iterator[Replacement]:
    for match in _QUOTED_PRINTABLE.finditer(data):
        start, end = match.span()
        after = data[end : end + 8]
        # A number is assigned far more often than a letter is encoded.
        is_in_token = len(after) == 8 and not after.translate(None, bytes(_TOKEN))
        is_letter = match[1] >= b"6" or not match[1].isdigit()
        is_in_word = is_letter and after[:1].isalpha() and after[:1].isascii()
        if is_in_word or (is_in_token and _is_word(data, start - 1)):
            yield from _of_code(match, int(match[1], 16))
    if b"uoted-" not in data and b"=?" not in data:
        return  # the end of base64 looks like a soft line break
    for match in _SOFT_BREAK.finditer(data):
        line_start = data.rfind(b"\n", max(0, match.start() - 200), match.start()) + 1
        if match.start() - line_start >= 40 and _is_word(data, match.start() - 1):
            yield Replacement(*match.span(), b"")


def _removed(data: bytes, pattern: re.Pattern[bytes]) -> Iterator[Replacement]:
    """Yield what stands inside a word and is not shown; neighbours count as one."""
    previous_end = run_start = -1
    run: list[tuple[int, int]] = []
    for match in pattern.finditer(data):
        start, end = match.span()
        if start != previous_end:
            yield from _inside_word(data, run_start, previous_end, run)
            run, run_start = [], start
        run.append((start, end))
        previous_end = end
    yield from _inside_word(data, run_start, previous_end, run)


def _inside_word(
    data: bytes, start: int, end: int, run: list[tuple[int, int]]
) -> Iterator[Replacement]:
    if run and _is_token(data, start - 1) and _is_token(data, end):
        for span in run:
            yield Replacement(*span, b"")


def _of_code(match: re.Match[bytes], code: int) -> Iterator[Replacement]:
    text = lookalikes.plain(code)
    if text is not None:
        coded = text.isalnum() and not match[0].startswith(b"=")
        yield Replacement(*match.span(), text, int(coded))


def _of_codes(match: re.Match[bytes], codes: list[bytes]) -> Iterator[Replacement]:
    texts = [lookalikes.plain(int(code, 16)) for code in codes if len(code) <= 6]
    if len(texts) == len(codes) and None not in texts:
        text = b"".join(text for text in texts if text is not None)
        yield Replacement(*match.span(), text, _count_coded(text))


def _of_name(match: re.Match[bytes], name: bytes) -> Iterator[Replacement]:
    import unicodedata

    try:
        char = unicodedata.lookup(name.decode("ascii"))
    except KeyError:
        return
    if len(char) == 1:
        yield from _of_code(match, ord(char))


def _count_coded(text: bytes) -> int:
    return sum(chr(byte).isalnum() for byte in text)


def _is_token(data: bytes, position: int) -> bool:
    return 0 <= position < len(data) and data[position] in _TOKEN


def _is_word(data: bytes, position: int) -> bool:
    return 0 <= position < len(data) and (
        data[position] == 0x5F
        or (chr(data[position]).isalnum() and data[position] < 128)
    )


def _tags(data: bytes) -> Iterator[Replacement]:
    return _removed(data, _MARKUP)


def _section_ends(data: bytes) -> Iterator[Replacement]:
    return _removed(data, _CDATA_END)


def _lone_returns(data: bytes) -> Iterator[Replacement]:
    return _removed(data, _LONE_RETURN)


def _interpolated(data: bytes) -> Iterator[Replacement]:
    for match in _TEMPLATE.finditer(data):
        yield Replacement(*match.span(), match[1] or match[2] or match[3] or b"")


def _fields(data: bytes) -> Iterator[Replacement]:
    for match in _FIELD.finditer(data):
        if _is_token(data, match.start() - 1) and _is_token(data, match.end()):
            yield Replacement(*match.span(), match[1] or match[2])


def _shell_strings(data: bytes) -> Iterator[Replacement]:
    for match in _SHELL_STRING.finditer(data):
        if _is_token(data, match.start() - 1) or _is_token(data, match.end()):
            yield Replacement(*match.span(), match[1] or match[2] or b"")


def _empty_strings(data: bytes) -> Iterator[Replacement]:
    for pattern in _EMPTY_STRINGS:
        for match in pattern.finditer(data):
            if _is_word(data, match.start() - 1) and _is_word(data, match.end()):
                yield Replacement(*match.span(), b"")


#: What a text must contain, and what then finds the form.
_FORMS: tuple[tuple[bytes, Callable[[bytes], Iterator[Replacement]]], ...] = (
    (b"`u{", _backticks),
    (b"%", _percents),
    (b"&", _entities),
    (b"=", _quoted_printable),
    (b"<", _tags),
    (b"]]>", _section_ends),
    (b"${", _interpolated),
    (b"{'", _fields),
    (b'{"', _fields),
    (b"$'", _shell_strings),
    (b'$"', _shell_strings),
    (b"''", _empty_strings),
    (b'""', _empty_strings),
    (b"\r", _lone_returns),
)
