"""Carries a local server's messages between the client and the server, and checks its tools.

The protocol is JSON-RPC, one message on a line.  Every message is parsed and written
anew, so that both sides read the same.  A tool, prompt or resource whose text differs
from the pin does not reach the client, and from then on nothing of the server does.
"""

from __future__ import annotations

import json
import os
import threading
from typing import IO, TYPE_CHECKING, Any

from zt_gate.guard.mcp import tools

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Mapping

    from zt_gate.guard.mcp.tools import ToolText

_LONGEST = 32 << 20
#: Seconds that a call waits for the server's list of tools.
_LIST_SECONDS = 120.0
_END_SECONDS = 10.0
_REFUSED = -32001
_KINDS = {kind.method: kind for kind in tools.KINDS}
_USES = frozenset(use for kind in tools.KINDS for use in kind.uses)


class ToolCheck:
    """Compares what a server has with its pin; disables the server at a difference.

    ``disable`` is told the tools, prompts and resources that differ, and returns the
    reason that is given.
    """

    def __init__(
        self,
        pinned: Mapping[str, str],
        disable: Callable[[list[ToolText]], str],
    ) -> None:
        self._pinned = pinned
        self._disable = disable
        self.reason = ""

    def listed(self, kind: tools.ListKind, result: Any) -> dict[str, Any]:
        """Return an answer to a list's method with the pinned items, or with none."""
        try:
            found = kind.texts_in(result)
        except tools.ToolListError as error:
            self.reason = (
                self.reason or f"its list of {kind.title}s cannot be read: {error}"
            )
            return {kind.key: []}
        self._compare(found)
        if self.reason:
            return {kind.key: []}
        answer: dict[str, Any] = result
        return answer

    def started(self, result: Any) -> Any:
        """Return an answer to ``initialize``, without instructions that differ."""
        text = tools.instructions_in(result)
        self._compare([text])
        if self.reason and isinstance(result, dict):
            return {key: item for key, item in result.items() if key != "instructions"}
        return result

    def _compare(self, found: list[ToolText]) -> None:
        differing = list(tools.changed(found, self._pinned))
        if differing and not self.reason:
            self.reason = self._disable(differing)


