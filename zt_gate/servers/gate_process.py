"""Runs the gate in a process of its own and returns its report.

A server has threads and answers several requests at once, and a scan forks.  A process
can also be ended when the client gives up or the time is over.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError
from zt_gate.git.executable import REPOSITORY_VARIABLES
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Bytes of a report, and of the messages beside it.
_MAX_REPORT = 64 << 20
_MAX_MESSAGES = 1 << 16
#: Seconds between asking the process to end and killing it.
_GRACE = 5.0
_CHUNK = 1 << 16
#: Exit codes that come with a report.
_WITH_REPORT = frozenset((0, 1, 3))


@dataclass(frozen=True, slots=True)
class GateProcess:
    """How the gate is started: its environment, and the seconds that a run may take."""

    environ: Mapping[str, str]
    seconds: float
    _ending: set[asyncio.Future[None]] = field(
        default_factory=set, init=False, repr=False, compare=False
    )

    @property
    def own_environment(self) -> dict[str, str]:
        """The environment without variables that name another repository."""
        return {
            name: value
            for name, value in self.environ.items()
            if name not in REPOSITORY_VARIABLES
        }

    async def report(
        self, words: Sequence[str], folder: Path, content: bytes = b""
    ) -> dict[str, Any]:
        """Run one command that prints a JSON report, and return the report.

        ``words`` are the command's, ``content`` is its standard input.  Raises GateError
        with the one line that the gate printed if there is no report.  If the caller is
        cancelled, the process ends.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-m",
                "zt_gate",
                *words,
                cwd=folder,
                env=self.own_environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise GateError(f"zt-gate could not be started: {error}") from error
        try:
            async with asyncio.timeout(self.seconds):
                return await _result(process, content)
        except TimeoutError as error:
            raise GateError(
                f"the check did not end within {self.seconds:g} seconds, and was stopped"
            ) from error
        finally:
            self._end(process)

    def _end(self, process: asyncio.subprocess.Process) -> None:
        """Ask a running process to end; a task of its own waits for it.

        The gate removes its folders and ends its workers when it is asked.
        """
        if process.returncode is None:
            _signal(process, signal.SIGTERM)
            task = asyncio.ensure_future(_ended(process))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


async def _result(
    process: asyncio.subprocess.Process, content: bytes
) -> dict[str, Any]:
    assert process.stdout
    assert process.stderr
    output, messages, _ = await asyncio.gather(
        _read(process.stdout, _MAX_REPORT),
        _read(process.stderr, _MAX_MESSAGES),
        _write(process, content),
    )
    code = await process.wait()
    report: Any = None
    if code in _WITH_REPORT:
        with suppress(ValueError):
            report = json.loads(output)
    if not isinstance(report, dict):
        raise GateError(_last_line(messages) or f"zt-gate ended with exit code {code}")
    return report


async def _read(stream: asyncio.StreamReader, limit: int) -> bytes:
    """Read a stream to its end and keep at most ``limit`` bytes."""
    kept = bytearray()
    while chunk := await stream.read(_CHUNK):
        kept += chunk[: limit - len(kept)]
    return bytes(kept)


async def _write(process: asyncio.subprocess.Process, content: bytes) -> None:
    assert process.stdin
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(content)
        await process.stdin.drain()
    process.stdin.close()


def _last_line(messages: bytes) -> str:
    """Return the last line of the messages: masked and printable, as the gate prints them."""
    lines = messages.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].removeprefix("zt-gate: ") if lines else ""


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a process that was asked to end has ended; kill it after a while.

    A closing event loop cancels this task: it still waits, so that no process is left.
    """
    for _ in range(2):
        try:
            await asyncio.wait_for(process.wait(), _GRACE)
        except TimeoutError:
            break
        except asyncio.CancelledError:
            continue
        else:
            return
    _signal(process, signal.SIGKILL)
    await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
