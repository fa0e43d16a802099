"""Reviews permission entries: too broad, without effect, shadowed, unused, not reviewed."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.scanners.agent_config import permissions, rule_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.guard.permissions.granted import GrantedEntry

_DAY = 86_400
REVIEW_DAYS = 90
_RULE = lazy_re.compile(r"([\w*-]+)\s*(?:\((.*)\))?", re.DOTALL)
_MOST_PROPOSED = 6
#: Events of the log from which on an entry that nothing used counts as unused.
_ENOUGH_EVENTS = 200


@dataclass(frozen=True, slots=True)
class PermissionNote:
    """One remark about an entry; ``proposal`` is the narrower rule, "" for none."""

    entry: GrantedEntry
    kind: str
    text: str
    proposal: str = ""


@dataclass(slots=True)
class UsedTools:
    """What the guard's log has seen: tools, and the first words of commands."""

    events: int = 0
    tools: Counter[str] = field(default_factory=Counter)
    commands: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Count one entry of the log."""
        self.events += 1
        self.tools[str(entry.get("tool", ""))] += 1
        for action in entry.get("actions", ()):
            if action.get("kind") == "RunCommand":
                words = str(action.get("text", "")).split()
                self.commands[" ".join(words[:2])] += 1

    def of_program(self, program: str) -> list[str]:
        """Return what was run of a program, the most frequent first; all for ""."""
        return [
            words
            for words, _ in self.commands.most_common()
            if words and (not program or words.split()[0] == program)
        ]


def used_tools(entries: Iterable[Mapping[str, Any]]) -> UsedTools:
    """Return what entries of the log have seen."""
    used = UsedTools()
    for entry in entries:
        used.add(entry)
    return used


def review(
    entries: Sequence[GrantedEntry],
    rules: rule_index.RuleIndex,
    used: UsedTools,
    reviewed: Mapping[str, Mapping[str, str]],
) -> Iterator[PermissionNote]:
    """Yield the remarks; ``reviewed`` has who reviewed an entry and when, by its key."""
    for entry in entries:
        if entry.problem:
            yield PermissionNote(entry, "broad", entry.problem)
            continue
        issue = permissions.check(entry.entry, entry.use, rules)
        if issue is not None:
            kind = "no effect" if issue.rule == "permission-without-effect" else "broad"
            proposal = "" if kind == "no effect" else _narrower(entry.entry, used)
            yield PermissionNote(entry, kind, issue.clause, proposal)
        shadow = _shadow(entry, entries)
        if shadow:
            yield PermissionNote(entry, "shadowed", shadow)
        if entry.use == "grant" and _is_unused(entry.entry, used):
            text = f"nothing used it in {used.events} events of the log; remove it"
            yield PermissionNote(entry, "unused", text)
        if entry.use != "limit" and not _is_reviewed(reviewed.get(key_of(entry))):
            text = f"no person has reviewed it in the last {REVIEW_DAYS} days"
            yield PermissionNote(entry, "not reviewed", text)


def key_of(entry: GrantedEntry) -> str:
    """Return what names an entry in the record of reviews: it changes with its text."""
    text = f"{entry.path}\0{entry.key}\0{entry.entry}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _is_reviewed(record: Mapping[str, str] | None) -> bool:
    if record is None:
        return False
    oldest = time.strftime("%Y-%m-%d", time.gmtime(time.time() - REVIEW_DAYS * _DAY))
    return str(record.get("date", "")) >= oldest


def _parts(entry: str) -> tuple[str, str]:
    match = _RULE.fullmatch(entry.strip())
    return (match[1], (match[2] or "").strip()) if match else ("", "")


def _program(argument: str) -> str:
    words = re.split(r"[\s:]+", argument)
    return words[0] if words and words[0] != "*" else ""


def _narrower(entry: str, used: UsedTools) -> str:
    """Return rules for what the log has seen instead of a broad one."""
    tool, argument = _parts(entry)
    if tool not in {"Bash", "*"}:
        return (
            f"{tool}(path below the project)"
            if tool in {"Edit", "Read", "Write"}
            else ""
        )
    seen = used.of_program(_program(argument))[:_MOST_PROPOSED]
    plain = [words for words in seen if re.fullmatch(r"[\w./ -]+", words)]
    if plain:
        return ", ".join(f"Bash({words}:*)" for words in plain)
    return "Bash(program sub-command:*) for each that is needed"


def _shadow(entry: GrantedEntry, entries: Sequence[GrantedEntry]) -> str:
    """Return why an allow rule changes nothing, "" if it does."""
    tool, argument = _parts(entry.entry)
    if not tool or entry.key != "permissions.allow":
        return ""
    for other in entries:
        if other is entry or not other.key.startswith("permissions."):
            continue
        other_tool, other_argument = _parts(other.entry)
        if other_tool not in {tool, "*"}:
            continue
        covers = not other_argument or _covers(other_argument, argument)
        if other.key == "permissions.deny" and covers:
            return f"{other.entry} in {other.path} denies it"
        if (
            other.key == entry.key
            and covers
            and (other_tool, other_argument) != (tool, argument)
        ):
            return f"{other.entry} in {other.path} allows it already"
    return ""


def _covers(broad: str, narrow: str) -> bool:
    """Whether a prefix rule has another one in it: ``git:*`` has ``git status``."""
    if broad == narrow:
        return True
    prefix = re.sub(r"(?::\*|\s\*|\*)$", "", broad)
    if prefix == broad:
        return False
    inner = re.sub(r"(?::\*|\s\*|\*)$", "", narrow)
    return not prefix or inner == prefix or inner.startswith(f"{prefix} ")


def _is_unused(entry: str, used: UsedTools) -> bool:
    if used.events < _ENOUGH_EVENTS:
        return False
    tool, argument = _parts(entry)
    if not tool or "*" in tool:
        return False
    if tool != "Bash":
        return not used.tools[tool]
    program = _program(argument)
    return not used.of_program(program) if program else not used.tools[tool]