class Relay:
    """Joins a client on two streams with a server's process."""

    def __init__(
        self,
        server: subprocess.Popen[bytes],
        to_client: IO[bytes],
        check: ToolCheck,
    ) -> None:
        self._server = server
        self._to_client = to_client
        self._check = check
        self._asked: dict[str, str] = {}
        self._own = f"zt-gate-{os.urandom(8).hex()}"
        self._listed = threading.Event()
        self._has: set[str] = set()
        self._pending: set[str] = set()
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._sending = threading.Lock()

    def run(self, from_client: IO[bytes]) -> int:
        """Carry messages until one side ends; returns the server's exit code."""
        reader = threading.Thread(
            target=self._from_client, args=(from_client,), daemon=True
        )
        reader.start()
        assert self._server.stdout is not None
        while line := self._server.stdout.readline(_LONGEST + 1):
            message = message_of(line)
            if message is not None:
                self._answered(message)
        self._listed.set()
        return ended(self._server)

    def _from_client(self, stream: IO[bytes]) -> None:
        try:
            while line := stream.readline(_LONGEST + 1):
                message = message_of(line)
                if message is None:
                    self._refuse(None, "a message is no JSON-RPC object on one line")
                else:
                    self._asked_for(message)
        except (OSError, ValueError):
            pass
        finally:
            close_input(self._server)

    def _asked_for(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method in _USES or method in _KINDS:
            self._listed.wait(_LIST_SECONDS)
            reason = self._check.reason
            if not reason and not self._listed.is_set():
                reason = "the server has not said which tools it has"
            if reason and method in _USES:
                self._refuse(number, reason)
                return
        if isinstance(method, str) and number is not None:
            with self._lock:
                self._asked[str(number)] = method
        self._to_server(message)
        if method == "notifications/initialized":
            self._list_all({"tools", *self._has})

    def _list_all(self, capabilities: set[str]) -> None:
        """Ask for all that a server has of some capabilities."""
        for kind in tools.KINDS:
            if kind.capability in capabilities:
                self._list(kind, "")

    def _list(self, kind: tools.ListKind, cursor: str) -> None:
        """Ask for a list before the client does, page by page."""
        with self._lock:
            self._listed.clear()
            self._pending.add(kind.method)
        request = {
            "jsonrpc": "2.0",
            "id": f"{self._own}-{kind.method}",
            "method": kind.method,
            "params": {"cursor": cursor} if cursor else {},
        }
        # In a thread of its own: who reads from the server must never wait for it.
        threading.Thread(target=self._to_server, args=(request,), daemon=True).start()

    def _answered(self, message: dict[str, Any]) -> None:
        if "method" in message:
            parts = str(message["method"]).split("/")
            if parts[0] == "notifications" and parts[2:] == ["list_changed"]:
                self._list_all({parts[1]})
            self._write(message)
            return
        number = message.get("id")
        own = str(number).removeprefix(f"{self._own}-")
        if own != str(number):
            self._listed_by_server(message, own)
            return
        with self._lock:
            method = self._asked.pop(str(number), "")
        if not method:
            return  # an answer to nothing could pass as one to another request
        result = message.get("result")
        if method == "initialize":
            has = result.get("capabilities") if isinstance(result, dict) else None
            self._has = set(has) if isinstance(has, dict) else set()
            message = {**message, "result": self._check.started(result)}
        elif "result" in message:
            for kind in _lists_in(method, result):
                message = {**message, "result": self._check.listed(kind, result)}
        self._write(message)

    def _listed_by_server(self, message: dict[str, Any], method: str) -> None:
        result = message.get("result")
        kind = _KINDS.get(method)
        if result is not None and kind is not None:
            self._check.listed(kind, result)
            cursor = result.get("nextCursor") if isinstance(result, dict) else None
            if isinstance(cursor, str) and cursor and not self._check.reason:
                self._list(kind, cursor)
                return
        with self._lock:
            self._pending.discard(method)
            if not self._pending:
                self._listed.set()

    def _refuse(self, number: Any, reason: str) -> None:
        error = {"code": _REFUSED, "message": f"zt-gate guard: {reason}"}
        self._write({"jsonrpc": "2.0", "id": number, "error": error})

    def _write(self, message: dict[str, Any]) -> None:
        with self._writing:
            write_message(self._to_client, message)

    def _to_server(self, message: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        with self._sending:
            try:
                write_message(self._server.stdin, message)
            except (OSError, ValueError):  # it has ended, and the other thread sees it
                return


def _lists_in(method: str, result: Any) -> list[tools.ListKind]:
    """Return which lists an answer has: that of its method, and any other in it."""
    keys = result if isinstance(result, dict) else {}
    return [kind for kind in tools.KINDS if kind.method == method or kind.key in keys]


def write_message(stream: IO[bytes], message: Mapping[str, Any]) -> None:
    """Write one message; raises OSError."""
    stream.write(json.dumps(message, separators=(",", ":")).encode("ascii") + b"\n")
    stream.flush()


def close_input(server: subprocess.Popen[bytes]) -> None:
    """Tell a server that there is nothing more to come."""
    if server.stdin is not None:
        try:
            server.stdin.close()
        except OSError:
            return


def ended(server: subprocess.Popen[bytes]) -> int:
    """Wait for a server's end, ask for it, and kill it at last; returns its exit code."""
    import subprocess

    close_input(server)
    for end in (server.terminate, server.kill):
        try:
            return server.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            end()
    return server.wait()


def message_of(line: bytes) -> dict[str, Any] | None:
    """Return a message, None for what is none; several in one are not in the protocol."""
    if len(line) > _LONGEST:
        return None
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
