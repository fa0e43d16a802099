"""Variables in commands of scripts and Makefiles: literal values, and programs by their name.

Only values that the same text assigns as literals are known: ``NAME=value``, arrays,
``NAME := value`` of make, and the words of a ``for`` loop.  All values that a name gets
count, because the order in which a script runs is not followed.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.syntax.shell import Word

if TYPE_CHECKING:
    from collections.abc import Sequence

# ``$p``, ``${p}``, ``"$p"``, ``${p[@]}``, ``${p:-x}``, ``$(p)`` of make, ``@$(p)``.
_VARIABLE = lazy_re.compile(
    r"[@+-]{0,3}[\"']?\$(?:\{(\w{1,100})(?:\[[@*]\])?(?::?[-=?+][^}\n]{0,200})?\}"
    r"|\((\w{1,100})\)|(\w{1,100}))[\"']?(?![\w$/.{-])"
)
_SHELL_VALUE = lazy_re.compile(
    r"(?:^|[;&|{]|\bdo\b|\bthen\b)[ \t]*"
    r"(?:(?:export|local|readonly|declare|typeset)[ \t]+(?:-\w+[ \t]+)?)?"
    r"(\w{1,100})\+?=(?:\(([^()`$]{0,5000})\)|\"([^\"`$\n]{0,2000})\"|'([^'\n]{0,2000})'"
    r"|([^\s\"'`$;&|()]{1,300})(?=[\s;&|]|\Z))",
    re.MULTILINE,
)
_MAKE_VALUE = lazy_re.compile(
    r"^[ \t]*(?:export[ \t]+)?(\w{1,100})[ \t]*(?:[:?+]{1,3}=|[ ]=)[ \t]*"
    r"((?:[^\n$`#\\]|\\\n){1,2000})$",
    re.MULTILINE,
)
_LOOP = lazy_re.compile(r"\bfor[ \t]+(\w{1,100})[ \t]+in[ \t]+([^;\n$`]{1,2000})[;\n]")
_COMMENT = lazy_re.compile(r"(?:^|(?<=\s))#[^\n]*")
_MOST_VALUES = 200
_VERBS = frozenset(("install", "add"))
# Parts of the names of variables that hold options or a path, no package.
_OPTION_WORDS = frozenset(
    ("flag", "flags", "opt", "opts", "option", "options", "arg", "args", "extra", "dir", "path",
     "root", "prefix", "wheel", "whl", "index", "url", "file", "verbose", "quiet")
)  # fmt: skip


@dataclass(frozen=True)
class CommandText:
    """The text around a command, "" for a command that is a list of words."""

    content: str = ""
    #: The text is documentation.
    prose: bool = False

    def variable(self, word: Word) -> str:
        """Return the name of the variable that the whole word is, "" for any other word."""
        if word.literal or not self.content:
            return ""
        match = _VARIABLE.match(self.content, word.start)
        if match is None or match.end() < word.end:
            return ""
        return match[1] or match[2] or match[3] or ""

    def values(self, word: Word) -> tuple[str, ...]:
        """Return the words that the variable may have, () if the text does not say it."""
        name = self.variable(word)
        return self._assigned.get(name, ()) if name else ()

    @cached_property
    def _assigned(self) -> dict[str, tuple[str, ...]]:
        assigned: dict[str, dict[str, None]] = {}
        for pattern in (_SHELL_VALUE, _MAKE_VALUE, _LOOP):
            for match in pattern.finditer(self.content):
                value = next((group for group in match.groups()[1:] if group), "")
                words = _COMMENT.sub("", value).replace("\\\n", " ").split()
                known = assigned.setdefault(match[1], {})
                known.update(dict.fromkeys(word.strip("\"'") for word in words))
        return {
            name: tuple(words)[:_MOST_VALUES]
            for name, words in assigned.items()
            if words
        }


def program_words(name: str, programs: frozenset[str]) -> list[str]:
    """Return the words that a variable stands for by its name, [] for no installer.

    ``PIP`` and ``VENV_PIP`` are pip, ``PYTHON3`` is python, ``PIP_INSTALL`` two words.
    """
    parts = [part.rstrip("0123456789") for part in name.lower().split("_")]
    if "pip" in parts and "uv" in parts:
        words = ["uv", "pip"]
    elif "pip" in parts:
        words = ["pip"]
    elif not {"python", "py"}.isdisjoint(parts):
        words = ["python"]
    else:
        words = [part for part in parts if part in programs][:1]
    verbs = [part for part in parts if part in _VERBS]
    return [*words, *verbs[:1]] if words else []


def holds_options(name: str) -> bool:
    """Return whether a variable of this name holds options or a path, and no package."""
    return not _OPTION_WORDS.isdisjoint(name.lower().split("_"))


def replaced(word: Word, texts: Sequence[str]) -> list[Word]:
    """Return words with these texts at the place of another word."""
    return [Word(text, word.start, word.end) for text in texts]
