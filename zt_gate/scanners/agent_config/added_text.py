"""Added lines of code and prose: what a rule's words and the lines around them say."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from zt_gate.scanners.agent_config import (
    command_effects,
    file_kinds,
    markdown_links,
)
from zt_gate.scanners.agent_config.line_hits import LineHit
from zt_gate.syntax.text import decode_lossy, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.model.change import Line
    from zt_gate.scanners.agent_config.rule_index import RuleIndex, TextRule


def read(
    lines: Sequence[Line], kinds: frozenset[str], book: RuleIndex
) -> Iterator[LineHit]:
    """Yield what the rules for ``kinds`` of text find in the added lines."""
    rules = [rule for rule in book.texts if rule.kinds & kinds]
    whole = b"\n".join(line.data for line in lines).lower()
    # One look over all lines: most files hold none of the words.
    rules = [rule for rule in rules if any(word in whole for word in rule.literals)]
    for number, line in enumerate(lines):
        lowered = line.data.lower() if rules else b""
        for rule in rules:
            if any(word in lowered for word in rule.literals):
                yield from _rule(rule, lines, number)
    place = next(
        (place for kind, place in file_kinds.COMMAND_PLACES if kind in kinds), ""
    )
    if place:
        yield from _commands(lines, whole, place, book)
    if "prose" in kinds:
        yield from markdown_links.read(lines, whole, book, agent="agent-text" in kinds)


def _rule(rule: TextRule, lines: Sequence[Line], number: int) -> Iterator[LineHit]:
    line = lines[number]
    for _, piece in windows(line.data):
        text = decode_lossy(piece)
        match = rule.pattern.search(text)
        if match is None or (rule.unless is not None and rule.unless.search(text)):
            continue
        if (
            rule.near is not None
            and rule.near.search(_around(lines, number, rule.within, text)) is None
        ):
            continue
        yield LineHit(
            rule.rule,
            rule.level,
            line.number,
            text,
            match.start(),
            match.end(),
            rule.says,
        )
        return


def _around(lines: Sequence[Line], number: int, within: int, text: str) -> str:
    """Return the lines near one, as numbers of the file count, not those that happen to follow."""
    if not within:
        return text
    numbers = [line.number for line in lines]
    first = bisect_left(numbers, lines[number].number - within)
    last = bisect_left(numbers, lines[number].number + within + 1)
    near = b"\n".join(line.data[:4000] for line in lines[first:last])
    return f"{decode_lossy(near)}\n{text}"


def _commands(
    lines: Sequence[Line], whole: bytes, place: str, book: RuleIndex
) -> Iterator[LineHit]:
    """Judge lines as command lines: hooks of git, and what a skill tells its reader to run."""
    words = {
        word.encode()
        for rule in book.commands
        for word in rule.literals
        if place in rule.levels
    }
    if not any(word in whole for word in words):
        return
    for line in lines:
        text = decode_lossy(line.data[:8000])
        if place == "host" and text.lstrip().startswith("#"):
            continue
        for deed in command_effects.find_effects(text, place, book):
            start = max(0, text.find(deed.found))
            message = f"this line {deed.says}"
            yield LineHit(
                deed.rule or "agent_config/git-hook",
                deed.level,
                line.number,
                text,
                start,
                start + len(deed.found),
                message,
            )
