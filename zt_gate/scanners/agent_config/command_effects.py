"""What a command line does, as far as its words say it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.model.finding import Level
from zt_gate.scanners.agent_config import url_hosts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.scanners.agent_config.rule_index import RuleIndex

#: A command longer than this is no line that a person wrote into a setting.
_LONGEST = 8000
#: How much of a command, or of a workflow's script, is looked at.
_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class CommandEffect:
    """One thing that a command does: which rule knows it, how bad it is here, and a clause."""

    rule: str
    level: Level
    says: str
    found: str


def line_of(command: Any, args: Any = None) -> str:
    """Return program and arguments as one line; lists and tables are taken apart."""
    words: list[str] = []
    for part in (command, args):
        if isinstance(part, str):
            words.append(part)
        elif isinstance(part, list):
            words += [line_of(item) for item in part]
        elif isinstance(part, dict):
            words += [line_of(item) for item in part.values()]
        elif part is not None and not isinstance(part, bool):
            words.append(str(part))
    return " ".join(word for word in words if word)[: _LONGEST * 4]


def find_effects(command: str, place: str, book: RuleIndex) -> list[CommandEffect]:
    """Return what a command does that matters at ``place``, worst first.

    Places are host, container, ci, script and text (see the rules' ``levels``).
    """
    found: list[CommandEffect] = []
    length, command = len(command), command[:_MOST]
    lowered = command.lower()
    for rule in book.commands:
        level = rule.levels.get(place)
        if level is None or not any(word in lowered for word in rule.literals):
            continue
        for pattern in rule.patterns:
            match = pattern.search(command)
            if match is None or (
                rule.unless is not None and rule.unless.search(match[0])
            ):
                continue
            if rule.rule.endswith("/download-and-run"):
                level = _vouched(match[0], command, level, book)
            if rule.rule.endswith("/sends-data") and _stays_here(command, book):
                continue
            found.append(CommandEffect(rule.rule, level, rule.says, match[0][:300]))
            break
    if length > (_MOST if place == "ci" else _LONGEST):
        found.append(
            CommandEffect(
                "", Level.BLOCK, "is longer than anybody reads", command[:100]
            )
        )
    return sorted(found, key=lambda deed: -deed.level.rank)


def worst(found: Sequence[CommandEffect], least: Level) -> Level:
    """Return the highest level of what was found, and no less than ``least``."""
    return max([least, *(deed.level for deed in found)], key=lambda level: level.rank)


def clauses(found: Sequence[CommandEffect]) -> str:
    """Return ``; it … and it …`` for a message, "" where nothing was found."""
    said = list(dict.fromkeys(deed.says for deed in found))[:3]
    return f"; it {' and '.join(said)}" if said else ""


def _vouched(match: str, command: str, level: Level, book: RuleIndex) -> Level:
    """Lower the level where every address is one of a well-known installer."""
    urls = url_hosts.urls_in(match) or url_hosts.urls_in(command)
    known = book.listed("installers")
    plain = [re.sub(r"^\w+://", "", url.lower()) for url in urls]
    fine = all(
        url.startswith("https://")
        and any(text == one or text.startswith(f"{one}/") for one in known)
        for url, text in zip((u.lower() for u in urls), plain, strict=True)
    )
    return Level.WARN if urls and fine else level


def _stays_here(command: str, book: RuleIndex) -> bool:
    """Whether every address of the command is this machine's or a private network's."""
    urls = url_hosts.urls_in(command)
    return bool(urls) and all(
        url_hosts.destination(url, book) in {"local", "private"} for url in urls
    )
