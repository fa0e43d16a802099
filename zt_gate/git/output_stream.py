"""The output of a running git, read with a deadline."""

from __future__ import annotations

import os
import select
import subprocess
import time
from contextlib import suppress

from zt_gate.git.errors import GitError, failure

_STDERR_KEPT = 1 << 16


class Pipe:
    """The output of a running git; ``read`` never waits past the deadline."""

    def __init__(self, child: subprocess.Popen[bytes], name: str, deadline: float) -> None:
        assert child.stdout
        assert child.stderr
        self._child = child
        self._name = name
        self._deadline = deadline
        self._out = child.stdout.fileno()
        self._err = child.stderr.fileno()
        self._stderr = bytearray()
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, b"" at the end; raises GitError at the deadline."""
        while True:
            left = self._deadline - time.monotonic()
            ready = {fd for fd, _ in self._poll.poll(max(0.0, left) * 1000)} if left > 0 else set()
            if not ready:
                raise GitError(f"git {self._name} did not finish before its deadline")
            if self._err in ready:
                self._keep(os.read(self._err, 1 << 16))
            if self._out in ready:
                return os.read(self._out, size)

    def finish(self) -> None:
        """Check that nothing is left to read and that git succeeded; raises GitError."""
        if self.read(1):
            raise GitError(f"git {self._name} said more than was expected")
        left = max(0.0, self._deadline - time.monotonic())
        try:
            code = self._child.wait(left)
        except subprocess.TimeoutExpired as error:
            raise GitError(f"git {self._name} did not finish before its deadline") from error
        if code:
            raise self._failure(code)

    def cause(self) -> GitError | None:
        """Return why git failed, None where it still runs or all went well."""
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

    def _keep(self, chunk: bytes) -> None:
        if not chunk:
            self._poll.unregister(self._err)
        if len(self._stderr) < _STDERR_KEPT:
            self._stderr += chunk

    def _failure(self, code: int) -> GitError:
        os.set_blocking(self._err, False)
        with suppress(BlockingIOError):
            self._stderr += os.read(self._err, _STDERR_KEPT)
        return failure(self._name, bytes(self._stderr), code)
