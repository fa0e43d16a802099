"""Finds letters that look like others: mixed scripts, styled letters, file names.

A word is reported if it mixes Latin letters with letters of other scripts that all look
like Latin ones, so that the whole word folds to ASCII (UTS #39).  In a line mostly in
the other script, such a word is a typing error and is not reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.scanners.injection import show_hidden
from zt_gate.scanners.injection.invisible_characters import InvisibleSpan, look
from zt_gate.syntax import paths

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule

_WORDS = lazy_re.compile(r"[^\W\d_]\w*")
_STYLED = lazy_re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d6a3]+")
# The first of 26 letters A to Z: squared, negative circled, negative squared, regional indicators.
_SYMBOL_ALPHABETS = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
_IN_NAME = lazy_re.compile("[\u200b\u2060-\u2064\ufeff\u3164\u00ad\u200e\u200f\u061c]")
_CJK = lazy_re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_QUOTED = lazy_re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|(?://|#|/\*|--\s|<!--).*")


def fold_table(rules: Mapping[str, Rule], *, wide: bool = False) -> dict[int, str]:
    """Return the map from confusables to ASCII letters; ``wide`` adds doubtful ones."""
    data = rules["injection/mixed-script-identifier"].data
    pairs = " ".join(data["confusables"]).split()
    if wide:
        pairs += data["lookalikes"].split()
    table = {ord(pair[0]): pair[1] for pair in pairs}
    if wide:
        for first in _SYMBOL_ALPHABETS:
            for number in range(26):
                table[first + number] = chr(ord("a") + number)
    return table


def find(
    text: str, path: bytes, table: Mapping[int, str], rules: Mapping[str, Rule]
) -> Iterator[InvisibleSpan]:
    """Yield mixed-script words and styled text of one line that is not ASCII."""
    code = paths.is_any(path, *paths.CODE)
    if code:
        span = _mixed(text, table, minimum=1) or _whole(text, table)
    else:
        # In prose, a short word is a typing error on a keyboard with two layouts.
        span = _mixed(text, table, minimum=4)
    if span is not None:
        yield span
    styled = _styled(text, rules["injection/styled-letters"].data["limits"])
    if styled is not None:
        yield styled


def check_name(
    path: bytes, table: Mapping[int, str], rules: Mapping[str, Rule]
) -> InvisibleSpan | None:
    """Return the finding on a path that is not ASCII, or None."""
    text = path.decode("utf-8", "surrogateescape")
    problem = _problem_of_name(text, table, rules)
    if not problem:
        return None
    message = (
        f"the file name contains {problem}; the name is {show_hidden.visible(text)}"
    )
    return InvisibleSpan("injection/confusable-name", 0, len(text), message)


def _problem_of_name(
    text: str, table: Mapping[int, str], rules: Mapping[str, Rule]
) -> str:
    # Any name of a code file selects the checks for code.
    invisible = next(look(text, b"name.py", 0, rules), None)
    if invisible is not None:
        return invisible.message
    if _IN_NAME.search(text):
        return "invisible characters"
    confusable = _mixed(text, table, minimum=1) or _whole(text, table)
    return confusable.message if confusable is not None else ""


def _mixed(
    text: str, table: Mapping[int, str], *, minimum: int
) -> InvisibleSpan | None:
    """Find mixed-script words; a single one must have ``minimum`` letters."""
    words = []
    foreign_letters = latin_letters = 0
    for match in _WORDS.finditer(text):
        word = match[0]
        if word.isascii():
            latin_letters += len(word)
        elif _folds_to_ascii(word, table) and _has_ascii_letter(word):
            words.append(match)
        else:
            foreign_letters += sum(map(_is_foreign, word))
    if not words or (len(words) == 1 and len(words[0][0]) < minimum):
        return None
    mixed_letters = sum(len(match[0]) for match in words)
    if foreign_letters > latin_letters + mixed_letters:
        return None
    return _span_of(words, table)


def _whole(text: str, table: Mapping[int, str]) -> InvisibleSpan | None:
    """Find identifiers of confusables only, in a line without other foreign words."""
    words = []
    unquoted = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    for match in _WORDS.finditer(unquoted):
        if match[0].isascii():
            continue
        if len(match[0]) < 2 or not _folds_to_ascii(match[0], table):
            return None
        words.append(match)
    return _span_of(words, table) if words else None


def _folds_to_ascii(word: str, table: Mapping[int, str]) -> bool:
    folded = word.translate(table)
    return folded != word and folded.isascii()


def _has_ascii_letter(word: str) -> bool:
    return any(char.isascii() and char.isalpha() for char in word)


def _is_foreign(char: str) -> bool:
    """Whether a letter is Greek, Cyrillic, Armenian or Cherokee."""
    return "\u0370" <= char <= "\u058f" or "\u13a0" <= char <= "\u13ff"


def _span_of(words: list[re.Match[str]], table: Mapping[int, str]) -> InvisibleSpan:
    foreign = [char for match in words for char in match[0] if ord(char) in table]
    letters = show_hidden.escapes(foreign)
    message = f"letters ({letters}) that look like Latin letters in "
    message += f'"{words[0][0][:40].translate(table)}"'
    if len(words) > 1:
        message += f" and {len(words) - 1} more words"
    return InvisibleSpan(
        "injection/mixed-script-identifier", words[0].start(), words[-1].end(), message
    )


def _styled(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    runs = list(_STYLED.finditer(text))
    if len(runs) < limits["words"] or _CJK.search(text):
        return None
    if sum(len(run[0]) for run in runs) < limits["letters"]:
        return None
    # A formula has variables of one letter; a sentence has words.
    if sum(len(run[0]) >= 3 for run in runs) < 2:
        return None
    import unicodedata

    start, end = runs[0].start(), runs[-1].end()
    plain = unicodedata.normalize("NFKC", text[start:end])
    message = f'styled Unicode letters; plain text: "{show_hidden.visible(plain)}"'
    return InvisibleSpan("injection/styled-letters", start, end, message)
