"""The language server over standard input and output, with the package ``pygls``."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from zt_gate import __version__
from zt_gate.errors import GateError
from zt_gate.git.run import Git
from zt_gate.record import dataclass, field
from zt_gate.servers import editor_findings
from zt_gate.servers.editor_positions import BufferLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zt_gate.servers.editor_findings import ShownFinding
    from zt_gate.servers.gate_process import GateProcess

#: Bytes of a buffer that is checked while it is open.
MAX_BUFFER = 2_000_000
#: Checks that run at the same time.
_RUNNING = 2
_CHUNK = 1 << 16


class GateLanguageServer(LanguageServer):
    """A server that ends also while it waits for the editor, as after SIGTERM.

    The package reads standard input in a thread that it joins at the end, and nothing
    ends such a read.  So it reads a pipe, which a thread that nobody waits for fills.
    """

    def __init__(self) -> None:
        super().__init__("zt-gate", __version__)
        reading, writing = os.pipe()
        self._input = os.fdopen(reading, "rb")
        self._filled = os.fdopen(writing, "wb", 0)

    def serve(self, output: BinaryIO) -> None:
        """Serve standard input until it ends."""
        threading.Thread(target=self._fill, daemon=True).start()
        self.start_io(self._input, output)

    def _fill(self) -> None:
        with suppress(OSError, ValueError), self._filled as pipe:
            while data := os.read(0, _CHUNK):
                pipe.write(data)

    def shutdown(self) -> None:
        """End the input, so that the reading thread ends, too."""
        self._filled.close()
        super().shutdown()  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class _OpenBuffer:
    """What is known of one open buffer: the check that runs, and the last findings.

    ``version`` is that of the text that the findings are about.
    """

    check: asyncio.Task[None] | None = None
    shown: tuple[ShownFinding, ...] = ()
    version: int | None = None


@dataclass(slots=True)
class BufferChecks:
    """Checks the open buffers of one editor and publishes the findings.

    ``delay`` is how many seconds nothing must be typed before a buffer is checked.
    """

    server: LanguageServer
    gate: GateProcess
    offline: bool = False
    delay: float = 0.5
    _buffers: dict[str, _OpenBuffer] = field(default_factory=dict)
    _running: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(_RUNNING)
    )

    def start(self, uri: str, *, is_typing: bool) -> None:
        """Check a buffer; a check of its older text is stopped."""
        buffer = self._buffers.setdefault(uri, _OpenBuffer())
        if buffer.check is not None:
            buffer.check.cancel()
        buffer.check = asyncio.ensure_future(
            self._check(uri, buffer, is_typing=is_typing)
        )
        buffer.check.add_done_callback(partial(self._show_failure, uri))

    def close(self, uri: str) -> None:
        """Forget a buffer and what was shown of it."""
        buffer = self._buffers.pop(uri, None)
        if buffer is not None and buffer.check is not None:
            buffer.check.cancel()
        self._publish(uri, None, ())

    def shown(self, uri: str) -> Sequence[ShownFinding]:
        """Return the findings of the present text; none while it is not checked yet."""
        buffer = self._buffers.get(uri)
        document = self.server.workspace.get_text_document(uri)
        if buffer is None or buffer.version != document.version:
            return ()
        return buffer.shown

    async def _check(self, uri: str, buffer: _OpenBuffer, *, is_typing: bool) -> None:
        if is_typing:
            await asyncio.sleep(self.delay)
        async with self._running:
            document = self.server.workspace.get_text_document(uri)
            version, lines = document.version, list(document.lines)
            content = document.source.encode("utf-8", "surrogatepass")
            shown = await self._findings(uri, content, lines, is_typing=is_typing)
        if shown is None:
            return
        buffer.shown, buffer.version = shown, version
        self._publish(uri, version, shown)

    async def _findings(
        self, uri: str, content: bytes, lines: Sequence[str], *, is_typing: bool
    ) -> tuple[ShownFinding, ...] | None:
        """Return what to show of a text, None if it is no file that a commit could have."""
        path = to_fs_path(uri)
        if path is None:
            return None
        if len(content) > MAX_BUFFER:
            text = f"not inspected: the buffer is larger than {MAX_BUFFER:,} bytes"
            return (editor_findings.ShownFinding(editor_findings.note(text)),)
        folder = _existing_folder(path)
        if await asyncio.to_thread(_is_never_committed, path, folder, self.gate):
            return ()
        words = ["scan", f"--buffer={path}", "--format=json"]
        if self.offline or is_typing:
            words.append("--offline")
        try:
            report = await self.gate.report(words, folder, content)
        except (GateError, OSError) as error:
            warning = types.DiagnosticSeverity.Warning
            text = f"not inspected: {error}"
            return (editor_findings.ShownFinding(editor_findings.note(text, warning)),)
        buffer = BufferLines(lines, self.encoding)
        return editor_findings.shown_findings(report, buffer, is_typing=is_typing)

    @property
    def encoding(self) -> str:
        """The units of columns that client and server agreed on."""
        return self.server.server_capabilities.position_encoding or "utf-16"

    def _show_failure(self, uri: str, check: asyncio.Task[None]) -> None:
        """Show that a check failed in a way that nobody foresaw: silence looks like a pass."""
        if check.cancelled() or check.exception() is None:
            return
        kind = type(check.exception()).__name__
        text = f"not inspected: internal error of zt-gate ({kind})"
        warning = types.DiagnosticSeverity.Warning
        note = editor_findings.note(text, warning)
        self._publish(uri, None, (editor_findings.ShownFinding(note),))

    def _publish(
        self, uri: str, version: int | None, shown: Sequence[ShownFinding]
    ) -> None:
        self.server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri, [item.diagnostic for item in shown], version=version
            )
        )


def _existing_folder(path: str) -> Path:
    """Return the nearest folder that exists: a new file may be in a new folder."""
    folder = os.path.dirname(path)
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    return Path(folder)


def _is_never_committed(path: str, folder: Path, gate: GateProcess) -> bool:
    """Whether a file is git's own, or one that git ignores and does not track."""
    if ".git" in path.split("/"):
        return True
    try:
        git = Git.open(folder, gate.own_environment)
        # The command takes paths as they are, and refuses the gate's own setting for it.
        git = git.with_environ(GIT_LITERAL_PATHSPECS="0")
        ignored = git.run(["check-ignore", "--", os.path.realpath(path)], ok=(0, 1))
    except (GateError, OSError):
        return False  # the check says what is wrong
    return bool(ignored)


