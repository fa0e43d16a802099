"""Reads the output of a running git within time limits."""

from __future__ import annotations

import math
import os
import select
import subprocess
from contextlib import suppress

from zt_gate.git.errors import GitError, failure
from zt_gate.system.time_limits import Watchdog, cpu_of_process, is_waiting

_MAX_STDERR = 1 << 16


class Pipe:
    """The output of a running git; ``read`` never waits past a time limit.

    ``cpu`` limits the CPU time that git uses from now on, ``wall`` the elapsed time,
    ``stall`` the time in which git only waits during a read, all in seconds.
    """

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        name: str,
        *,
        cpu: float,
        wall: float,
        stall: float,
    ) -> None:
        assert child.stdout
        assert child.stderr
        self._child = child
        self._name = name
        used = cpu_of_process(child.pid) or 0.0
        self._watchdog = Watchdog(
            lambda: cpu_of_process(child.pid),
            cpu,
            wall,
            before=used,
            waits=lambda: is_waiting(child.pid),
            stall=stall,
        )
        self._out = child.stdout.fileno()
        self._err = child.stderr.fileno()
        self._stderr = bytearray()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, b"" at the end; raises GitError at a time limit."""
        self._watchdog.restart()  # until now git waited for its reader
        while True:
            self._check_time()
            timeout = math.ceil(self._watchdog.pause() * 1000)
            ready = {descriptor for descriptor, _ in self._poll.poll(timeout)}
            if self._err in ready:
                self._keep_stderr(os.read(self._err, 1 << 16))
            if self._out in ready:
                return os.read(self._out, size)

    def finish(self) -> None:
        """Wait for git to exit; raises GitError if output is left or git failed."""
        if self.read(1):
            raise GitError(f"git {self._name} printed more than expected")
        code = None
        while code is None:
            self._check_time()
            with suppress(subprocess.TimeoutExpired):
                code = self._child.wait(self._watchdog.pause())
        if code:
            raise self._failure(code)

    def cause(self) -> GitError | None:
        """Return why git failed, None if it still runs or succeeded."""
        try:
            code = self._child.wait(0.2)
        except subprocess.TimeoutExpired:
            return None
        return self._failure(code) if code else None

    def close(self) -> None:
        """End git if it still runs, and close the pipes."""
        if self._child.poll() is None:
            self._child.kill()
        for stream in (self._child.stdout, self._child.stderr):
            if stream is not None:
                stream.close()
        self._child.wait()

    def _check_time(self) -> None:
        exceeded = self._watchdog.exceeded()
        if exceeded:
            raise GitError(f"git {self._name} {exceeded}")

    def _keep_stderr(self, chunk: bytes) -> None:
        if not chunk:
            self._poll.unregister(self._err)
        if len(self._stderr) < _MAX_STDERR:
            self._stderr += chunk

    def _failure(self, code: int) -> GitError:
        os.set_blocking(self._err, False)
        with suppress(BlockingIOError):
            self._stderr += os.read(self._err, _MAX_STDERR)
        return failure(self._name, bytes(self._stderr), code)
