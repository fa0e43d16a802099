"""Reader for shell text: simple commands and their words, with the place of each word.

Nothing is expanded.  A word with a variable, a substitution or a pattern is marked as
not literal.  The commands in a substitution or a subshell are returned as commands of
their own.  Blocks and functions are not parsed: only simple commands, their words and
the operators between them are returned.  The name of a function is dropped, so that its
first command in the same line has its own words only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DEEPEST = 20
_MOST_WORDS = 2000
# One lexeme each.  An unclosed quote is a lexeme of its own, so that an apostrophe in a
# comment or a here-document does not hide the rest of the script.
_TOKEN = lazy_re.compile(
    r"\\\r?\n|\\.|\\\Z"
    r"|'[^']*+'|'"
    r'|"(?:[^"\\]++|\\.)*+"|"'
    r"|\$\(|\$\{[^}\n]{0,200}\}?|`"
    r"|[ \t\r]+|\n|;;?|&&?|\|\|?|[(){}]"
    r"|(?:\d?>>?|<<?<?-?)(?:&\d?)?"
    r"|[^\\'\"$`\s;&|(){}<>]++|\$",
    re.DOTALL,
)
_ESCAPED = lazy_re.compile(r"\\(.)", re.DOTALL)
_EXPRESSION = lazy_re.compile(r"\$\{\{[^}\n]{0,500}\}\}|\{\{[^}\n]{0,500}\}\}")
_NOT_LITERAL = lazy_re.compile(r"[$`*?%]|\{\{|\.\.\.|…")
_VERSION_OPERATOR = lazy_re.compile(r"[<>]=?[ ]?[\d.]")


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its text without quotes, its span, and whether the text is literal.

    ``quoted`` is the span between the quotes if the word is one quoted string.
    """

    text: str
    start: int
    end: int
    literal: bool = True
    quoted: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """A program with its arguments, without redirections and comments.

    ``operator`` is what follows it: ``|``, ``&&``, ``||``, ``;``, ``&``, a newline,
    ``)`` or a backtick at the end of a subshell or substitution, or "" at the end of
    the text.  ``depth`` counts the substitutions and subshells around it.
    """

    words: tuple[Word, ...]
    operator: str = ""
    depth: int = 0

    @property
    def text(self) -> str:
        """The words without their quotes, separated by one blank."""
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
    """The unfinished command and word at one depth of nesting."""

    words: list[Word] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    start: int = -1
    end: int = -1
    literal: bool = True
    quoted: tuple[int, int] | None = None
    redirected: bool = False

    def add(self, text: str, start: int, end: int, *, literal: bool = True) -> None:
        """Add a part to the current word."""
        if self.start < 0:
            self.start = start
        else:
            self.quoted = None
        self.parts.append(text)
        self.end = end
        self.literal = self.literal and literal

    def add_quoted(self, lexeme: str, start: int, end: int) -> None:
        """Add a quoted string to the current word."""
        is_whole_word = self.start < 0
        text = lexeme[1:-1]
        if lexeme[0] == '"':
            text = _ESCAPED.sub(r"\1", text)
        self.add(text, start, end)
        self.quoted = (start + 1, end - 1) if is_whole_word else None

    def finish_word(self) -> None:
        """End the current word, if there is one."""
        if self.start >= 0 and not self.redirected and len(self.words) < _MOST_WORDS:
            text = "".join(self.parts)
            literal = self.literal and _NOT_LITERAL.search(text) is None
            self.words.append(Word(text, self.start, self.end, literal, self.quoted))
        if self.start >= 0:
            self.redirected = False
        self.parts, self.start, self.literal, self.quoted = [], -1, True, None

    def is_function_name(self) -> bool:
        """Return whether the words are a name, or ``function`` and a name."""
        before = [word.text for word in self.words[:-1]]
        return bool(self.words) and before in ([], ["function"])

    def finish_command(
        self, result: list[SimpleCommand], operator: str, depth: int
    ) -> None:
        """End the current command and add it to the result, if it has a word."""
        self.finish_word()
        self.redirected = False
        if self.words:
            result.append(SimpleCommand(tuple(self.words), operator, depth))
            self.words = []


