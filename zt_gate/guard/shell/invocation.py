"""What a command text would run: the programs with their words, files and variables."""

from __future__ import annotations

import posixpath

from zt_gate.guard.shell.words import UNKNOWN, CommandWord
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    #: Where a command reads its input from.
    InputKind = Literal["none", "text", "commands", "file"]


@record(frozen=True, slots=True)
class Redirect:
    """A file that the shell opens: ``operator`` without its number, such as ``>>``."""

    operator: str
    target: CommandWord

    @property
    def writes(self) -> bool:
        """Whether the file may be changed, or only emptied or made."""
        return ">" in self.operator

    @property
    def reads(self) -> bool:
        """Whether the file is read."""
        return "<" in self.operator


@record(frozen=True, slots=True)
class VariableAssignment:
    """A variable that is set for one command, or for the rest of the text."""

    name: str
    value: CommandWord


@record(frozen=True, slots=True)
class Input:
    """Standard input: a text, the output of other commands, or a file."""

    kind: InputKind = "none"
    text: CommandWord | None = None
    commands: tuple[Invocation, ...] = ()


@record(frozen=True, slots=True)
class Invocation:
    """One program that would be started.

    ``words`` are the program and its arguments.  ``cwd`` is the folder it starts in, None
    where the text does not decide it.  ``wrappers`` are the programs in front of it
    (``sudo``, ``xargs``); ``host`` is not "" where another machine runs it.
    ``takes_more`` means that arguments follow that the text does not decide (``xargs``).
    """

    words: tuple[CommandWord, ...]
    cwd: str | None
    assignments: tuple[VariableAssignment, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    input: Input = Input()
    is_background: bool = False
    wrappers: tuple[str, ...] = ()
    host: str = ""
    takes_more: bool = False

    @property
    def program(self) -> str:
        """The program's name without its folder; "" where the text does not decide it."""
        word = self.words[0] if self.words else CommandWord("")
        if not word.is_known or word.pattern:
            return ""
        return word.text.rpartition("/")[2]

    @property
    def arguments(self) -> tuple[CommandWord, ...]:
        """The words after the program."""
        return self.words[1:]

    def path(self, text: str) -> str | None:
        """Return the absolute path of a word's value, None where it is not decided.

        The path is made plain by its text alone; links are the file system's.
        """
        if UNKNOWN in text:
            return None
        if text.startswith("/"):
            return posixpath.normpath(text)
        if self.cwd is None:
            return None
        return posixpath.normpath(posixpath.join(self.cwd, text))


@record(frozen=True, slots=True)
class Analysis:
    """All that a text would run; ``problems`` are parts that could not be read."""

    invocations: tuple[Invocation, ...] = ()
    assignments: tuple[VariableAssignment, ...] = ()
    redirects: tuple[tuple[Redirect, str | None], ...] = ()
    problems: tuple[str, ...] = ()


def texts(words: Sequence[CommandWord]) -> tuple[str, ...]:
    """Return the values of words."""
    return tuple(word.text for word in words)
