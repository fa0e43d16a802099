"""Measures whole calls of the guard's hook: each in a Python of its own, with session and log."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

AT_ONCE = 16
#: Written files for each language.
_WRITES = 5
_CALL = """
import json, os, sys
from zt_gate.guard.hook import handle
from zt_gate.guard.places import GuardPlaces
home, event = json.loads(sys.argv[1])
places = GuardPlaces(home, home + "/.local/state/zt-gate/guard", os.geteuid())
rendered = handle("claude-code", event.encode(), {"HOME": home}, places=places)
if b"cannot judge" in rendered.stdout:
    sys.exit(rendered.stdout)
"""


@dataclass(frozen=True)
class Call:
    """What one call cost: milliseconds of CPU with all that it started, and of the clock."""

    cpu: float
    clock: float


@dataclass(frozen=True)
class Caller:
    """Calls the hook for a project of a user who has the guard with the task ``develop``."""

    home: str
    root: str

    def prepare(self) -> None:
        """Pin the policy, as ``zt-gate guard install`` does."""
        from zt_gate.guard.places import GuardPlaces
        from zt_gate.guard.policy import pin, pin_content
        from zt_gate.policy.load import parse

        state = os.path.join(self.home, ".local/state/zt-gate/guard")
        content = pin_content(parse(b"", "none", scanners={}), b"", "none", "develop")
        pin(GuardPlaces(self.home, state, os.geteuid()), "", content)

    def command(self, text: str) -> str:
        """Return the event of a command."""
        return self._event("Bash", {"command": text})

    def write(self, name: str, content: str) -> str:
        """Return the event of a written file."""
        path = os.path.join(self.root, name)
        return self._event("Write", {"file_path": path, "content": content})

    def _event(self, tool: str, arguments: dict[str, Any]) -> str:
        return json.dumps(
            {"hook_event_name": "PreToolUse", "session_id": "bench", "cwd": self.root,
             "permission_mode": "default", "tool_name": tool, "tool_input": arguments}
        )  # fmt: skip

    def calls(self, events: Sequence[str], at_once: int = 1) -> list[Call]:
        """Return what calls cost, ``at_once`` of them at the same time."""
        costs = []
        for start in range(0, len(events), at_once):
            running: dict[int, float] = {}
            for event in events[start : start + at_once]:
                words = json.dumps([self.home, event])
                program = [sys.executable, "-I", "-c", _CALL, words]
                began = time.perf_counter()
                running[os.posix_spawn(program[0], program, os.environ)] = began
            while running:
                number, status, usage = os.wait4(-1, 0)
                clock = time.perf_counter() - running.pop(number)
                if status:
                    raise SystemExit("a call of the hook failed")
                cpu = usage.ru_utime + usage.ru_stime
                costs.append(Call(1000 * cpu, 1000 * clock))
        return costs


def percentiles(costs: Sequence[Call]) -> str:
    """Return p50 and p99 of CPU and clock."""
    parts = []
    for name, shown in (("cpu", "CPU"), ("clock", "clock")):
        values = sorted(getattr(call, name) for call in costs)
        p50 = values[len(values) // 2]
        p99 = values[min(len(values) - 1, int(len(values) * 0.99))]
        parts.append(f"{shown} p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    return "; ".join(parts)


def print_costs(caller: Caller, commands: Sequence[str]) -> None:
    """Print what the calls for commands, and for written files, cost."""
    caller.prepare()
    events = [caller.command(text) for text in commands]
    count = len(events)
    caller.calls(events[:1])
    print(f"{count} cold calls, one by one: {percentiles(caller.calls(events))}")
    several = caller.calls(events, AT_ONCE)
    print(f"{count} cold calls, {AT_ONCE} at once: {percentiles(several)}")
    for name, content in (("Python", _python()), ("TypeScript", _typescript())):
        lines = content.count("\n")
        file = "written.py" if name == "Python" else "written.ts"
        writes = [caller.write(file, content)] * _WRITES
        print(f"{name} of {lines} lines, written: {percentiles(caller.calls(writes))}")


def _python() -> str:
    """Return a module of 300 lines."""
    source = Path(os.__file__).with_name("textwrap.py").read_text("utf-8")
    return "".join(source.splitlines(keepends=True)[:300])


def _typescript() -> str:
    """Return a module of 300 lines."""
    part = (
        "export interface Row{n} {{ id: number; name: string }}\n"
        "export function find{n}(rows: Row{n}[], name: string): Row{n} | undefined {{\n"
        "  for (const row of rows) {{\n"
        "    if (row.name === name) return row;\n"
        "  }}\n"
        "  return undefined;\n"
        "}}\n"
        "\n"
        "export const names{n} = (rows: Row{n}[]) => rows.map((row) => row.name);\n"
        "\n"
    )
    return "".join(part.format(n=number) for number in range(30))
