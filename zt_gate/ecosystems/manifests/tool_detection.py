"""Detection of the install tool that a command starts, by the ecosystems' tables."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems import all_ecosystems
from zt_gate.record import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.ecosystems.install_tool import InstallTool, InstallTools
    from zt_gate.syntax.shell import Word


_PIP_PROGRAM = lazy_re.compile(r"pip(?:[23](?:\.\d{1,2})?)?\Z")
_PYTHON_PROGRAM = lazy_re.compile(r"(?:python|pypy|py|pythonw)(?:\d(?:\.\d{1,2})?)?\Z")
# ``-m`` with the module in the same word, and flags of the interpreter before it.
_MODULE_OPTION = lazy_re.compile(r"-[bBdEiIOPqsSuvx]{0,8}m(\w*)\Z")
_MODULES = frozenset(("pip", "pipx", "uv", "poetry", "pdm", "pipenv"))


def _tables() -> Iterator[InstallTools]:
    for ecosystem in all_ecosystems():
        if ecosystem.install_tools is not None:
            yield ecosystem.install_tools()


@cache
def _commands() -> dict[tuple[str, ...], InstallTool]:
    """Return the installing commands of all ecosystems by their words."""
    commands: dict[tuple[str, ...], InstallTool] = {}
    for table in _tables():
        commands.update(table.commands)
    return commands


@cache
def _value_options() -> dict[str, frozenset[str]]:
    """Return, for each program, its options with a value that precede the subcommand."""
    return {
        words[0]: table.value_options for table in _tables() for words in table.commands
    }


@cache
def programs() -> frozenset[str]:
    """Return the names of all programs that install packages."""
    return frozenset(_value_options())


def detect_tool(words: Sequence[Word]) -> InstallTool | None:
    """Return the tool that a command without prefixes starts, None for any other."""
    path = words[0].text.replace("\\", "/")
    program = path.rpartition("/")[2].lower().removesuffix(".exe")
    texts = [program, *(word.text for word in words[1:8])]
    # Words before the tool's own name, as in ``python -m pip``.
    skipped = 0
    may_be_python = _PYTHON_PROGRAM.match(program) or not words[0].literal
    if may_be_python:
        skipped, module_words = _module_words(texts)
        if skipped:
            if not module_words or module_words[0] not in _MODULES:
                return None
            texts = module_words
    if _PIP_PROGRAM.match(texts[0]):
        texts[0] = "pip"
    if texts[0] not in _value_options():
        return None
    commands = _commands()
    if (texts[0],) in commands:
        return _with_longer_name(commands[texts[0],], skipped)
    subcommand_at = _subcommand_position(texts)
    command = [texts[0], *texts[subcommand_at:]]
    is_dotnet_add = texts[0] == "dotnet" and texts[1:2] == ["add"]
    if is_dotnet_add and texts[3:4] == ["package"]:  # dotnet add PROJECT package
        command = ["dotnet", "add", "package"]
        subcommand_at += 1
    for length in (3, 2):
        tool = commands.get(tuple(command[:length]))
        if tool is None:
            continue
        installs = bool(tool.name)
        return (
            _with_longer_name(tool, skipped + subcommand_at - 1) if installs else None
        )
    return None


def _module_words(texts: Sequence[str]) -> tuple[int, list[str]]:
    """Return the words from the module on, and how many precede it; 0 without ``-m``."""
    for position, text in enumerate(texts[1:4], 1):
        option = _MODULE_OPTION.match(text)
        if option is not None and option[1]:  # ``-mpip``
            return position, [option[1], *texts[position + 1 :]]
        if option is not None:
            return position + 1, list(texts[position + 1 :])
    return 0, []


def _subcommand_position(texts: Sequence[str]) -> int:
    """Return the position of the subcommand: ``pip -q install``, ``yarn workspace web add``."""
    value_options = _value_options()[texts[0]]
    position = 1
    while position < len(texts):
        text = texts[position]
        if not text.startswith("-") or text == "--":
            break
        position += 2 if text in value_options else 1
    if texts[0] == "yarn" and texts[position : position + 1] == ["workspace"]:
        position += 2
    return position


def _with_longer_name(tool: InstallTool, more_words: int) -> InstallTool:
    if not more_words:
        return tool
    return replace(tool, name_words=tool.name_words + more_words)
