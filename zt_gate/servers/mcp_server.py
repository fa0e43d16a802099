"""The MCP server over standard input and output, with the official package ``mcp``."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
from mcp import types
from mcp.server.lowlevel import Server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from zt_gate import __version__
from zt_gate.errors import GateError, UsageError
from zt_gate.servers.agent_tools import TOOLS

if TYPE_CHECKING:
    from anyio.streams.memory import (
        MemoryObjectReceiveStream,
        MemoryObjectSendStream,
    )

    from zt_gate.servers.agent_tools import AgentTool, Toolbox

#: Bytes of one message.  The largest text, every character escaped, is shorter.
MAX_MESSAGE = 16 << 20
#: Codes of JSON-RPC 2.0.
_PARSE_ERROR = -32700
_INVALID_REQUEST = -32600
INSTRUCTIONS = (
    "zt-gate judges changes, packages and texts. Check your change before you commit, a "
    "package before you install it, and a text before you trust it. The tools only read: "
    "an exception to a finding is the decision of the person you work for."
)


def serve(toolbox: Toolbox) -> None:
    """Serve one client until it closes standard input; raises UsageError for a file."""
    # The package logs what a client sent; nobody reads that, and it is not masked.
    logging.getLogger("mcp").addHandler(logging.NullHandler())
    logging.getLogger("mcp").propagate = False
    # Whatever else prints to standard output would be taken for a message.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(BrokenPipeError), output:
        anyio.run(_serve, toolbox, output)


async def _serve(toolbox: Toolbox, output: Any) -> None:
    lines = await _standard_input()
    to_server, from_client = anyio.create_memory_object_stream[
        SessionMessage | Exception
    ](0)
    to_client, from_server = anyio.create_memory_object_stream[SessionMessage](0)
    server = server_of(toolbox)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_read, lines, to_server, output)
        tasks.start_soon(_write, from_server, output)
        await server.run(from_client, to_client, server.create_initialization_options())
        tasks.cancel_scope.cancel()


def server_of(toolbox: Toolbox) -> Server[Any, Any]:
    """Return the server with its tools."""
    server: Server[Any, Any] = Server("zt-gate", __version__, INSTRUCTIONS)

    @server.list_tools()  # type: ignore[no-untyped-call, untyped-decorator]
    async def list_tools() -> list[types.Tool]:
        return [_listed(tool) for tool in TOOLS]

    # The package's own check of the arguments quotes their values.
    @server.call_tool(validate_input=False)  # type: ignore[untyped-decorator]
    async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        try:
            result = await toolbox.call(name, arguments)
        except GateError as error:
            return _result(str(error), None)
        return _result(json.dumps(result, indent=1), result)

    return server


def _listed(tool: AgentTool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        inputSchema=tool.schema,
        annotations=types.ToolAnnotations(
            readOnlyHint=True,
            destructiveHint=False,
            idempotentHint=True,
            openWorldHint=tool.asks_registries,
        ),
    )


def _result(text: str, structured: dict[str, Any] | None) -> types.CallToolResult:
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structuredContent=structured,
        isError=structured is None,
    )


async def _standard_input() -> asyncio.StreamReader:
    """Return standard input; reading it can be cancelled, which a thread's read cannot."""
    reader = asyncio.StreamReader(limit=MAX_MESSAGE)
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
        )
    except (ValueError, OSError) as error:
        raise UsageError(
            "zt-gate mcp is started by an MCP client, which talks to it over a pipe; "
            "standard input is none"
        ) from error
    return reader


async def _read(
    lines: asyncio.StreamReader,
    messages: MemoryObjectSendStream[SessionMessage | Exception],
    output: Any,
) -> None:
    """Pass each line on as a message; answer other lines with an error."""
    async with messages:
        while True:
            try:
                line = await lines.readuntil(b"\n")
            except asyncio.IncompleteReadError as error:
                line = error.partial
                if not line.strip():
                    return
            except asyncio.LimitOverrunError:
                await _skip_line(lines)
                text = f"the message has more than {MAX_MESSAGE >> 20} MB"
                _refuse(output, _INVALID_REQUEST, text)
                continue
            if not line.strip():
                continue
            try:
                message = types.JSONRPCMessage.model_validate_json(line)
            except ValidationError:
                _refuse(output, *_problem(line))
                continue
            await messages.send(SessionMessage(message))


async def _skip_line(lines: asyncio.StreamReader) -> None:
    """Drop the rest of a line that is longer than the limit."""
    while True:
        try:
            await lines.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            await lines.readexactly(error.consumed)
        except asyncio.IncompleteReadError:
            return
        else:
            return


def _problem(line: bytes) -> tuple[int, str]:
    """Return the error code for a line that is no message, and its text."""
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return _PARSE_ERROR, "the message is not valid JSON"
    return _INVALID_REQUEST, "the message is not a JSON-RPC 2.0 request"


def _refuse(output: Any, code: int, text: str) -> None:
    """Answer a message whose id is not known, as JSON-RPC 2.0 says."""
    error = {"code": code, "message": text}
    _send(output, json.dumps({"jsonrpc": "2.0", "id": None, "error": error}))


async def _write(
    messages: MemoryObjectReceiveStream[SessionMessage], output: Any
) -> None:
    async with messages:
        async for item in messages:
            _send(
                output, item.message.model_dump_json(by_alias=True, exclude_none=True)
            )


def _send(output: Any, line: str) -> None:
    output.write(line.encode("utf-8", "replace") + b"\n")
    output.flush()
