"""Starts a local server in the sandbox, and asks it which tools it has."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from zt_gate import __version__
from zt_gate.errors import GateError
from zt_gate.guard.mcp import relay, tools
from zt_gate.record import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ANSWER_SECONDS = 120.0
_MOST_PAGES = 50
_PROTOCOL = "2025-06-18"


class ServerStartError(GateError):
    """A server does not start, or does not say which tools it has."""


@record
class ServerTools:
    """What a server says of itself: its name and version, and its texts for the model."""

    info: str
    texts: tuple[tools.ToolText, ...]

    @property
    def digests(self) -> dict[str, str]:
        """The digests by the names of the tools."""
        return {one.name: one.digest for one in self.texts}


def sandboxed(command: Sequence[str], task: str) -> list[str]:
    """Return the command that starts another one in the sandbox of a task."""
    chosen = ["--task", task] if task else []
    gate = [sys.executable, "-I", "-m", "zt_gate"]
    return [*gate, "guard", "exec", *chosen, "--", *command]


def started(
    command: Sequence[str], folder: str, environ: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a server with pipes; its errors go where ours do.  Raises ServerStartError."""
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=dict(environ),
        )
    except OSError as error:
        raise ServerStartError(
            f"{command[0]} does not start: {error.strerror}"
        ) from error


def tools_of(
    command: Sequence[str], folder: str, environ: Mapping[str, str]
) -> ServerTools:
    """Start a server, and return what it says of itself; raises ServerStartError."""
    server = started(command, folder, environ)
    asker = _Asker(server, time.monotonic() + _ANSWER_SECONDS)
    try:
        return _asked(asker)
    finally:
        relay.ended(server)


def _asked(asker: _Asker) -> ServerTools:
    who = {"name": "zt-gate", "version": __version__}
    first = asker.ask(
        "initialize",
        {"protocolVersion": _PROTOCOL, "capabilities": {}, "clientInfo": who},
    )
    texts = [tools.instructions_in(first)]
    asker.tell("notifications/initialized")
    capabilities = first.get("capabilities") or {}
    for kind in tools.KINDS:
        if kind.capability in capabilities:
            texts += _listed(asker, kind)
    about = first.get("serverInfo")
    about = about if isinstance(about, dict) else {}
    info = " ".join(str(about.get(key, ""))[:80] for key in ("name", "version"))
    return ServerTools(info.strip(), tuple(texts))


def _listed(asker: _Asker, kind: tools.ListKind) -> list[tools.ToolText]:
    """Return all items of a list, page by page; raises ServerStartError."""
    found: list[tools.ToolText] = []
    cursor = ""
    for _page in range(_MOST_PAGES):
        parameters = {"cursor": cursor} if cursor else {}
        if kind is tools.TOOLS:
            answer = asker.ask(kind.method, parameters)
        else:
            answer = asker.answer(kind.method, parameters) or {kind.key: []}
        try:
            found += kind.texts_in(answer)
        except tools.ToolListError as error:
            raise ServerStartError(
                f"its {kind.title}s cannot be read: {error}"
            ) from error
        cursor = str(answer.get("nextCursor") or "")
        if not cursor:
            return found
    raise ServerStartError(f"it has more than {_MOST_PAGES} pages of {kind.title}s")


class _Asker:
    """Sends requests to a server, and waits for their answers until a deadline."""

    def __init__(self, server: subprocess.Popen[bytes], deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._number = 0
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._server.stdout is not None
        for line in self._server.stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def tell(self, method: str) -> None:
        """Send a notification."""
        self._send({"jsonrpc": "2.0", "method": method})

    def ask(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a request; raises ServerStartError."""
        result = self.answer(method, parameters)
        if result is None:
            raise ServerStartError(f"it answers {method} with an error")
        return result

    def answer(
        self, method: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Return the result of a request, None for an error; raises ServerStartError."""
        self._number += 1
        self._send(
            {
                "jsonrpc": "2.0",
                "id": self._number,
                "method": method,
                "params": dict(parameters),
            }
        )
        while True:
            message = self._next(method)
            if message.get("id") != self._number or "method" in message:
                continue
            result = message.get("result")
            return result if isinstance(result, dict) else None

    def _next(self, method: str) -> dict[str, Any]:
        left = self._deadline - time.monotonic()
        try:
            line = self._lines.get(timeout=max(left, 0.0))
        except queue.Empty:
            raise ServerStartError(
                f"it has not answered {method} in {_ANSWER_SECONDS:g} s"
            ) from None
        if not line:
            raise ServerStartError(f"it ended before it answered {method}")
        return relay.message_of(line) or {}

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._server.stdin is not None
        try:
            relay.write_message(self._server.stdin, message)
        except (OSError, ValueError) as error:
            raise ServerStartError("it has ended") from error


def environment_of(
    table: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment that a client gives to a server."""
    own = table.get("env")
    added = own.items() if isinstance(own, dict) else ()
    return {
        **environ,
        **{str(key): os.path.expandvars(str(value)) for key, value in added},
    }
