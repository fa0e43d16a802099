"""Which installing tool a command starts: the ecosystems have the table."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from zt_gate.ecosystems import all_ecosystems
from zt_gate.ecosystems.install_tool import InstallTool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.syntax.shell import Word


__all__ = ["InstallTool", "detect_tool"]

_PIP_PROGRAM = re.compile(r"pip(?:[23](?:\.\d{1,2})?)?\Z")
_PYTHON_PROGRAM = re.compile(r"(?:python|pypy|py|pythonw)(?:\d(?:\.\d{1,2})?)?\Z")
_MODULES = frozenset(("pip", "pipx", "uv", "poetry", "pdm", "pipenv"))


@cache
def _commands() -> dict[tuple[str, ...], InstallTool]:
    """Return the installing commands of all ecosystems by their words."""
    tables = (
        one.install_tools() for one in all_ecosystems() if one.install_tools is not None
    )
    return {words: tool for table in tables for words, tool in table.commands.items()}


@cache
def _values_before_subcommand() -> dict[str, frozenset[str]]:
    """Return, for each program, its options with a value that precede the subcommand."""
    tables = [
        one.install_tools() for one in all_ecosystems() if one.install_tools is not None
    ]
    return {
        words[0]: table.value_options for table in tables for words in table.commands
    }


def detect_tool(words: Sequence[Word]) -> InstallTool | None:
    """Return the tool that a command without prefixes starts, None for all others."""
    head = (
        words[0].text.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe")
    )
    texts = [head, *(word.text for word in words[1:8])]
    before = 0
    if "-m" in texts[1:4] and (_PYTHON_PROGRAM.match(head) or not words[0].literal):
        before = texts.index("-m") + 1
        texts = texts[before:]
        if not texts or texts[0] not in _MODULES:
            return None
    if not texts:
        return None
    if _PIP_PROGRAM.match(texts[0]):
        texts[0] = "pip"
    known = _commands()
    if texts[0] not in _values_before_subcommand():
        return None
    options = _options(texts)
    plain = [texts[0], *texts[options:]]
    if (texts[0],) in known:
        return _shifted(known[texts[0],], before)
    if (
        texts[0] == "dotnet"
        and len(texts) > 3
        and texts[1] == "add"
        and texts[3] == "package"
    ):
        plain = ["dotnet", "add", "package"]
        options += 1
    for size in (3, 2):
        tool = known.get(tuple(plain[:size]))
        if tool is not None:
            return _shifted(tool, before + options - 1) if tool.name else None
    return None


def _options(texts: Sequence[str]) -> int:
    """Return where the subcommand stands: ``pip -q install``, ``yarn workspace web add``."""
    values = _values_before_subcommand()[texts[0]]
    at = 1
    while at < len(texts) and texts[at].startswith("-") and texts[at] != "--":
        at += 2 if texts[at] in values else 1
    if texts[0] == "yarn" and texts[at : at + 1] == ["workspace"]:
        at += 2
    return at


def _shifted(tool: InstallTool, by: int) -> InstallTool:
    if not by:
        return tool
    import dataclasses

    return dataclasses.replace(tool, name_words=tool.name_words + by)
