"""Letters that look like others: mixed alphabets, styled letters, names.

A word counts where it mixes Latin letters with foreign ones that look like
Latin ones, all of them, so that the whole word folds to ASCII (UTS #39).  A
line that is mostly in the foreign script keeps quiet: there, such a word is a
slip of the keyboard.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate.scanners.injection import show_hidden
from zt_gate.scanners.injection.invisible_characters import InvisibleSpan, look
from zt_gate.syntax import paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zt_gate.model.rule import Rule

_WORDS = re.compile(r"[^\W\d_]\w*")
_STYLED = re.compile("[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d6a3]+")
# Squared letters, white and black on white and black, and letters of flags: A to Z.
_LETTER_SIGNS = (0x1F130, 0x1F150, 0x1F170, 0x1F1E6)
_IN_NAME = re.compile("[\u200b\u2060-\u2064\ufeff\u3164\u00ad\u200e\u200f\u061c]")
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`|(?://|#|/\*|--\s|<!--).*")


def fold_table(rules: Mapping[str, Rule], *, wide: bool = False) -> dict[int, str]:
    """Return the map from foreign look-alikes to ASCII; ``wide`` adds the doubtful ones."""
    data = rules["injection/mixed-script-identifier"].data
    pairs = " ".join(data["confusables"]).split()
    if wide:
        pairs += data["lookalikes"].split()
    table = {ord(pair[0]): pair[1] for pair in pairs}
    if wide:
        for first in _LETTER_SIGNS:
            table.update(
                (first + number, chr(ord("a") + number)) for number in range(26)
            )
    return table


def look_alikes(
    text: str, path: bytes, table: Mapping[int, str], rules: Mapping[str, Rule]
) -> Iterator[InvisibleSpan]:
    """Yield mixed words and styled sentences of one line that is not ASCII."""
    code = paths.is_any(path, *paths.CODE)
    found = _mixed(text, table, alone=1 if code else 4) or (
        _whole(text, table) if code else None
    )
    if found is not None:
        yield found
    styled = _styled(text, rules["injection/styled-letters"].data["limits"])
    if styled is not None:
        yield styled


def look_at_name(
    path: bytes, table: Mapping[int, str], rules: Mapping[str, Rule]
) -> InvisibleSpan | None:
    """Return what is wrong with a path that is not ASCII, or None."""
    text = path.decode("utf-8", "surrogateescape")
    hidden = next(look(text, b"name.py", 0, rules), None)
    if hidden is None and _IN_NAME.search(text):
        hidden = InvisibleSpan("", 0, len(text), "invisible characters")
    found = hidden or _mixed(text, table, alone=1) or _whole(text, table)
    if found is None:
        return None
    message = (
        f"the name holds {found.message}" if hidden else f"the name has {found.message}"
    )
    return InvisibleSpan(
        "injection/confusable-name",
        0,
        len(text),
        f"{message}; it is {show_hidden.visible(text)}",
    )


def _mixed(text: str, table: Mapping[int, str], *, alone: int) -> InvisibleSpan | None:
    """Find mixed words; a single one must have ``alone`` letters at least.

    In prose a short one is a slip of a keyboard with two layouts.
    """
    words = []
    foreign = latin = 0
    for match in _WORDS.finditer(text):
        word = match[0]
        if word.isascii():
            latin += len(word)
        elif _folds(word, table) and any(
            char.isascii() and char.isalpha() for char in word
        ):
            words.append(match)
        else:
            foreign += sum(_script(char) for char in word)
    if len(words) == 1 and len(words[0][0]) < alone:
        return None
    if not words or foreign > latin + sum(len(match[0]) for match in words):
        return None
    return _say(words, table)


def _whole(text: str, table: Mapping[int, str]) -> InvisibleSpan | None:
    """Find an identifier wholly in look-alikes, where nothing else on the line is foreign."""
    words = []
    bare = _QUOTED.sub(lambda match: " " * len(match[0]), text)
    for match in _WORDS.finditer(bare):
        if match[0].isascii():
            continue
        if len(match[0]) < 2 or not _folds(match[0], table):
            return None
        words.append(match)
    return _say(words, table) if words else None


def _folds(word: str, table: Mapping[int, str]) -> bool:
    folded = word.translate(table)
    return folded != word and folded.isascii()


def _script(char: str) -> bool:
    return "\u0370" <= char <= "\u058f" or "\u13a0" <= char <= "\u13ff"


def _say(words: list[re.Match[str]], table: Mapping[int, str]) -> InvisibleSpan:
    foreign = [char for match in words for char in match[0] if ord(char) in table]
    first = words[0][0][:40].translate(table)
    more = f" and {len(words) - 1} more words" if len(words) > 1 else ""
    escaped = show_hidden.escapes(foreign)
    message = (
        f'foreign letters ({escaped}) that look like Latin ones in "{first}"{more}'
    )
    return InvisibleSpan(
        "injection/mixed-script-identifier", words[0].start(), words[-1].end(), message
    )


def _styled(text: str, limits: Mapping[str, int]) -> InvisibleSpan | None:
    runs = list(_STYLED.finditer(text))
    letters = sum(len(run[0]) for run in runs)
    if len(runs) < limits["words"] or letters < limits["letters"] or _CJK.search(text):
        return None
    # A formula has many one-letter variables; a sentence has words.
    if sum(len(run[0]) >= 3 for run in runs) < 2:
        return None
    import unicodedata

    plain = unicodedata.normalize("NFKC", text[runs[0].start() : runs[-1].end()])
    message = f'styled letters that read "{show_hidden.visible(plain)}"'
    return InvisibleSpan(
        "injection/styled-letters", runs[0].start(), runs[-1].end(), message
    )