def commands(
    content: str, start: int = 0, end: int | None = None
) -> list[SimpleCommand]:
    """Return the commands in a span of ``content``, in the order of their ends.

    The time is linear in the length of the text.
    """
    stop = len(content) if end is None else end
    text = _EXPRESSION.sub(_placeholder, content[start:stop])
    result: list[SimpleCommand] = []
    levels = [_Level()]
    in_backticks = False
    comment_end = 0
    for match in _TOKEN.finditer(text):
        if match.start() < comment_end:
            continue
        lexeme, at = match[0], match.start()
        level = levels[-1]
        if lexeme == "\n" or lexeme[0] in ";&|":
            level.finish_command(result, lexeme, len(levels) - 1)
        elif lexeme[0] in " \t\r" or (lexeme[0] == "\\" and lexeme[-1] == "\n"):
            level.finish_word()
        elif lexeme[0] == "#" and level.start < 0:
            newline = text.find("\n", at)
            comment_end = len(text) if newline < 0 else newline
        elif lexeme in {"$(", "("} or (lexeme == "`" and not in_backticks):
            _open(levels, lexeme, start + at)
            in_backticks = in_backticks or lexeme == "`"
        elif lexeme in {")", "`"}:
            in_backticks = in_backticks and lexeme != "`"
            before = text[max(0, at - 2) : at]
            is_function = lexeme == ")" and before[-1:] == "(" and before != "$("
            level.finish_command(result, lexeme, len(levels) - 1)
            if len(levels) > 1:
                levels.pop()
                if is_function and levels[-1].is_function_name():
                    levels[-1].words.clear()
        else:
            _add_lexeme(level, lexeme, text, start, at)
    for depth, level in reversed(list(enumerate(levels))):
        level.finish_command(result, "", depth)
    return result


def with_nested(content: str, *, deepest: int = 3) -> list[SimpleCommand]:
    """Return the commands of a text, and those in quoted words, as in ``bash -c "a | b"``."""
    result = commands(content)
    if deepest:
        for command in tuple(result):
            for word in command.words:
                if word.quoted is not None and " " in word.text:
                    result += with_nested(word.text, deepest=deepest - 1)
    return result


def consecutive_commands(
    simple_commands: Sequence[SimpleCommand],
) -> Iterator[tuple[SimpleCommand, SimpleCommand]]:
    """Yield each command with the next one at the same depth."""
    last_by_depth: dict[int, SimpleCommand] = {}
    for command in simple_commands:
        previous = last_by_depth.get(command.depth)
        if previous is not None:
            yield previous, command
        last_by_depth[command.depth] = command


def _open(levels: list[_Level], lexeme: str, at: int) -> None:
    """Open a subshell or a substitution."""
    level = levels[-1]
    if lexeme == "(":
        level.finish_word()
    else:
        level.add("$", at, at + len(lexeme), literal=False)
    if len(levels) < _DEEPEST:
        levels.append(_Level())


def _add_lexeme(level: _Level, lexeme: str, text: str, offset: int, at: int) -> None:
    """Add a lexeme of ``text`` at ``at`` to the current word; ``offset`` is that of the text."""
    start, end = offset + at, offset + at + len(lexeme)
    first = lexeme[0]
    if _is_redirection(lexeme):
        # ``name>=1`` without quotes is a redirection to the shell, but meant as a version.
        is_in_word = level.start >= 0 and first in "<>"
        if is_in_word and _VERSION_OPERATOR.match(text, at):
            level.add(lexeme, start, end)
        else:
            level.finish_word()
            level.redirected = "&" not in lexeme
    elif first in "{}":
        is_group = text[at + 1 : at + 2].isspace()
        if level.start >= 0 or not is_group:
            level.add(lexeme, start, end, literal=False)
    elif first in "'\"" and len(lexeme) > 1:
        level.add_quoted(lexeme, start, end)
    elif first == "\\":
        level.add(lexeme[1:], start, end)
    else:
        level.add(lexeme, start, end, literal=first != "$")


def _is_redirection(lexeme: str) -> bool:
    if lexeme[0] in "<>":
        return True
    return len(lexeme) > 1 and ">" in lexeme and lexeme[-1] in "<>&0123456789"


def _placeholder(match: re.Match[str]) -> str:
    """Replace a template expression by a word of the same length that is not literal."""
    return "$" + "_" * (len(match[0]) - 1)
