"""The tools that an agent can call: each asks the gate, and none changes anything.

There is no tool and no argument that approves, ignores or accepts a finding, chooses
another policy or leaves a scanner out.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems import supported
from zt_gate.errors import UsageError
from zt_gate.git.executable import inside
from zt_gate.record import dataclass, field
from zt_gate.reports.escape import visible
from zt_gate.servers import agent_answers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.servers.gate_process import GateProcess

#: Characters of a text to check, and of every other argument.
MAX_TEXT = 1_000_000
MAX_WORD = 1_000
#: Checks that run at the same time, and calls that wait for one.
_RUNNING = 2
_MAX_CALLS = 16
#: What an agent writes is judged by this profile, as CI judges a change with an agent's mark.
_PROFILE = "strict"

_SOURCES = ("worktree", "staged", "range")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a tool: a string, required unless it has a default."""

    description: str
    default: str | None = None
    choices: tuple[str, ...] = ()
    max_length: int = MAX_WORD

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the argument."""
        schema: dict[str, Any] = {
            "type": "string",
            "description": self.description,
            "maxLength": self.max_length,
        }
        if self.choices:
            schema["enum"] = list(self.choices)
        if self.default is not None:
            schema["default"] = self.default
        return schema


@dataclass(frozen=True, slots=True)
class AgentTool:
    """A tool as clients list it; ``asks_registries`` says that it may use the network."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, Argument]
    asks_registries: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments."""
        return {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                name: argument.schema for name, argument in self.arguments.items()
            },
            "required": [
                name
                for name, argument in self.arguments.items()
                if argument.default is None
            ],
        }

    def checked(self, given: Mapping[str, Any]) -> dict[str, str]:
        """Return the arguments with defaults; raises UsageError, which quotes no value."""
        values = {}
        for name in given:
            if name not in self.arguments:
                names = ", ".join(self.arguments)
                raise UsageError(
                    f"unknown argument {visible(name[:40])!r}; "
                    f"{self.name} takes: {names}"
                )
        for name, argument in self.arguments.items():
            values[name] = _checked(name, argument, given.get(name, argument.default))
        return values


def _checked(name: str, argument: Argument, value: Any) -> str:
    if value is None:
        raise UsageError(f"the argument {name} is missing")
    if not isinstance(value, str):
        raise UsageError(f"the argument {name} must be a string")
    if len(value) > argument.max_length:
        raise UsageError(
            f"the argument {name} has {len(value):,} characters; "
            f"the limit is {argument.max_length:,}"
        )
    if argument.choices and value not in argument.choices:
        raise UsageError(f"{name} is one of: {', '.join(argument.choices)}")
    if argument.max_length == MAX_WORD and not value.isprintable():
        raise UsageError(f"the argument {name} contains a control character")
    return value


TOOLS = (
    AgentTool(
        "check_change",
        "Check a change",
        "Judge a change of the repository before it is committed or pushed: secrets, "
        "vulnerable code, hidden instructions, risky packages, weakened checks. Call it "
        "when you have finished an edit, and before you commit.",
        {
            "source": Argument(
                "worktree: all uncommitted changes; staged: what git would commit; "
                "range: the commits of 'range'",
                default="worktree",
                choices=_SOURCES,
            ),
            "range": Argument(
                "with source range: A..B, for example origin/main..HEAD", default=""
            ),
            "folder": Argument(
                "a folder of the repository, for one that has several work trees or "
                "nested repositories; default: where the server runs",
                default="",
            ),
        },
        asks_registries=True,
    ),
    AgentTool(
        "check_package",
        "Check a package",
        "Judge a package before you install it or add it to a manifest: whether it exists, "
        "how old and how used it is, whether its name imitates another, known "
        "vulnerabilities.",
        {
            "ecosystem": Argument("the package's ecosystem", choices=supported()),
            "name": Argument("the name, as the ecosystem writes it"),
            "version": Argument("the exact version; empty: the newest", default=""),
        },
        asks_registries=True,
    ),
    AgentTool(
        "check_text",
        "Check a text",
        "Without 'path': look for secrets and hidden instructions in a text that you were "
        "given or are about to send. With 'path': judge the text as the new content of "
        "that file of the repository, before you write it.",
        {
            "text": Argument("the text", max_length=MAX_TEXT),
            "path": Argument(
                "a file of the repository, relative to where the server runs; "
                "it does not have to exist",
                default="",
            ),
        },
        asks_registries=True,
    ),
    AgentTool(
        "explain_rule",
        "Explain a rule",
        "Return what a rule detects, why it matters and how to fix it.",
        {"rule": Argument("the rule's id, such as code/python-sql-injection")},
    ),
)


@dataclass(slots=True)
class Toolbox:
    """Runs the tools for one folder; a path outside of it is refused."""

    gate: GateProcess
    #: Where the server was started.
    folder: Path
    #: The top of its repository, or the folder itself outside of a repository.
    top: Path
    offline: bool = False
    _running: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_RUNNING)
    )
    _calls: int = 0

    async def call(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a tool's answer; raises GateError with one line."""
        tool = next((tool for tool in TOOLS if tool.name == name), None)
        if tool is None:
            names = ", ".join(tool.name for tool in TOOLS)
            raise UsageError(f"unknown tool; the tools are: {names}")
        values = tool.checked(given)
        if name == "explain_rule":
            return _explained(values["rule"])
        if self._calls >= _MAX_CALLS:
            raise UsageError(f"{_MAX_CALLS} checks are waiting; call again later")
        self._calls += 1
        try:
            async with self._running:
                report = await self._report(name, values)
                return await asyncio.to_thread(agent_answers.answer, report)
        finally:
            self._calls -= 1

    async def _report(self, name: str, values: Mapping[str, str]) -> dict[str, Any]:
        if name == "check_change":
            return await self._change(values)
        if name == "check_package":
            return await self._package(values)
        return await self._text(values)

    async def _change(self, values: Mapping[str, str]) -> dict[str, Any]:
        source = f"--{values['source']}"
        if values["source"] == "range":
            if not values["range"]:
                raise UsageError("source range needs the argument range, such as A..B")
            source = f"--range={values['range']}"
        elif values["range"]:
            raise UsageError("the argument range needs source range")
        folder = self._inside(values["folder"], "folder")
        if not folder.is_dir():
            raise UsageError("folder is no folder of the repository")
        return await self.gate.report(self._scan(source), folder)

    async def _package(self, values: Mapping[str, str]) -> dict[str, Any]:
        words = ["snapshot", "check", "--format=json"]
        words.append(f"--ecosystem={values['ecosystem']}")
        if values["version"]:
            words.append(f"--version={values['version']}")
        if self.offline:
            words.append("--offline")
        return await self.gate.report([*words, "--", values["name"]], self.folder)

    async def _text(self, values: Mapping[str, str]) -> dict[str, Any]:
        content = values["text"].encode("utf-8", "surrogatepass")
        source = "--text=-"
        if values["path"]:
            source = f"--buffer={self._inside(values['path'], 'path')}"
        return await self.gate.report(self._scan(source), self.folder, content)

    def _scan(self, source: str) -> Sequence[str]:
        words = ["scan", source, "--format=json", f"--profile={_PROFILE}"]
        return [*words, "--offline"] if self.offline else words

    def _inside(self, name: str, argument: str) -> Path:
        """Return the absolute path with all links resolved; raises UsageError outside."""
        joined = os.path.join(self.folder, name) if name else str(self.folder)
        resolved = os.path.realpath(joined)
        if not inside(resolved, os.path.realpath(self.top)):
            raise UsageError(f"{argument} is outside the repository of this server")
        return Path(resolved)


def _explained(rule_id: str) -> dict[str, Any]:
    text = agent_answers.rule_text(rule_id)
    if text is None:
        raise UsageError("unknown rule; see all with: zt-gate rules")
    return text
