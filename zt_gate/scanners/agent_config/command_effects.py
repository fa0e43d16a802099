"""Recognises harmful effects of a command line from its words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.record import dataclass
from zt_gate.scanners.agent_config import url_hosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.scanners.agent_config.rule_index import CommandRule, RuleIndex

#: Characters; a person does not write a longer command into a setting.
_LONGEST_REVIEWABLE = 8000
#: Characters of a command, or of a workflow's script, that are checked.
_CHECKED = 64 * 1024
_MATCH_LENGTH = 300
_CLAUSES = 3


@dataclass(frozen=True, slots=True)
class CommandEffect:
    """One harmful effect of a command.

    ``rule`` is a rule id, "" where the caller's own rule applies.  ``clause`` is a
    predicate for a message ("downloads a program and runs it").
    """

    rule: str
    level: Level
    clause: str
    matched_text: str


def command_line(command: Any, args: Any = None) -> str:
    """Return program and arguments as one line; lists and tables are flattened."""
    words: list[str] = []
    for part in (command, args):
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, list):
            words += [command_line(item) for item in part]
        elif isinstance(part, dict):
            words += [command_line(item) for item in part.values()]
        elif part is not None and not isinstance(part, bool):
            words.append(str(part))
    return " ".join(word for word in words if word)[: _LONGEST_REVIEWABLE * 4]


def find_effects(command: str, place: str, rules: RuleIndex) -> list[CommandEffect]:
    """Return the effects that matter at ``place``, worst first.

    Places are host, container, ci, script and text (see the rules' ``levels``).
    """
    checked = command[:_CHECKED]
    lowered = checked.lower()
    effects: list[CommandEffect] = []
    for rule in rules.commands:
        level = rule.levels.get(place)
        if level is None or not any(word in lowered for word in rule.literals):
            continue
        effect = _first_effect(rule, level, checked, rules)
        if effect is not None:
            effects.append(effect)
    limit = _CHECKED if place == "ci" else _LONGEST_REVIEWABLE
    if len(command) > limit:
        too_long = f"is too long to review ({len(command):,} characters)"
        effects.append(CommandEffect("", Level.BLOCK, too_long, checked[:100]))
    return sorted(effects, key=lambda effect: -effect.level.rank)


def worst(effects: Sequence[CommandEffect], least: Level) -> Level:
    """Return the highest level of the effects, and no less than ``least``."""
    levels = [least, *(effect.level for effect in effects)]
    return max(levels, key=lambda level: level.rank)


def clauses(effects: Sequence[CommandEffect]) -> str:
    """Return ``; it … and it …`` for a message, "" without effects."""
    distinct = list(dict.fromkeys(effect.clause for effect in effects))[:_CLAUSES]
    return f"; it {' and '.join(distinct)}" if distinct else ""


def _first_effect(
    rule: CommandRule, level: Level, command: str, rules: RuleIndex
) -> CommandEffect | None:
    """Return the effect of the rule's first pattern that applies."""
    for pattern in rule.patterns:
        match = pattern.search(command)
        if match is None:
            continue
        if rule.unless is not None and rule.unless.search(match[0]):
            continue
        if rule.rule.endswith("/download-and-run"):
            level = _download_level(match[0], command, level, rules)
        if rule.rule.endswith("/sends-data") and _stays_local(command, rules):
            continue
        return CommandEffect(rule.rule, level, rule.says, match[0][:_MATCH_LENGTH])
    return None


def _download_level(match: str, command: str, level: Level, rules: RuleIndex) -> Level:
    """Lower the level where every URL is one of a well-known installer."""
    urls = url_hosts.urls_in(match) or url_hosts.urls_in(command)
    installers = rules.listed("installers")
    if urls and all(_is_installer(url.lower(), installers) for url in urls):
        return Level.WARN
    return level


def all_installers(urls: Sequence[str], rules: RuleIndex) -> bool:
    """Whether every address is that of a well-known installer."""
    installers = rules.listed("installers")
    return all(_is_installer(url.lower(), installers) for url in urls)


def _is_installer(url: str, installers: Sequence[str]) -> bool:
    if not url.startswith("https://"):
        return False
    address = re.sub(r"^\w+://", "", url)
    return any(
        address == installer or address.startswith(f"{installer}/")
        for installer in installers
    )


def _stays_local(command: str, rules: RuleIndex) -> bool:
    """Whether every URL of the command is on this machine or in a private network."""
    urls = url_hosts.urls_in(command)
    return bool(urls) and all(
        url_hosts.destination(url, rules) in {"local", "private"} for url in urls
    )
