"""Reader for shell scripts as a tree: pipelines of commands, with what is nested in them.

``shell`` returns a flat list of simple commands.  This reader keeps what decides where a
text ends up: pipes, redirections, here-documents, and the commands in a substitution, a
subshell or a double-quoted string.  Nothing is expanded.  Keywords (``if``, ``do``) and
braces are dropped, so that a block is read as the commands in it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable

_DEEPEST = 24
_MOST_COMMANDS = 20_000
_PLAIN = lazy_re.compile(r"[^\\'\"$`\s;&|(){}<>#]+")
_IN_DOUBLE_QUOTES = lazy_re.compile(r"[^\\\"$`]+")
_BLANKS = lazy_re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_REDIRECTION = lazy_re.compile(
    r"(?:\d{0,3}|&|\{\w{1,40}\})(?:<<<|<<-?|<>|<&|>&|>>|>\||<|>)"
)
_VARIABLE = lazy_re.compile(r"\$(?:\w+|[@*#?$!-])")
_PARAMETER = lazy_re.compile(r"\$\{[^}\n]{0,400}\}?")
_EXPRESSION = lazy_re.compile(r"\$\{\{[^\n]{0,500}?\}\}")
_HERE_END = lazy_re.compile(r"[ \t]*(['\"]?)\\?([\w.!-]{1,80})\1")
#: Words before a command that leave it a command.
_KEYWORDS = frozenset(
    [
        "if",
        "then",
        "else",
        "elif",
        "fi",
        "while",
        "until",
        "do",
        "done",
        "!",
        "{",
        "}",
        "time",
        "coproc",
        "function",
        "begin",
        "end",
        "and",
        "or",
        "not",
    ]
)


@dataclass(slots=True)
class ShellWord:
    """One word: its text without quotes, its offset, and the scripts nested in it.

    ``dynamic`` means that a variable or a substitution decides a part of the text.
    """

    text: str
    start: int
    nested: list[Script] = field(default_factory=list)
    dynamic: bool = False
    quoted: bool = False


@dataclass(slots=True)
class Redirection:
    """A redirection: its operator, such as ``>`` or ``0<&``, and its target."""

    operator: str
    target: ShellWord


@dataclass(slots=True)
class Command:
    """Words, redirections, texts of here-documents, and the script of a subshell."""

    words: list[ShellWord] = field(default_factory=list)
    redirections: list[Redirection] = field(default_factory=list)
    here: list[str] = field(default_factory=list)
    body: Script | None = None
    start: int = 0
    #: What follows the command, as in ``a || b``; "" at the end of a line.
    operator: str = ""


@dataclass(slots=True)
class Script:
    """Pipelines, each a list of commands that a pipe connects, in order."""

    pipelines: list[list[Command]] = field(default_factory=list)


def parse(text: str, depth: int = 0) -> Script:
    """Return the tree of a text, in time linear in its length."""
    return _Parser(text, depth).script("", depth)


class _Parser:
    """One pass over a text."""

    def __init__(self, text: str, depth: int) -> None:
        self.text = text
        self.at = 0
        self.commands = 0
        self.depth = depth
        self._pending: list[tuple[Command, str, bool]] = []

    def script(  # noqa: C901 - one branch for each lexeme
        self, end: str, depth: int
    ) -> Script:
        """Read commands up to ``end``, which is consumed, or up to the end of the text."""
        script = Script()
        pipeline: list[Command] = []
        command = Command(start=self.at)
        text, size = self.text, len(self.text)

        def finish(*, pipe: bool = False) -> None:
            nonlocal command, pipeline
            if command.words or command.redirections or command.body is not None:
                pipeline.append(command)
                self.commands += 1
            if not pipe and pipeline:
                script.pipelines.append(pipeline)
                pipeline = []
            command = Command(start=self.at)

        while self.at < size and self.commands < _MOST_COMMANDS:
            blank = _BLANKS.match(text, self.at)
            if blank is not None:
                self.at = blank.end()
                continue
            char = text[self.at]
            if char == end:
                self.at += 1
                finish()
                return script
            if char == "\n":
                self.at += 1
                # A pipe at the end of a line continues on the next one.
                is_open_pipe = bool(pipeline) and not command.words and not command.body
                finish(pipe=is_open_pipe and not command.redirections)
                self._here_documents()
            elif char == "#":
                newline = text.find("\n", self.at)
                self.at = size if newline < 0 else newline
            elif (
                char in "<>&" and (redirection := _REDIRECTION.match(text, self.at))
            ) or (
                char.isdigit() and (redirection := _REDIRECTION.match(text, self.at))
            ):
                self._redirection(redirection, command, depth)
            elif char in ";&|":
                self._operator(finish, command)
            elif char == "(":
                self.at += 1
                body = self._nested(")", depth)
                if command.body is None:
                    command.body = body
                else:
                    command.body.pipelines += body.pipelines
            elif char == ")":
                self.at += 1
                finish()
            else:
                self._add_word(self._word(depth), command)
        finish()
        return script

    def _operator(self, finish: Callable[..., None], command: Command) -> None:
        char = self.text[self.at]
        double = self.text[self.at : self.at + 2]
        is_double = double in {"&&", "||", ";;", "|&"}
        self.at += 2 if is_double else 1
        command.operator = double if is_double else char
        finish(pipe=char == "|" and double != "||")

    def _add_word(self, word: ShellWord, command: Command) -> None:
        if not word.text and not word.nested and not word.quoted:
            return
        is_first = not command.words
        if is_first and not word.quoted and word.text in _KEYWORDS:
            return
        if is_first:
            command.start = word.start
        command.words.append(word)

    def _redirection(self, match: re.Match[str], command: Command, depth: int) -> None:
        operator = match[0]
        start = self.at
        self.at = match.end()
        if operator[-1] in "<>" and self.text.startswith("(", self.at):
            self.at += 1
            nested = self._nested(")", depth)
            command.words.append(ShellWord("<()", start, [nested], dynamic=True))
            return
        if operator.lstrip("0123456789").startswith("<<") and "<<<" not in operator:
            ending = _HERE_END.match(self.text, self.at)
            if ending is not None:
                self.at = ending.end()
                self._pending.append((command, ending[2], operator.endswith("-")))
            return
        blank = _BLANKS.match(self.text, self.at)
        if blank is not None:
            self.at = blank.end()
        if self.text.startswith("<(", self.at):
            self.at += 2
            target = ShellWord("<()", self.at, [self._nested(")", depth)], dynamic=True)
        else:
            target = self._word(depth)
        command.redirections.append(Redirection(operator, target))

    def _here_documents(self) -> None:
        """Read the bodies of the here-documents that the last line began."""
        pending, self._pending = self._pending, []
        for command, ending, strips_tabs in pending:
            lines: list[str] = []
            while self.at < len(self.text):
                newline = self.text.find("\n", self.at)
                stop = len(self.text) if newline < 0 else newline
                line = self.text[self.at : stop]
                self.at = min(stop + 1, len(self.text))
                bare = line.rstrip("\r")
                if (bare.lstrip("\t ") if strips_tabs else bare.lstrip(" ")) == ending:
                    break
                lines.append(line)
            command.here.append("\n".join(lines))

    def _nested(self, end: str, depth: int) -> Script:
        if depth >= _DEEPEST:
            return Script()
        return self.script(end, depth + 1)

    def _word(self, depth: int) -> ShellWord:
        """Read one word; consumes at least one character."""
        word = ShellWord("", self.at)
        parts: list[str] = []
        text, size = self.text, len(self.text)
        start = self.at
        while self.at < size:
            char = text[self.at]
            if char.isspace() or char in ";&|()<>":
                break
            if char == "'":
                self._single_quoted(parts, word)
            elif char == '"':
                self._double_quoted(parts, word, depth)
            elif char == "\\":
                parts.append(text[self.at + 1 : self.at + 2])
                self.at += 2
            elif char in "$`":
                self._expansion(parts, word, depth)
            elif char in "{}#":
                parts.append(char)
                self.at += 1
            else:
                plain = _PLAIN.match(text, self.at)
                assert plain is not None
                parts.append(plain[0])
                self.at = plain.end()
        if self.at == start:
            self.at += 1
        word.text = "".join(parts)
        return word

    def _single_quoted(self, parts: list[str], word: ShellWord) -> None:
        end = self.text.find("'", self.at + 1)
        if end < 0:  # an apostrophe: it must not hide the rest of the script
            self.at += 1
            return
        raw = self.text[self.at + 1 : end]
        if parts and parts[-1] == "$":
            parts.pop()
            raw = _unescaped(raw)
        parts.append(raw)
        word.quoted = True
        self.at = end + 1

    def _double_quoted(self, parts: list[str], word: ShellWord, depth: int) -> None:
        start = self.at
        self.at += 1
        text, size = self.text, len(self.text)
        kept = len(parts)
        while self.at < size:
            char = text[self.at]
            if char == '"':
                self.at += 1
                word.quoted = True
                return
            if char == "\\":
                pair = text[self.at : self.at + 2]
                parts.append(pair[1:] if pair[1:] in '"\\$`\n' else pair)
                self.at += 2
            elif char in "$`":
                self._expansion(parts, word, depth)
            else:
                plain = _IN_DOUBLE_QUOTES.match(text, self.at)
                assert plain is not None
                parts.append(plain[0])
                self.at = plain.end()
        if depth == 0 and self.at - start < 4096:
            return
        del parts[kept:]

    def _expansion(self, parts: list[str], word: ShellWord, depth: int) -> None:
        """Read a variable, a parameter or a substitution."""
        text = self.text
        if text[self.at] == "`":
            self.at += 1
            word.dynamic = True
            parts.append("$()")
            end = text.find("`", self.at)
            inner = text[self.at : end] if end >= 0 else ""
            self.at = end + 1 if end >= 0 else self.at
            if inner and depth < _DEEPEST:
                word.nested.append(parse(inner, depth + 1))
            return
        if text.startswith("$((", self.at):
            self.at += 3
            parts.append("$((")
            return
        if text.startswith("$(", self.at):
            self.at += 2
            word.dynamic = True
            parts.append("$()")
            word.nested.append(self._nested(")", depth))
            return
        for pattern in (_EXPRESSION, _PARAMETER, _VARIABLE):
            match = pattern.match(text, self.at)
            if match is not None:
                parts.append(match[0])
                word.dynamic = True
                self.at = match.end()
                return
        parts.append("$")
        self.at += 1


_ESCAPE = lazy_re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|(.))", re.DOTALL
)


def _unescaped(raw: str) -> str:
    r"""Expand the escapes of ``$'…'``."""

    def expand(match: re.Match[str]) -> str:
        if match[1] or match[3]:
            return chr(int(match[1] or match[3], 16))
        if match[2]:
            return chr(int(match[2], 8) & 0xFF)
        return {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b"}.get(match[4], match[4])

    return _ESCAPE.sub(expand, raw)
