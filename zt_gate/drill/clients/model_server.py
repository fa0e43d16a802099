"""A model that says what a script says, on loopback: Anthropic's and OpenAI's interfaces."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

_MAX_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool; ``arguments`` is a text for Codex's tools without a schema.

    ``namespace`` is the group that Codex puts a tool in, such as an MCP server.
    """

    name: str
    arguments: dict[str, Any] | str
    namespace: str = ""


#: What the model says at once: words, or calls of tools.
Turn = str | tuple[ToolCall, ...]


@dataclass(slots=True)
class ScriptedModel:
    """Answers each request of a conversation with the next turn, and keeps what it heard."""

    turns: Sequence[Turn]
    requests: list[dict[str, Any]] = field(default_factory=list)
    _next: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    def __enter__(self) -> Self:
        """Start the server."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._server = server
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def address(self) -> str:
        """The server's address, without a path."""
        port = self._server.server_address[1] if self._server else 0
        return f"http://127.0.0.1:{port}"

    def heard(self) -> str:
        """Return all that was sent to the model, as JSON."""
        with self._lock:
            return json.dumps(self.requests)

    def answer(self, path: str, request: dict[str, Any]) -> bytes:
        """Return the stream of events that answers a request."""
        with self._lock:
            self.requests.append(request)
            if "/messages" in path and not request.get("tools"):
                return _messages(
                    "a title"
                )  # the client's own question beside the script
            turn = self.turns[self._next] if self._next < len(self.turns) else "done"
            self._next += 1
            number = self._next
        return (
            _messages(turn, number) if "/messages" in path else _responses(turn, number)
        )


def _handler(model: ScriptedModel) -> type[BaseHTTPRequestHandler]:
    class ModelHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length") or 0), _MAX_BYTES)
            body = self.rfile.read(length)
            if self.path.partition("?")[0].endswith(("/messages", "/responses")):
                self._send(
                    "text/event-stream", model.answer(self.path, json.loads(body))
                )
            else:
                self._send("application/json", b'{"input_tokens": 1}')

        def do_GET(self) -> None:
            self._send("application/json", b'{"data": [], "models": []}')

        def do_HEAD(self) -> None:
            self._send("application/json", b"")

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Write no log to stderr."""

    return ModelHandler


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def _items(turn: Turn) -> tuple[str | ToolCall, ...]:
    return (turn,) if isinstance(turn, str) else turn


def _messages(turn: Turn, number: int = 0) -> bytes:
    """Return a turn as the Messages API streams it."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": f"msg_{number}", "type": "message", "role": "assistant", "model": "scripted",
        "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    parts = [_event("message_start", message=message)]
    for index, item in enumerate(_items(turn)):
        parts += _block(item, index, number)
    reason = "end_turn" if isinstance(turn, str) else "tool_use"
    delta = {"stop_reason": reason, "stop_sequence": None}
    parts.append(_event("message_delta", delta=delta, usage={"output_tokens": 1}))
    parts.append(_event("message_stop"))
    return "".join(parts).encode()


def _block(item: str | ToolCall, index: int, number: int) -> Iterator[str]:
    if isinstance(item, str):
        block: dict[str, Any] = {"type": "text", "text": ""}
        delta = {"type": "text_delta", "text": item}
    else:
        name = f"toolu_{number}_{index}"
        block = {"type": "tool_use", "id": name, "name": item.name, "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(item.arguments)}
    yield _event("content_block_start", index=index, content_block=block)
    yield _event("content_block_delta", index=index, delta=delta)
    yield _event("content_block_stop", index=index)


def _responses(turn: Turn, number: int) -> bytes:
    """Return a turn as the Responses API streams it."""
    parts = [_event("response.created", response={"id": f"r{number}"})]
    for index, item in enumerate(_items(turn)):
        output = _output_item(item, f"{number}_{index}")
        parts.append(
            _event("response.output_item.done", output_index=index, item=output)
        )
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    done = {"id": f"r{number}", "usage": usage}
    parts.append(_event("response.completed", response=done))
    return "".join(parts).encode()


def _output_item(item: str | ToolCall, name: str) -> dict[str, Any]:
    if isinstance(item, str):
        content = [{"type": "output_text", "text": item, "annotations": []}]
        return {
            "type": "message",
            "id": f"m{name}",
            "role": "assistant",
            "content": content,
        }
    call = {"id": f"f{name}", "call_id": f"call_{name}", "name": item.name}
    if isinstance(item.arguments, str):
        return {"type": "custom_tool_call", **call, "input": item.arguments}
    group = {"namespace": item.namespace} if item.namespace else {}
    arguments = json.dumps(item.arguments)
    return {"type": "function_call", **call, **group, "arguments": arguments}
