"""The man page, made from the commands' parsers (``scripts/man_page.py`` writes it)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.commands.command_tree import CommandNode, CommandOption

_EXIT_CODES = (
    ("0", "pass: everything that applies was inspected, and nothing blocks"),
    ("1", "fail: at least one finding blocks"),
    ("2", "wrong usage or configuration"),
    ("3", "error: nothing blocks, but something could not be inspected"),
    ("130", "interrupted"),
)
_ENVIRONMENT = (
    ("NO_COLOR, FORCE_COLOR", "no colors; colors also where there is no terminal"),
    ("ZT_GATE_CACHE_DIR", "folder of the cache"),
    ("ZT_GATE_CACHE_KEY", "key of the cache in CI, at least 32 characters"),
    ("XDG_CACHE_HOME, XDG_STATE_HOME", "the user's folders, by default in HOME"),
)
_FILES = (
    (".zt-gate.toml", "the policy; or the table [tool.zt-gate] of pyproject.toml"),
    (".zt-gate-baseline", "findings that existed before"),
    ("~/.cache/zt-gate", "what can be rebuilt"),
    ("~/.local/state/zt-gate", "approvals, the key of the cache, audit logs"),
)


def man_page(commands: Sequence[CommandNode]) -> str:
    """Return the page in the man macros; it has no date, so equal sources give one page."""
    return "\n".join(_lines(commands)) + "\n"


def _lines(commands: Sequence[CommandNode]) -> Iterator[str]:
    yield '.\\" Written by scripts/man_page.py from the parsers; do not edit.'
    yield f'.TH ZT-GATE 1 "" "zt-gate {__version__}" "User Commands"'
    yield from (
        ".SH NAME",
        "zt\\-gate \\- review gate for changes that AI agents write",
    )
    yield from (".SH SYNOPSIS", ".B zt\\-gate")
    yield "[\\-\\-version] [\\-\\-help] COMMAND [OPTION...]"
    yield ".SH DESCRIPTION"
    yield _text(
        "Reads a change from git, runs scanners over it, and returns pass, fail or error, "
        "with every finding at its line."
    )
    yield ".SH COMMANDS"
    for command in commands:
        yield from _command(command, command.name)
    yield from (".SH EXIT STATUS", *_table(_EXIT_CODES))
    yield from (".SH ENVIRONMENT", *_table(_ENVIRONMENT))
    yield from (".SH FILES", *_table(_FILES))
    yield from (".SH SEE ALSO", ".BR git (1)")


def _command(node: CommandNode, name: str) -> Iterator[str]:
    yield f".SS {_text(name)}"
    yield _text(f"{node.summary[:1].upper()}{node.summary[1:]}.")
    if node.commands:
        for inner in node.commands:
            yield from _command(inner, f"{name} {inner.name}")
        return
    yield from (".PP", f".I {_text(node.usage)}")
    for value, text in node.values:
        choices = f"; one of {', '.join(value.choices)}" if value.choices else ""
        yield from _row(value.metavar, f"{text}{choices}")
    for option in node.options:
        if "--help" not in option.names:
            yield from _row(_signature(option), option.help)


def _signature(option: CommandOption) -> str:
    names = ", ".join(option.names)
    return f"{names} {option.value.metavar}" if option.value else names


def _table(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    for term, text in rows:
        yield from _row(term, text)


def _row(term: str, text: str) -> Iterator[str]:
    yield from (".TP", f".B {_text(term)}", _text(text or "see above"))


def _text(text: str) -> str:
    """Escape a text for roff: backslashes, hyphens, and a dot that begins a line."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    escaped = escaped.replace("…", "...").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
