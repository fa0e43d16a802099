"""The commands with their options and values, read from their parsers.

Completion scripts and the man page are made from it, so that neither has a list of its
own.  It imports every command, so no other command imports it.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from zt_gate.commands import COMMANDS
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What a value is: one of ``choices``, a path, a revision of git, a rule's id, or free text.
ValueKind = Literal["choice", "path", "revision", "rule", "text"]

_PATHS = frozenset(("FILE", "FOLDER", "PATH", "FORMAT=FILE", "ENV|LOCK"))
_REVISIONS = frozenset(("REV", "A..B", "BASE", "COMMIT"))
_REVISION_OPTIONS = frozenset(("base", "range", "policy_rev"))


@dataclass(frozen=True, slots=True)
class CommandValue:
    """The value of an option or a positional argument."""

    kind: ValueKind
    metavar: str = ""
    choices: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class CommandOption:
    """An option; ``value`` is None for a switch."""

    names: tuple[str, ...]
    help: str
    value: CommandValue | None = None


@dataclass(frozen=True, slots=True)
class CommandNode:
    """A command or subcommand; ``usage`` is its form in one line."""

    name: str
    summary: str
    usage: str
    options: tuple[CommandOption, ...]
    values: tuple[tuple[CommandValue, str], ...]
    commands: tuple[CommandNode, ...]


def command_tree() -> tuple[CommandNode, ...]:
    """Return all commands in the order of the help."""
    nodes = []
    for name, module, summary in COMMANDS:
        parser = argparse.ArgumentParser(prog=f"zt-gate {name}")
        import_module(module).arguments(parser)
        nodes.append(_node(name, summary, parser))
    return tuple(nodes)


def _node(name: str, summary: str, parser: argparse.ArgumentParser) -> CommandNode:
    options: list[CommandOption] = []
    values: list[tuple[CommandValue, str]] = []
    commands: list[CommandNode] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public list
        text = _expanded(action)
        if isinstance(action.choices, dict):
            # argparse keeps the help of subcommands apart from their parsers.
            for choice in vars(action)["_choices_actions"]:
                inner = action.choices[choice.dest]
                commands.append(_node(choice.dest, choice.help or "", inner))
        elif action.option_strings:
            value = None if action.nargs == 0 else _value(action)
            options.append(CommandOption(tuple(action.option_strings), text, value))
        else:
            values.append((_value(action), text))
    # argparse's own usage differs between versions of Python.
    words = [
        f"{value.metavar}..." if value.repeats else value.metavar for value, _ in values
    ]
    usage = " ".join((parser.prog, "[OPTION...]", *words))
    return CommandNode(
        name, summary, usage, tuple(options), tuple(values), tuple(commands)
    )


def _expanded(action: argparse.Action) -> str:
    text = " ".join((action.help or "").split())
    return text.replace("%(default)s", str(action.default)).replace("%%", "%")


def _value(action: argparse.Action) -> CommandValue:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    repeats = action.nargs in {"*", "+"}
    choices = tuple(map(str, action.choices or _known_values(action, metavar)))
    if choices:
        return CommandValue("choice", metavar, choices, repeats)
    kind: ValueKind = "text"
    if metavar in _PATHS or action.dest in {"tree", "patch"}:
        kind = "path"
    elif metavar in _REVISIONS or action.dest in _REVISION_OPTIONS:
        kind = "revision"
    elif action.dest == "rule":
        kind = "rule"
    return CommandValue(kind, metavar, (), repeats)


def _known_values(action: argparse.Action, metavar: str) -> Iterator[str]:
    """Yield the values that the command itself checks, of options without choices."""
    from zt_gate.model.finding import Confidence
    from zt_gate.model.profile import Profile
    from zt_gate.policy.profiles import FAIL_ON
    from zt_gate.reports import FORMATS
    from zt_gate.scanners import registered

    is_scanner = action.dest == "scanner" or (
        action.dest == "skip" and metavar == "NAME"
    )
    if is_scanner:
        yield from registered()
    elif action.dest == "profile":
        yield from Profile
    elif action.dest == "fail_on":
        yield from FAIL_ON
    elif action.dest == "min_confidence":
        yield from Confidence
    elif action.dest == "format":
        yield from (name for name, _ in FORMATS)
