"""Judges variables of the environment that a command sets: many change what runs."""

from __future__ import annotations

import os
from functools import cache

from zt_gate.guard.commands.secret_names import is_ci_token, is_secret_name
from zt_gate.guard.data import load
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.shell.invocation import Invocation, VariableAssignment


@cache
def _data() -> dict[str, Any]:
    return load("variables.json")


def judge(
    case: CommandCase,
    invocation: Invocation,
    assignment: VariableAssignment,
    *,
    stays: bool,
) -> None:
    """Judge one assignment; ``stays`` if it is not only for one program."""
    name, value = assignment.name, assignment.value.text
    if not name:
        return
    rule = _rule(name)
    if rule is None:
        if case.context.task.is_narrow and not stays:
            case.add("variables/not-in-task", name)
        return
    _apply(case, invocation, rule, name, value)


def _rule(name: str) -> str | None:
    rules: dict[str, str] = _data()["rules"]
    if name in rules:
        return rules[name]
    if name.lower() in rules:
        return rules[name.lower()]
    for prefix, rule in _data()["prefixes"].items():
        if name.startswith(prefix):
            return str(rule)
    return None


def is_of_gate(name: str) -> bool:
    """Whether a variable decides whether the gate's hooks run."""
    return " gate/" in (_rule(name) or "")


_OFF = frozenset(("0", "false", "no", "off", "n"))


def _apply(
    case: CommandCase, invocation: Invocation, rule: str, name: str, value: str
) -> None:
    kind, _, control = rule.partition(" ")
    if kind in _CONDITIONS:
        if _CONDITIONS[kind](value):
            case.add(control, f"{name}={value}")
    elif kind == "program":
        _program(case, invocation, control, name, value)
    elif kind == "paths":
        _paths(case, invocation, control, name, value)
    elif kind == "node":
        node_options(case, invocation, value)
    elif kind == "git":
        from zt_gate.guard.commands import git_settings

        git_settings.setting(case, invocation, value, None, stays=False)
        case.add("gate/git-config-variables", f"{name}={value}")
    elif kind == "narrow" and case.context.task.is_narrow:
        case.add("variables/not-in-task", name)


def _is_elsewhere(address: str) -> bool:
    from zt_gate.guard.commands.network import host_of, is_loopback

    return not is_loopback(host_of(address))


#: When a rule of this kind counts, by the variable's value.
_CONDITIONS: Mapping[str, Callable[[str], bool]] = {
    "harmless": lambda _: False,
    "always": lambda _: True,
    "set": bool,
    "off": lambda value: value.lower() in _OFF or UNKNOWN in value,
    "on": lambda value: value.lower() not in {"", *_OFF},
    "file": lambda value: "/" in value or UNKNOWN in value,
    "text": lambda value: "$(" in value or "`" in value or UNKNOWN in value,
    "host": lambda value: bool(value) and _is_elsewhere(value),
}


def _program(
    case: CommandCase, invocation: Invocation, control: str, name: str, value: str
) -> None:
    if value.strip() in _data()["programs"]:
        return
    if UNKNOWN in value:
        case.add("run/undecided", name)
        return
    first = (value.split() or [""])[0].rpartition("/")[2]
    if first not in _data()["editors"]:
        case.add("run/program-variable", f"{name}={value}")
    case.script(value, invocation, name)
    case.add(control, f"{name}={value}")


def _paths(
    case: CommandCase, invocation: Invocation, control: str, name: str, value: str
) -> None:
    """Judge a list of folders: those of the project and what was there are as usual."""
    before = case.context.environ.get(name, "")
    for part in value.split(":"):
        if not part or part == UNKNOWN or part in before.split(":"):
            continue
        if not _is_usual(case, invocation, part, name):
            case.add(control, f"{name}={part}")


def _is_usual(case: CommandCase, invocation: Invocation, part: str, name: str) -> bool:
    known = part.partition(UNKNOWN)[0]
    if not known or (name == "PATH" and known in {".", "./"}):
        return False
    path = invocation.path(known)
    if path is None:
        return False
    if case.context.is_in_project(os.path.realpath(path)) or case.context.is_in_project(
        path
    ):
        return True
    usual = _data()["usual"]
    home = case.context.home.rstrip("/")
    return any(
        path == one or path.startswith(f"{one}/")
        for one in (place.replace("~", home) for place in usual)
    )


def node_options(case: CommandCase, invocation: Invocation, value: str) -> None:
    """Judge ``NODE_OPTIONS``: some load code or open a debugger."""
    words = value.replace("=", " ").split()
    for at, word in enumerate(words):
        if word in {
            "--require",
            "-r",
            "--import",
            "--loader",
            "--experimental-loader",
            "--env-file",
        }:
            target = words[at + 1] if at + 1 < len(words) else UNKNOWN
            if not _is_usual(
                case, invocation, target, "NODE_OPTIONS"
            ) or target.startswith("data:"):
                case.add("variables/loads-code", f"NODE_OPTIONS={value}")
        elif word.startswith("--inspect"):
            case.add("network/debugger", f"NODE_OPTIONS={value}")
    if UNKNOWN in value:
        case.add("variables/loads-code", f"NODE_OPTIONS={value}")


def judge_names(case: CommandCase, invocation: Invocation, word: CommandWord) -> None:
    """Note the credentials of the environment whose values a word has."""
    for name in word.names:
        if is_ci_token(name):
            case.add("credentials/ci-token", name)
        if not is_secret_name(name):
            continue
        case.secret_names.add(name)
        if invocation.program in {
            "echo",
            "printf",
            "print",
            "cat",
            "tee",
            "base64",
            "xxd",
            "od",
            "rev",
            "tac",
            "tr",
            "fold",
            "cut",
            "head",
            "tail",
            "nl",
            "sort",
            "sed",
            "awk",
            "strings",
            "hexdump",
            "envsubst",
            ":",
        }:
            case.add("credentials/variable", name)
