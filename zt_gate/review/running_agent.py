"""Refuses commands that are a person's decision where a known agent has started them.

This is a courtesy, no protection: an agent that wants to can start the command outside
its own process tree and without its variables.  The names are data, in
``rules/gate/origin.toml``.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.review.authorship import RULE
from zt_gate.system import ancestors as process_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.system.ancestors import Ancestor

#: Programs that run the script that their command line names.
_INTERPRETERS = frozenset(
    ("node", "bun", "deno", "python", "pypy", "ruby", "uv", "npx", "npm", "uvx", "pipx")
)
_OFF = frozenset(("", "0", "false"))
_SCRIPT_ENDINGS = (".js", ".mjs", ".cjs", ".ts", ".py", ".exe")
#: Words before the program that a runner starts.
_SUBCOMMANDS = frozenset(("exec", "run", "tool", "x"))
#: Words of an interpreter's command line that may name the script.
_MAX_WORDS = 8


def refuse_agent(verb: str, environ: Mapping[str, str]) -> None:
    """Raise UsageError if a known agent runs ``zt-gate VERB``."""
    agents = rulebook.load("gate")[RULE].data.get("agents", ())
    mark = mark_of_agent(agents, environ, process_tree.ancestors())
    if mark:
        raise UsageError(
            f"{verb} is a person's decision, and an agent seems to have started it "
            f"({mark}). A person runs it in a terminal of their own. (This check is a "
            "courtesy: it stops nobody who wants to get around it.)"
        )


def mark_of_agent(
    agents: Iterable[Mapping[str, Any]],
    environ: Mapping[str, str],
    ancestors: Sequence[Ancestor],
) -> str:
    """Return a description of the first mark of a running agent, "" if there is none."""
    table = list(agents)
    names = {
        process: agent["name"]
        for agent in table
        for process in agent.get("processes", ())
    }
    for agent in table:
        for variable in agent.get("variables", ()):
            name, _, value = variable.partition("=")
            actual = environ.get(name, "")
            if actual.lower() not in _OFF and value in {"", actual}:
                return f"{agent['name']}: the variable {name} is set"
    for position, ancestor in enumerate(ancestors):
        child = ancestors[position - 1] if position else None
        if _is_editor_window(ancestor) or _is_editor(ancestor, child):
            continue
        for name in _program_names(ancestor):
            if name in names:
                return f"{names[name]}: the process {name!a} started it"
    return ""


def _is_editor_window(process: Ancestor) -> bool:
    """Whether a process belongs to an Electron editor, whose terminals people use.

    Cursor's editor and its agent have the same name.  The editor's terminals are started
    by a helper with ``--type=…``, the agent's commands are not.
    """
    return any(word.startswith("--type=") for word in process.words)


def _is_editor(process: Ancestor, child: Ancestor | None) -> bool:
    """Whether a process is the main one of an editor whose helper is ``child``."""
    if child is None or not process.words or not _is_editor_window(child):
        return False
    return _plain(child.words[0]).startswith(_plain(process.words[0]))


def _program_names(process: Ancestor) -> set[str]:
    """Return the names by which a process may be known, in lower case."""
    names = {_plain(process.name)}
    words = process.words
    if not words:
        return names
    program = _plain(words[0])
    names.add(program)
    # A script with a #! line, or one that an interpreter was given.
    if program.rstrip("0123456789.") in _INTERPRETERS:
        arguments = words[1:_MAX_WORDS]
        script = _script(arguments)
        package = script[:1] + script[1:].partition("@")[0]  # without its version
        names |= {_plain(script), _plain(package), package.lower()}
        for word in arguments:
            names |= _packages(word)
    return names


def _script(arguments: Sequence[str]) -> str:
    """Return the script, module or package that an interpreter or a runner was given."""
    for word in arguments:
        if word == "-c":
            return ""
        if not word.startswith("-") and word not in _SUBCOMMANDS:
            return word
    return ""


def _packages(word: str) -> set[str]:
    """Return the package that a script is in (``node_modules/NAME/…``)."""
    parts = word.lower().replace("\\", "/").split("/")
    names = set()
    for folder in ("node_modules", "site-packages"):
        for position, part in enumerate(parts[:-1]):
            if part != folder:
                continue
            package = parts[position + 1]
            if package.startswith("@") and position + 2 < len(parts):
                package = f"{package}/{parts[position + 2]}"
            names.add(package)
    return names


def _plain(word: str) -> str:
    name = os.path.basename(word.replace("\\", "/")).lower().lstrip("-")
    for ending in _SCRIPT_ENDINGS:
        name = name.removesuffix(ending)
    return name
