"""The commands in a script: what a shell, make, npm or an interpreter would start.

The texts are judged as if they were typed.  ``ScriptText.is_sure`` tells whether that is what
runs; where it is only likely (a call in a program), nothing but an attack counts.
"""

from __future__ import annotations

import json
import os
import re

from zt_gate import lazy_re
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_SHELLS = frozenset(("sh", "bash", "dash", "zsh", "ksh", "ash"))
_MAKEFILES = frozenset(("makefile", "gnumakefile", "justfile", ".justfile"))
_TASK_FILES = frozenset(("taskfile.yml", "taskfile.yaml", "tox.ini"))
#: What stands before a command in a line of those.
_LINE_START = lazy_re.compile(
    r"\s*(?:-\s+)?(?:(?:cmd|sh|commands\w*)\s*[:=]\s*)?['\"]?"
)
_VARIABLE = lazy_re.compile(
    r"^(?:export\s+|override\s+)*([\w.-]+)\s*(:{0,3}|\?|\+|!)=\s*(.*)$"
)
_USED = lazy_re.compile(r"\$[({]([\w.-]+)[)}]")
_RULE = lazy_re.compile(r"^[^\t#=]*?:[^=;]*;(.*)$")
_INCLUDE = lazy_re.compile(r"^[-s]?include\s+(.+)$", re.MULTILINE)
_MOST_EXPANSIONS = 5
_HEAD = 4096
_LONGEST_LINE = 20_000


@record
class ScriptText:
    """A text for a shell, and whether that is surely what runs."""

    text: str
    is_sure: bool = True


def texts_in(path: str, content: bytes, kind: str) -> list[ScriptText]:
    """Return the texts in a script that a shell runs.

    ``kind`` is how it is run: "shell", "direct", "make", "code", "sed" or "".
    """
    text = content.decode("utf-8", "replace")
    name = os.path.basename(path).lower()
    first = text.partition("\n")[0]
    if name == "package.json":
        return [ScriptText(command) for command in _package_scripts(text)]
    if kind == "make" or name in _MAKEFILES or name.endswith(".mk"):
        return [ScriptText(recipe) for recipe in recipes(text)]
    if name in _TASK_FILES:
        return [ScriptText(line, is_sure=False) for line in _task_lines(text)]
    if name == "dockerfile":
        return []
    if _is_shell(path, name, first, text, kind):
        return [ScriptText(text)]
    if kind == "sed":
        import shlex

        return [ScriptText(f"sed {shlex.quote(text)}", is_sure=False)]
    if kind == "code" or (kind == "direct" and first.startswith("#!")):
        from zt_gate.guard.commands.code_text import started

        return [ScriptText(command, is_sure=False) for command in started(text)]
    return []


def is_shell_script(path: str, kind: str) -> bool:
    """Whether a file's first line makes it a script for a shell, or it is run as one."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD).decode("utf-8", "replace")
    except OSError:
        return True
    name = os.path.basename(path).lower()
    return _is_shell(path, name, head.partition("\n")[0], head, kind)


def includes(content: bytes) -> list[str]:
    """Return the files that a makefile includes by a plain name."""
    text = content.decode("utf-8", "replace")
    names = (name for match in _INCLUDE.finditer(text) for name in match[1].split())
    return [name for name in names if "$" not in name and "*" not in name]


def recipes(text: str) -> list[str]:
    """Return what a makefile gives to shells: recipes, ``$(shell …)`` and ``!=``."""
    lines = text.replace("\\\n", " ").split("\n")
    values: dict[str, str] = {}
    found: list[str] = []
    prefixes: tuple[str, ...] = ("\t", "    ")
    for line in lines:
        if len(line) > _LONGEST_LINE:
            continue
        if line.startswith(prefixes):
            found.append(line[1:].strip().lstrip("@-+ "))
            continue
        variable = _VARIABLE.match(line.strip())
        if variable:
            name, operator, value = variable.groups()
            if name == ".RECIPEPREFIX" and value.strip():
                prefixes = (*prefixes, value.strip()[0])
            if operator == "!":
                found.append(value)
            elif operator == "+":
                values[name] = f"{values.get(name, '')} {value}".strip()
            else:
                values[name] = value
        else:
            rule = _RULE.match(line)
            if rule:
                found.append(rule[1].strip().lstrip("@-+ "))
    found += _shell_calls(text)
    return [
        _expanded(recipe, values)
        for recipe in found
        if recipe and not recipe.startswith("#")
    ]


def _expanded(recipe: str, values: dict[str, str]) -> str:
    """Put the values of make's variables into a recipe, as far as they are known."""
    for _ in range(_MOST_EXPANSIONS):
        put = _USED.sub(lambda match: values.get(match[1], match[0]), recipe)
        if put == recipe or len(put) > _LONGEST_LINE:
            break
        recipe = put
    return recipe.replace("$$", "$")


def _shell_calls(text: str) -> Iterator[str]:
    for mark, end in (("$(shell ", ")"), ("${shell ", "}")):
        place = text.find(mark)
        while place >= 0:
            start = at = place + len(mark)
            depth = 1
            while at < len(text) and depth:
                depth += {mark[1]: 1, end: -1}.get(text[at], 0)
                at += 1
            yield text[start : at - 1].strip()
            place = text.find(mark, start)


def _task_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _LINE_START.match(line)
        rest = line[match.end() :].strip().rstrip("'\"") if match else ""
        if " " in rest and not rest.startswith(("#", "{", "[")):
            yield rest


def _is_shell(path: str, name: str, first: str, text: str, kind: str) -> bool:
    if kind == "shell" or name.endswith((".sh", ".bash", ".zsh", ".ksh")):
        return True
    if first.startswith("#!"):
        # Also "#!/bin/bash -e" and "#!/usr/bin/env -S bash -e".
        words = {os.path.basename(word) for word in first[2:].split()}
        return not _SHELLS.isdisjoint(words)
    if kind == "direct" and "\0" not in text:
        return True  # the kernel refuses it, and a shell runs it then
    return "/.husky/" in path or "/.githooks/" in path


def _package_scripts(text: str) -> list[str]:
    try:
        scripts = json.loads(text).get("scripts", {})
        return [command for command in scripts.values() if isinstance(command, str)]
    except (ValueError, AttributeError, RecursionError):
        return []
