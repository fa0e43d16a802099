"""The scanner's rules, indexed: key rules by kind of file, command rules, text rules, lists.

A rule's ``data`` may hold any of

- ``key``: where in a structured file a value matters, and what it must be;
- ``command``: what a command line may do, with a level by where it runs;
- ``text``: what an added line of prose or code may say;
- ``lists``: names that the checks look up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass, field
from zt_gate.rulebook.errors import RulebookError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SEPARATOR = "\x1f"
_PLAIN_KEY = lazy_re.compile(r"[\w$@/-]{1,80}")
_SHOWN_LENGTH = 200


class RuleDataError(RulebookError):
    """A rule's data is invalid for this scanner."""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """One ``[[rule.key]]``.

    ``where`` matches a path without the indexes of list elements, its parts joined
    by U+001F.  ``check`` names a function of ``value_checks`` (the rule's
    ``judge``), "" for none.  ``says`` is the consequence, printed after the key.
    """

    rule: str
    where: re.Pattern[str]
    kind: str
    value: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    check: str
    says: str
    level: Level | None
    place: str


@dataclass(frozen=True, slots=True)
class CommandRule:
    """One ``[[rule.command]]``: patterns, exceptions, and a level by place."""

    rule: str
    literals: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    levels: Mapping[str, Level]
    says: str


@dataclass(frozen=True, slots=True)
class TextRule:
    """One ``[[rule.text]]``: a pattern for lines, and literals that the lines must hold.

    ``near`` must match within ``within`` lines up or down.  ``written`` says that the
    matched text is a path, and counts only where the code writes to it; ``starts``,
    that it is a flag, and counts where an agent is started with it; ``asked``, that a
    text which forbids it, warns of it or quotes it does not count.
    """

    rule: str
    kinds: frozenset[str]
    literals: tuple[bytes, ...]
    pattern: re.Pattern[str]
    near: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    within: int
    says: str
    level: Level
    written: bool = False
    starts: bool = False
    asked: bool = False


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """All rules of the scanner."""

    keys: Mapping[str, tuple[KeyRule, ...]]
    commands: tuple[CommandRule, ...]
    texts: tuple[TextRule, ...]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def listed(self, name: str) -> tuple[str, ...]:
        """Return a list of names; raises RuleDataError where no rule has it."""
        if name not in self.lists:
            raise RuleDataError(f"agent_config: no rule has a list named {name!r}")
        return self.lists[name]


def load(rules: Mapping[str, Any]) -> RuleIndex:
    """Index the rules' data; raises RuleDataError."""
    keys: dict[str, list[KeyRule]] = {}
    commands: list[CommandRule] = []
    texts: list[TextRule] = []
    lists: dict[str, tuple[str, ...]] = {}
    for rule_id, rule in rules.items():
        data = rule.data
        try:
            for table in data.get("key", ()):
                for kind in table["kinds"]:
                    keys.setdefault(kind, []).append(_key_rule(rule_id, kind, table))
            commands += [
                _command_rule(rule_id, table) for table in data.get("command", ())
            ]
            texts += [_text_rule(rule_id, table) for table in data.get("text", ())]
            for name, words in data.get("lists", {}).items():
                lists[name] = tuple(words)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RuleDataError(
                f"{rule_id}: {type(error).__name__}: {error}"
            ) from error
    keys_by_kind = {kind: tuple(key_rules) for kind, key_rules in keys.items()}
    return RuleIndex(keys_by_kind, tuple(commands), tuple(texts), lists)


def joined(path: tuple[str | int, ...]) -> str:
    """Return a path as ``KeyRule.where`` matches it: keys only, joined."""
    return _SEPARATOR.join(part for part in path if isinstance(part, str))


def shown(path: tuple[str | int, ...]) -> str:
    """Return a path for messages: ``hooks.Stop[0].command``, at most 200 characters, ASCII."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif not _PLAIN_KEY.fullmatch(part):
            text += f"[{part[:80]!a}]"
        elif text:
            text += f".{part}"
        else:
            text = part
    shown_text = text[:_SHOWN_LENGTH].encode("ascii", "backslashreplace").decode()
    return shown_text or "the file"


def _key_rule(rule_id: str, kind: str, table: Mapping[str, Any]) -> KeyRule:
    level = table.get("level")
    return KeyRule(
        rule_id,
        lazy_re.compile(_path_pattern(table["path"])),
        kind,
        _optional(table.get("value")),
        _optional(table.get("unless")),
        str(table.get("judge", "")),
        str(table["says"]),
        Level(level) if level else None,
        str(table.get("place", "host")),
    )


def _path_pattern(parts: Sequence[str]) -> str:
    """Return a rule's ``path`` as one expression; ``**`` is any number of keys, ``*`` one."""
    key = f"[^{_SEPARATOR}]*{_SEPARATOR}"
    pattern = ""
    for part in parts:
        if part == "**":
            pattern += f"(?:{key})*"
        elif part == "*":
            pattern += key
        else:
            pattern += f"(?:{part}){_SEPARATOR}"
    return pattern.removesuffix(_SEPARATOR)


def _command_rule(rule_id: str, table: Mapping[str, Any]) -> CommandRule:
    return CommandRule(
        rule_id,
        tuple(str(word) for word in table["literals"]),
        tuple(_pattern(pattern) for pattern in table["patterns"]),
        _optional(table.get("unless")),
        {place: Level(level) for place, level in table["levels"].items()},
        str(table["says"]),
    )


def _text_rule(rule_id: str, table: Mapping[str, Any]) -> TextRule:
    return TextRule(
        rule_id,
        frozenset(table["kinds"]),
        tuple(word.lower().encode() for word in table["literals"]),
        _pattern(table["pattern"]),
        _optional(table.get("near")),
        _optional(table.get("unless")),
        int(table.get("within", 0)),
        str(table["says"]),
        Level(table["level"]),
        bool(table.get("written", False)),
        bool(table.get("starts", False)),
        bool(table.get("asked", False)),
    )


def _optional(pattern: str | None) -> re.Pattern[str] | None:
    return _pattern(pattern) if pattern else None


def _pattern(text: str) -> re.Pattern[str]:
    return lazy_re.compile(text, re.IGNORECASE)
