"""Asks the installed servers as an editor and an agent do; scripts/whole_path.py runs it.

    python -I scripts/whole_path_clients.py lsp|mcp PROGRAM FOLDER

It runs in the environment where zt-gate was installed with the extras lsp and mcp, and
imports the clients of pygls and of the official MCP package from there.  FOLDER is a
repository whose settings.py has a key that is not committed.  The exit code is 0 if the
server reports that key; otherwise the last line says what came instead.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

RULE = "secrets/anthropic-api-key"
FILE = "settings.py"


async def editor(program: str, folder: Path) -> set[str]:
    """Open the file in an editor's client; return the rules of its diagnostics."""
    from lsprotocol import types
    from pygls.lsp.client import LanguageClient

    client = LanguageClient("whole-path", "1")
    published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def publish(params: types.PublishDiagnosticsParams) -> None:
        published.put_nowait(params)

    await client.start_io(program, "lsp", "--stdio", "--offline", cwd=folder)
    await client.initialize_async(
        types.InitializeParams(types.ClientCapabilities(), root_uri=folder.as_uri())
    )
    client.initialized(types.InitializedParams())
    file = folder / FILE
    item = types.TextDocumentItem(file.as_uri(), "python", 1, file.read_text("utf-8"))
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    shown = await published.get()
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()
    return {str(diagnostic.code) for diagnostic in shown.diagnostics}


async def agent(program: str, folder: Path) -> set[str]:
    """Have an agent's client check the work tree; return the rules of its findings."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(
        command=program, args=["mcp", "--offline"], cwd=folder
    )
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()
        result = await session.call_tool("check_change", {"source": "worktree"})
    checked = result.structuredContent
    if result.isError or checked is None:
        return {str(result.content)}
    return {finding["rule"] for finding in checked["findings"]}


def main() -> int:
    kind, program, folder = sys.argv[1:]
    asked = {"lsp": editor, "mcp": agent}[kind]
    rules = asyncio.run(asyncio.wait_for(asked(program, Path(folder)), 300))
    print(json.dumps(sorted(rules)))
    return 0 if RULE in rules else 1


if __name__ == "__main__":
    sys.exit(main())
