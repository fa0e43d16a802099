"""A project with a home, a folder outside, a server and another process, for one row."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from zt_gate.drill.environment import git
from zt_gate.drill.layers.files import HOOK, KEPT, KEY, PLAN, PROGRAMS, TOKEN, VARIABLE
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType


#: How long after a command a background process may still do its work.
_LATER = 3.0


@dataclass
class LayerStand:
    """The stand in ``folder``, which is new; it serves while it is entered."""

    folder: Path
    _sockets: list[socket.socket] = field(default_factory=list)
    _count: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def project(self) -> Path:
        """The project."""
        return self.folder / "project"

    @property
    def home(self) -> Path:
        """The person's home."""
        return self.folder / "home"

    def __enter__(self) -> Self:
        """Make the files, and start server and process."""
        files = {
            "home/.ssh/id_ed25519": KEY,
            "outside/kept.txt": KEPT,
            "project/secrets/plan.txt": PLAN,
            "project/src/app.py": "print('app')\n",
            **{f"project/{name}": text for name, text in PROGRAMS.items()},
        }
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self.home.chmod(0o700)
        (self.folder / "outside").chmod(0o755)
        git(self.project, "init", "-q", "-b", "main")
        git(self.project, "add", "-A")
        git(self.project, "commit", "-q", "-m", "start")
        git(self.project, "checkout", "-q", "-b", "work")
        hook = self.project / ".git" / "hooks" / "pre-commit"
        hook.write_text(HOOK, encoding="utf-8")
        hook.chmod(0o755)
        self._serve(socket.socket(), ("127.0.0.1", 0))
        service = os.open(self.folder, os.O_RDONLY)
        try:
            # By a short name: the whole path can be longer than a socket's may be.
            self._serve(
                socket.socket(socket.AF_UNIX), f"/proc/self/fd/{service}/service"
            )
        finally:
            os.close(service)
        (self.folder / "service").chmod(0o777)
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", "import time; time.sleep(600)"],
            env={VARIABLE: TOKEN},
            stdin=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop server and process."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def connections(self) -> int:
        """Return how often the server and the service were reached."""
        return len(self._count)

    def text(self, command: str) -> str:
        """Return a command of a row with this stand's places."""
        port = self._sockets[0].getsockname()[1]
        number = self._process.pid if self._process else 0
        placed = command.replace("@/", f"{self.folder}/")
        return placed.replace("@PORT", str(port)).replace("@PID", str(number))

    def happened(self, done: Callable[[Self, str], bool], output: str) -> bool:
        """Whether a harm was done, as ``done`` sees it; waits for what comes later."""
        until = time.monotonic() + _LATER
        while time.monotonic() < until:
            if done(self, output):
                return True
            time.sleep(0.1)
        return done(self, output)

    def _serve(self, listener: socket.socket, address: tuple[str, int] | str) -> None:
        listener.bind(address)
        listener.listen(8)
        self._sockets.append(listener)

        def accept() -> None:
            while True:
                try:
                    one, _ = listener.accept()
                except OSError:
                    return
                self._count.append(1)
                one.close()

        threading.Thread(target=accept, daemon=True).start()
