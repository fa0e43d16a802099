"""Checks added lines of code and prose against text rules and command rules."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Level
from zt_gate.record import dataclass
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
    from zt_gate.scanners.agent_config.agent_starts import AgentStarts
    from zt_gate.scanners.agent_config.rule_index import RuleIndex, TextRule

#: Bytes of a line: of a neighbour that a rule's ``near`` looks at, of a command.
_NEIGHBOUR_BYTES = 4000
_COMMAND_BYTES = 8000
#: Characters of a line that nobody writes by hand, and how far a word in it is near.
_PACKED_LINE = 1000
_NEAR_BYTES = 2000
#: An address with a part that the reader fills in.
_OPEN_ADDRESS = lazy_re.compile(r"https?://[^\s\"'|]{0,200}<[\w -]{2,40}>")
#: A command whose address is left out: it stands for a kind of command.
_WITHOUT_ADDRESS = lazy_re.compile(
    r"\b(?:curl|wget|iwr|irm|fetch)\s+(?:-\S{1,20}\s+){0,4}(?:\.{3}|\u2026)\s*(?:[|)]|\Z)"
)
#: The end of a line whose command goes on: a backslash, a pipe, a list operator.
_CONTINUES = lazy_re.compile(rb"(?:(?<!\\)\\|\||&&)[ \t]{0,8}\Z")


def find_hits(
    lines: Sequence[Line], kinds: frozenset[str], rules: RuleIndex
) -> Iterator[LineHit]:
    """Yield what the rules for these kinds of text find in the added lines."""
    all_lines = b"\n".join(line.data for line in lines).lower()
    # Most files hold none of the literals: one search over all lines shows it.
    text_rules = [
        rule
        for rule in rules.texts
        if rule.kinds & kinds and _holds_any(all_lines, rule.literals)
    ]
    if text_rules:
        contexts = _Contexts(lines, kinds)
        for index, line in enumerate(lines):
            lowered = line.data.lower()
            for rule in text_rules:
                if _holds_any(lowered, rule.literals):
                    for hit in _match_text_rule(rule, lines, index):
                        if contexts.counts(rule, index, hit):
                            yield hit
    for kind, place in file_kinds.COMMAND_PLACES:
        if kind in kinds:
            contexts = _Contexts(lines, kinds)
            commands = _Commands(lines, all_lines, kind, place)
            yield from _find_commands(commands, rules, contexts)
            break
    if "prose" in kinds:
        read_by_agents = "agent-text" in kinds
        yield from markdown_links.find_hits(
            lines, all_lines, rules, read_by_agents=read_by_agents
        )


class _Contexts:
    """What the lines around a hit say of it, found out where a rule asks."""

    def __init__(self, lines: Sequence[Line], kinds: frozenset[str]) -> None:
        self._lines = lines
        self._kinds = kinds
        self._written: dict[str, frozenset[int]] = {}

    @cached_property
    def texts(self) -> list[str]:
        """The lines, decoded."""
        return [decode_lossy(line.data[:_NEIGHBOUR_BYTES]) for line in self._lines]

    @cached_property
    def _numbers(self) -> list[int]:
        return [line.number for line in self._lines]

    @cached_property
    def _starts(self) -> AgentStarts:
        from zt_gate.scanners.agent_config.agent_starts import AgentStarts

        is_test = "test" in self._kinds
        return AgentStarts(self.texts, self._numbers, is_test=is_test)

    def counts(self, rule: TextRule, index: int, hit: LineHit) -> bool:
        """Whether the code or the sentence around a hit does what the rule is about.

        A hit behind the first bytes of a long line counts.
        """
        if hit.end > len(self.texts[index]):
            return True
        if rule.written and index not in self._written_lines(rule):
            return False
        if rule.starts and not self._starts.starts(index, hit.start, hit.end):
            return False
        return not (rule.asked and self.is_forbidden(index, hit.start, hit.end))

    def is_forbidden(self, index: int, start: int, end: int) -> bool:
        """Whether the text forbids what a span of a line says, or warns of it."""
        from zt_gate.scanners.agent_config import forbidding

        return forbidding.is_forbidden(self.texts, index, start, end)

    def _written_lines(self, rule: TextRule) -> frozenset[int]:
        key = rule.pattern.pattern
        if key not in self._written:
            from zt_gate.scanners.agent_config import code_flow

            self._written[key] = code_flow.written_lines(
                self.texts, self._numbers, rule.pattern, self._kinds
            )
        return self._written[key]


def _holds_any(text: bytes, literals: Sequence[bytes]) -> bool:
    return any(literal in text for literal in literals)


def _match_text_rule(
    rule: TextRule, lines: Sequence[Line], index: int
) -> Iterator[LineHit]:
    """Yield the first match of a rule in one line."""
    line = lines[index]
    for _, window in windows(line.data):
        text = decode_lossy(window)
        match = rule.pattern.search(text)
        if match is None:
            continue
        if rule.unless is not None and rule.unless.search(text):
            continue
        if rule.near is not None:
            surroundings = _surroundings(lines, index, rule.within, text, match.span())
            if rule.near.search(surroundings) is None:
                continue
        start, end = match.span()
        yield LineHit(rule.rule, rule.level, line.number, text, start, end, rule.says)
        return


def _surroundings(
    lines: Sequence[Line], index: int, within: int, text: str, span: tuple[int, int]
) -> str:
    """Return the added lines within a distance, counted in line numbers of the file.

    A line of minified code is many functions: there the distance is one of bytes.
    """
    if len(text) > _PACKED_LINE:
        return _near_in_long_line(lines, index, text, span)
    if not within:
        return text
    number = lines[index].number
    numbers = [line.number for line in lines]
    first = bisect_left(numbers, number - within)
    last = bisect_left(numbers, number + within + 1)
    nearby = b"\n".join(line.data[:_NEIGHBOUR_BYTES] for line in lines[first:last])
    return f"{decode_lossy(nearby)}\n{text}"


def _near_in_long_line(
    lines: Sequence[Line], index: int, text: str, span: tuple[int, int]
) -> str:
    first, last = span[0] - _NEAR_BYTES, span[1] + _NEAR_BYTES
    parts = [text[max(0, first) : last]]
    if first < 0 and index:
        parts.insert(0, decode_lossy(lines[index - 1].data[first:]))
    if last > len(text) and index + 1 < len(lines):
        parts.append(decode_lossy(lines[index + 1].data[: last - len(text)]))
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Commands:
    """Added lines that are command lines: all of them in lower case, their kind and place."""

    lines: Sequence[Line]
    lowered: bytes
    kind: str
    place: str

    def numbered(self) -> Iterator[tuple[int, bytes]]:
        """Yield the command lines with their numbers."""
        if self.kind != "jetbrains":
            return _command_lines(self.lines, self.place)
        from zt_gate.scanners.agent_config import jetbrains_commands

        return jetbrains_commands.command_lines(self.lines)


def _find_commands(
    commands: _Commands, rules: RuleIndex, contexts: _Contexts
) -> Iterator[LineHit]:
    """Check lines as command lines: Git hooks, and commands that a skill describes.

    A text that forbids a command or warns of it does not describe it.
    """
    place = commands.place
    literals = {
        literal.encode()
        for rule in rules.commands
        if place in rule.levels
        for literal in rule.literals
    }
    if not any(literal in commands.lowered for literal in literals):
        return
    index_of = {line.number: index for index, line in enumerate(commands.lines)}
    for number, data in commands.numbered():
        text = decode_lossy(data[:_COMMAND_BYTES])
        for effect in command_effects.find_effects(text, place, rules):
            start = max(0, text.find(effect.matched_text))
            end = start + len(effect.matched_text)
            if place == "text" and contexts.is_forbidden(index_of[number], start, end):
                continue
            level = effect.level
            is_open = _WITHOUT_ADDRESS.match(effect.matched_text)
            is_open = is_open or _OPEN_ADDRESS.search(effect.matched_text)
            if place == "text" and is_open:
                level = Level.WARN
            yield LineHit(
                effect.rule or "agent_config/git-hook",
                level,
                number,
                text,
                start,
                end,
                f"this line {effect.clause}",
            )


def _command_lines(lines: Sequence[Line], place: str) -> Iterator[tuple[int, bytes]]:
    """Yield command lines with the number of their last line; continued ones as one.

    The last line is the one that decides: what stood above it was not complete.
    """
    pending = b""
    previous = 0
    for line in lines:
        data = line.data.rstrip(b"\r")
        if pending and line.number != previous + 1:
            yield previous, pending
            pending = b""
        is_comment = place == "host" and data.lstrip().startswith(b"#")
        if is_comment:  # also between the parts of a command
            previous = line.number
            continue
        pending = pending + data.lstrip() if pending else data
        previous = line.number
        is_table_row = place == "text" and data.lstrip().startswith(b"|")
        continues = _CONTINUES.search(data) is not None and not is_table_row
        if len(pending) < _COMMAND_BYTES and continues:
            pending = pending.rstrip(b"\\ \t") + b" "
            continue
        yield line.number, pending
        pending = b""
    if pending:
        yield previous, pending