def serve(gate: GateProcess, *, offline: bool) -> None:
    """Serve one editor until it ends the connection."""
    # The package logs what the editor sent; nobody reads that, and it is not masked.
    logging.getLogger("pygls").addHandler(logging.NullHandler())
    logging.getLogger("pygls").propagate = False
    # Whatever else prints to standard output would be taken for a message.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    server_of(gate, offline=offline).serve(output)


def server_of(gate: GateProcess, *, offline: bool = False) -> GateLanguageServer:
    """Return the server with its features."""
    server = GateLanguageServer()
    checks = BufferChecks(server, gate, offline=offline)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        checks.start(params.text_document.uri, is_typing=False)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        checks.start(params.text_document.uri, is_typing=True)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        checks.start(params.text_document.uri, is_typing=False)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        checks.close(params.text_document.uri)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix]),
    )
    def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri = params.text_document.uri
        return editor_findings.quick_fixes(uri, checks.shown(uri), params.range)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        uri, position = params.text_document.uri, params.position
        lines = server.workspace.get_text_document(uri).lines
        line = lines[position.line] if position.line < len(lines) else ""
        column = BufferLines((line,), checks.encoding).column_of(position.character)
        shown = checks.shown(uri)
        text = await asyncio.to_thread(
            editor_findings.hover_text, shown, position, line, column
        )
        if not text:
            return None
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text))

    return server
