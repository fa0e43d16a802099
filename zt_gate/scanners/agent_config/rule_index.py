"""The rules as this scanner uses them: key patterns by kind of file, commands, texts, lists.

A rule's ``data`` may hold any of

- ``key``: where in a structured file a value matters, and what it must be;
- ``command``: what a command line may do, with a level by where it stands;
- ``text``: what an added line of prose or code may say;
- ``lists``: names that the judges ask for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.rulebook.errors import RulebookError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEPARATOR = "\x1f"


class LazyPattern:
    """A regular expression that is compiled when it is first asked.

    There are some hundred, and a change asks a few: compiling all of them
    would cost more than looking at the change.
    """

    __slots__ = ("_compiled", "_flags", "_text")

    def __init__(self, text: str, flags: int = re.IGNORECASE) -> None:
        self._text = text
        self._flags = flags
        self._compiled: re.Pattern[str] | None = None

    def compiled(self) -> re.Pattern[str]:
        """Return the compiled expression; raises re.error where it is wrong."""
        if self._compiled is None:
            self._compiled = re.compile(self._text, self._flags)
        return self._compiled

    def search(self, text: str) -> re.Match[str] | None:
        """Look for the pattern anywhere."""
        return self.compiled().search(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Hold the pattern against the whole text."""
        return self.compiled().fullmatch(text)


class RuleDataError(RulebookError):
    """A rule says something that this scanner does not understand."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One ``[[rule.key]]``.

    ``where`` matches a path without the numbers of list elements, its parts
    joined by U+001F.  ``judge`` names who decides beyond ``value`` and
    ``unless`` (see ``judges``); ``says`` is the consequence, after the key.
    """

    rule: str
    where: LazyPattern
    kind: str
    value: LazyPattern | None
    unless: LazyPattern | None
    judge: str
    says: str
    level: Level | None
    place: str


@dataclass(frozen=True, slots=True)
class CommandRule:
    """One rule about command lines: patterns, exceptions, and a level by place."""

    rule: str
    literals: tuple[str, ...]
    patterns: tuple[LazyPattern, ...]
    unless: LazyPattern | None
    levels: Mapping[str, Level]
    says: str


@dataclass(frozen=True, slots=True)
class TextRule:
    """One rule about lines: a pattern, literals that its text must hold, and what must stand near.

    ``within`` is how many lines up and down the companions ``near`` may stand.
    """

    rule: str
    kinds: frozenset[str]
    literals: tuple[bytes, ...]
    pattern: LazyPattern
    near: LazyPattern | None
    unless: LazyPattern | None
    within: int
    says: str
    level: Level


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """All of it."""

    keys: Mapping[str, tuple[KeyRule, ...]]
    commands: tuple[CommandRule, ...]
    texts: tuple[TextRule, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def listed(self, name: str) -> tuple[str, ...]:
        """Return a list of names; raises CatalogueError where no rule has it."""
        if name not in self.lists:
            raise RuleDataError(f"agent_config: no rule has the list {name}")
        return self.lists[name]


def load(rules: Mapping[str, Any]) -> RuleIndex:
    """Read the rules' data; raises CatalogueError."""
    keys: dict[str, list[KeyRule]] = {}
    commands: list[CommandRule] = []
    texts: list[TextRule] = []
    lists: dict[str, tuple[str, ...]] = {}
    for name, rule in rules.items():
        try:
            for table in rule.data.get("key", ()):
                for kind in table["kinds"]:
                    keys.setdefault(kind, []).append(_key(name, kind, table))
            commands += [
                _command(name, table) for table in rule.data.get("command", ())
            ]
            texts += [_text(name, table) for table in rule.data.get("text", ())]
            lists |= {
                key: tuple(value) for key, value in rule.data.get("lists", {}).items()
            }
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RuleDataError(f"{name}: {type(error).__name__}: {error}") from error
    return RuleIndex(
        {kind: tuple(found) for kind, found in keys.items()},
        tuple(commands),
        tuple(texts),
        lists,
    )


def joined(path: tuple[str | int, ...]) -> str:
    """Return a path as ``Key.where`` sees it: keys only, joined."""
    return _SEPARATOR.join(part for part in path if isinstance(part, str))


def shown(path: tuple[str | int, ...]) -> str:
    """Return a path for people: ``hooks.Stop[0].command``, at most 200 characters, ASCII."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = re.fullmatch(r"[\w$@/-]{1,80}", part)
            text += (
                f".{part}" if plain and text else part if plain else f"[{part[:80]!a}]"
            )
    return text[:200].encode("ascii", "backslashreplace").decode() or "the file"


def _key(rule: str, kind: str, table: Mapping[str, Any]) -> KeyRule:
    parts = [
        f"(?:[^{_SEPARATOR}]*{_SEPARATOR})*" if part == "**"
        else f"[^{_SEPARATOR}]*{_SEPARATOR}" if part == "*"
        else f"(?:{part}){_SEPARATOR}"
        for part in table["path"]
    ]  # fmt: skip
    pattern = "".join(parts).removesuffix(_SEPARATOR)
    level = table.get("level")
    return KeyRule(
        rule,
        LazyPattern(pattern, 0),
        kind,
        _optional(table.get("value")),
        _optional(table.get("unless")),
        str(table.get("judge", "")),
        str(table["says"]),
        Level(level) if level else None,
        str(table.get("place", "host")),
    )


def _command(rule: str, table: Mapping[str, Any]) -> CommandRule:
    return CommandRule(
        rule,
        tuple(str(word) for word in table["literals"]),
        tuple(LazyPattern(pattern) for pattern in table["patterns"]),
        _optional(table.get("unless")),
        {place: Level(level) for place, level in table["levels"].items()},
        str(table["says"]),
    )


def _text(rule: str, table: Mapping[str, Any]) -> TextRule:
    return TextRule(
        rule,
        frozenset(table["kinds"]),
        tuple(word.lower().encode() for word in table["literals"]),
        LazyPattern(table["pattern"]),
        _optional(table.get("near")),
        _optional(table.get("unless")),
        int(table.get("within", 0)),
        str(table["says"]),
        Level(table["level"]),
    )


def _optional(pattern: str | None) -> LazyPattern | None:
    return LazyPattern(pattern) if pattern else None
