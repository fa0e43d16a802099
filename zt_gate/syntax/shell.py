"""Shell text cut into simple commands and words, with the place of each word.

Not a shell: nothing is expanded.  A word that holds a variable, a substitution
or a pattern is kept and marked, so that its reader knows what it cannot know.
What a substitution or a subshell runs comes out as commands of its own.

Readers ask for simple commands, their words and the operators between them; a
parser of the whole grammar can give the same, with the blocks around them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 20
_MOST_WORDS = 2000
# One token each; an unclosed quote runs on to the end of its line, so that an
# apostrophe in a comment or a here-document does not swallow the script.
_TOKEN = re.compile(
    r"\\\r?\n|\\.|\\\Z"
    r"|'[^']*+'|'"
    r'|"(?:[^"\\]++|\\.)*+"|"'
    r"|\$\(|\$\{[^}\n]{0,200}\}?|`"
    r"|[ \t\r]+|\n|;;?|&&?|\|\|?|[(){}]"
    r"|(?:\d?>>?|<<?<?-?)(?:&\d?)?"
    r"|[^\\'\"$`\s;&|(){}<>]++|\$",
    re.DOTALL,
)
_EXPRESSION = re.compile(r"\$\{\{[^}\n]{0,500}\}\}|\{\{[^}\n]{0,500}\}\}")
_UNKNOWN = re.compile(r"[$`*?%]|\{\{|\.\.\.|…")
_VERSION_SIGN = re.compile(r"[<>]=?[ ]?[\d.]")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its text without quotes, its span, and whether the text is all of it.

    ``quoted`` is the span of what is inside, where the word is one quoted string.
    """

    text: str
    start: int
    end: int
    literal: bool = True
    quoted: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A program with its arguments, without redirections and comments.

    ``operator`` is what stands behind it: ``|``, ``&&``, ``||``, ``;``, ``&``, a
    newline, or "" at the end; ``)`` or a backtick at the end of a substitution or
    subshell.  ``depth`` counts the substitutions and subshells around it.
    """

    words: tuple[Word, ...]
    operator: str = ""
    depth: int = 0

    @property
    def text(self) -> str:
        """The words, without their quotes, with one blank between them."""
        return " ".join(word.text for word in self.words)

    @property
    def program(self) -> str:
        """The name of the program, without its folder and ``.exe``, in lower case."""
        return program(self.words[0].text)


def program(word: str) -> str:
    """Return the name of a program as written in a command: no folder, no ``.exe``."""
    return word.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")


@dataclass(slots=True)
class _Level:
    """The command that is being read at one depth of nesting."""

    words: list[Word] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    start: int = -1
    end: int = -1
    literal: bool = True
    quoted: tuple[int, int] | None = None
    redirected: bool = False

    def add(self, text: str, start: int, end: int, *, literal: bool = True) -> None:
        if self.start < 0:
            self.start = start
        else:
            self.quoted = None
        self.parts.append(text)
        self.end = end
        self.literal = self.literal and literal

    def finish_word(self) -> None:
        if self.start >= 0 and not self.redirected and len(self.words) < _MOST_WORDS:
            text = "".join(self.parts)
            literal = self.literal and _UNKNOWN.search(text) is None
            self.words.append(Word(text, self.start, self.end, literal, self.quoted))
        if self.start >= 0:
            self.redirected = False
        self.parts, self.start, self.literal, self.quoted = [], -1, True, None

    def finish_command(
        self, found: list[SimpleCommand], operator: str, depth: int
    ) -> None:
        self.finish_word()
        self.redirected = False
        if self.words:
            found.append(SimpleCommand(tuple(self.words), operator, depth))
            self.words = []


def commands(
    content: str, start: int = 0, end: int | None = None
) -> list[SimpleCommand]:
    """Return the commands in a span of ``content``, in the order of their ends; linear."""
    stop = len(content) if end is None else end
    text = _EXPRESSION.sub(_blank, content[start:stop])
    found: list[SimpleCommand] = []
    levels = [_Level()]
    ticks = False
    skip_to = 0
    for match in _TOKEN.finditer(text):
        if match.start() < skip_to:
            continue
        word, at = match[0], match.start()
        level = levels[-1]
        if word == "\n" or word[0] in ";&|":
            level.finish_command(found, word, len(levels) - 1)
        elif word[0] in " \t\r" or (word[0] == "\\" and word[-1] == "\n"):
            level.finish_word()
        elif word[0] == "#" and level.start < 0:
            newline = text.find("\n", at)
            skip_to = len(text) if newline < 0 else newline
        elif word in {"$(", "("} or (word == "`" and not ticks):
            skip_to = _open(levels, word, start + at) and skip_to
            ticks = ticks or word == "`"
        elif word in {")", "`"}:
            ticks = ticks and word != "`"
            level.finish_command(found, word, len(levels) - 1)
            if len(levels) > 1:
                levels.pop()
        else:
            _word(level, word, text, start, at)
    for depth, level in reversed(list(enumerate(levels))):
        level.finish_command(found, "", depth)
    return found


def with_nested(content: str, *, deepest: int = 3) -> list[SimpleCommand]:
    """Return the commands of a text, and those in quoted words, as of ``bash -c "a | b"``."""
    found = commands(content)
    if deepest:
        for command in tuple(found):
            for word in command.words:
                if word.quoted is not None and " " in word.text:
                    found += with_nested(word.text, deepest=deepest - 1)
    return found


def consecutive_commands(
    found: Sequence[SimpleCommand],
) -> Iterator[tuple[SimpleCommand, SimpleCommand]]:
    """Yield each command with the next one at its own depth."""
    last: dict[int, SimpleCommand] = {}
    for command in found:
        before = last.get(command.depth)
        if before is not None:
            yield before, command
        last[command.depth] = command


def _open(levels: list[_Level], word: str, at: int) -> bool:
    level = levels[-1]
    if word == "(":
        level.finish_word()
    else:
        level.add("$", at, at + len(word), literal=False)
    if len(levels) < _DEEPEST:
        levels.append(_Level())
    return True


def _word(level: _Level, word: str, text: str, start: int, at: int) -> None:
    begin, end = start + at, start + at + len(word)
    first = word[0]
    if first in "<>" or (len(word) > 1 and word[-1] in "<>&0123456789" and ">" in word):
        if level.start >= 0 and _VERSION_SIGN.match(text, at) and first in "<>":
            level.add(
                word, begin, end
            )  # ``name>=1``, written without the quotes it needs
        else:
            level.finish_word()
            level.redirected = "&" not in word
    elif first in "{}":
        if level.start >= 0 or not text[at + 1 : at + 2].isspace():
            level.add(word, begin, end, literal=False)
    elif first in "'\"" and len(word) > 1:
        alone = level.start < 0
        inner = word[1:-1]
        plain = first == "'" or "\\" not in inner
        level.add(
            inner if plain else re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL),
            begin,
            end,
        )
        level.quoted = (begin + 1, end - 1) if alone else None
    elif first == "\\":
        level.add(word[1:], begin, end)
    else:
        level.add(word, begin, end, literal=first != "$")


def _blank(match: re.Match[str]) -> str:
    """Make an expression of a template one word of the same length that nobody knows."""
    return "$" + "_" * (len(match[0]) - 1)
