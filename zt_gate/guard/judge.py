"""Judges all actions of one event for one session."""

from __future__ import annotations

from zt_gate.guard.action import (
    CallTool,
    FetchAddress,
    Prompt,
    ReadFile,
    RunCommand,
    ToolOutput,
    TypeInput,
    UnknownEvent,
    WriteFile,
)
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.rights import judge_rights
from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from zt_gate.guard.action import Action, AgentEvent
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.scan import ContentScanner
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.shell.invocation import Invocation


@record
class EventJudge:
    """Judges for one session; ``contexts`` has one context for each task that holds."""

    contexts: tuple[GuardContext, ...]
    session: Session
    scanner: ContentScanner

    def judge(self, event: AgentEvent) -> tuple[tuple[Concern, ...], Any]:
        """Return the concerns of all actions, and an output that replaces the tool's."""
        concerns: dict[Concern, None] = {}
        replaced = None
        for action in event.actions:
            if isinstance(action, ToolOutput):
                found, replaced = self._output(action)
                concerns.update(dict.fromkeys(found))
                continue
            for context in self.contexts:
                found = tuple(self._one(action, event, context))
                concerns.update(dict.fromkeys(found))
        self._remember_writes(event, concerns)
        return tuple(concerns), replaced

    def _one(
        self, action: Action, event: AgentEvent, context: GuardContext
    ) -> Iterator[Concern]:
        yield from judge_rights(
            action, event.tool, context.task, self.session, asks=event.asks
        )
        if isinstance(action, RunCommand | TypeInput):
            yield from self._command(action, context)
        elif isinstance(action, ReadFile):
            yield from _file(action, context)
        elif isinstance(action, WriteFile):
            yield from self._write(action, context)
        elif isinstance(action, FetchAddress):
            from zt_gate.guard.network import judge_address

            yield from judge_address(action.url, context)
        elif isinstance(action, CallTool):
            yield from self._call(action, event, context)
        elif isinstance(action, Prompt):
            from zt_gate.guard.text.judge import judge_prompt

            yield from judge_prompt(action, self.scanner)
        elif isinstance(action, UnknownEvent) and action.acts:
            yield Concern(
                "guard/unknown",
                Answer.DENY,
                f"The guard does not know what this would do: {action.what}.",
                "Use another tool for it, or ask the person to update zt-gate.",
            )

    def _command(
        self, action: RunCommand | TypeInput, context: GuardContext
    ) -> Iterator[Concern]:
        from zt_gate.guard.commands import examined

        case = examined(action, context)
        yield from case.concerns.values()
        if not case.runs:
            return
        from zt_gate.guard.session.scripts import judge_scripts

        def text(
            script: str, cwd: str
        ) -> tuple[Iterable[Concern], Sequence[Invocation]]:
            inner = examined(RunCommand(script, cwd), context)
            return inner.concerns.values(), inner.runs

        yield from judge_scripts(case.runs, context, self.session, text, self._content)

    def _write(self, action: WriteFile, context: GuardContext) -> Iterator[Concern]:
        found = _file(action, context)
        yield from found
        if found or context is not self.contexts[0]:
            return  # a denied write needs no scan, and a second task no second one
        content = action.fragment if action.content is None else action.content
        if content:
            yield from self._content(_real(action, context), content)

    def _content(self, path: str, content: bytes) -> tuple[Concern, ...]:
        from zt_gate.guard.files.content import judge_content

        has_masked = bool(self.session.counts.get("masked"))
        return judge_content(path, content, self.scanner, has_masked=has_masked)

    def _call(
        self, action: CallTool, event: AgentEvent, context: GuardContext
    ) -> Iterator[Concern]:
        """Judge the arguments of a tool that only its server knows.

        A text that is a path, a command or an address is judged as one, as far as an
        attack goes: what a tool does with it is not known.
        """
        from zt_gate.guard.tool_arguments import addresses, commands, paths, texts

        if "mcp" in action.name.lower() and context is self.contexts[0]:
            from zt_gate.guard.mcp.judge import judge_server

            places, proof = self.scanner.places, self.scanner.policy.proof
            yield from judge_server(
                action, event.client, context, self.session.repository, places, proof
            )
        found: list[Concern] = []
        given = list(texts(action.arguments))
        for command in commands(action.arguments, given):
            found += self._command(RunCommand(command, event.cwd), context)
        for _, text in given:
            for address in addresses(text):
                from zt_gate.guard.network import judge_address

                found += judge_address(address, context)
            for path in paths(text):
                found += _file(ReadFile(path, event.cwd), context)
                found += _file(WriteFile(path, event.cwd, b""), context)
        for concern in found:
            if concern.is_attack or concern.control.startswith("files/restricted"):
                yield concern

    def _output(self, action: ToolOutput) -> tuple[tuple[Concern, ...], Any]:
        from zt_gate.guard.text.judge import judge_output

        concerns, replaced = judge_output(action, self.scanner)
        if replaced is not None:
            self.session.count("masked")
        return concerns, replaced

    def _remember_writes(
        self, event: AgentEvent, concerns: Mapping[Concern, None]
    ) -> None:
        """Keep the digest of what was judged clean, for when it is run."""
        from zt_gate.guard.session.scripts import remember_verdict

        if any(concern.answer is Answer.DENY for concern in concerns):
            return
        for action in event.actions:
            if isinstance(action, WriteFile) and action.content is not None:
                path = _real(action, self.contexts[0])
                remember_verdict(self.session, path, action.content)


def _file(action: ReadFile | WriteFile, context: GuardContext) -> tuple[Concern, ...]:
    from zt_gate.guard.files.judge import judge_file

    return judge_file(action, context)


def _real(action: WriteFile, context: GuardContext) -> str:
    from zt_gate.guard.files.resolve import real_paths

    return real_paths(action.path, action.cwd, context.home)[0]
