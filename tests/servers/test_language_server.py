"""The language server, asked by pygls' own client over standard input and output."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.opened import canary
from tests.support.repo import GIT_ENV, Repo

pytest.importorskip("pygls", reason="the extra lsp is not installed")

from lsprotocol import types
from pygls.lsp.client import LanguageClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

KEY = "-".join(("sk", "ant", "api03", "Zq7" * 31 + "AA"))
CALL = "requests.get('https://a.example', verify=False)"
CODE = f"import requests\n{CALL}\n"
SERVER = ("-I", "-m", "zt_gate", "lsp", "--stdio", "--offline")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("app.py", "import os\n")
    made.write("old.py", CODE)
    made.commit()
    return made


@dataclass
class Editor:
    """A client with open buffers."""

    client: LanguageClient
    folder: Path
    published: asyncio.Queue[types.PublishDiagnosticsParams] = field(
        default_factory=asyncio.Queue
    )
    encoding: str = ""

    def uri(self, name: str) -> str:
        return (self.folder / name).as_uri()

    async def next(self, version: int | None = None) -> list[types.Diagnostic]:
        """Wait for the diagnostics of a version, or for the next ones."""
        while True:
            params = await self.published.get()
            if version in {None, params.version}:
                return list(params.diagnostics)

    async def open(self, name: str, text: str) -> list[types.Diagnostic]:
        item = types.TextDocumentItem(self.uri(name), "plain", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return await self.next(1)

    def change(self, name: str, text: str, version: int) -> None:
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(version, self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    def save(self, name: str) -> None:
        identifier = types.TextDocumentIdentifier(self.uri(name))
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(identifier))

    async def fixes(self, name: str, line: int) -> Sequence[Any]:
        where = types.Range(types.Position(line, 0), types.Position(line, 99))
        return (
            await self.client.text_document_code_action_async(
                types.CodeActionParams(
                    types.TextDocumentIdentifier(self.uri(name)),
                    where,
                    types.CodeActionContext([]),
                )
            )
            or ()
        )

    async def hover(self, name: str, line: int, character: int) -> str:
        result = await self.client.text_document_hover_async(
            types.HoverParams(
                types.TextDocumentIdentifier(self.uri(name)),
                types.Position(line, character),
            )
        )
        if result is None:
            return ""
        assert isinstance(result.contents, types.MarkupContent)
        return result.contents.value


def edit(
    folder: Path,
    home: Path,
    steps: Callable[[Editor], Awaitable[None]],
    encodings: Sequence[types.PositionEncodingKind] = (),
    **added: str,
) -> None:
    """Start the server, take the steps of an editor, and end the server."""

    async def session() -> None:
        client = LanguageClient("test", "1")
        editor = Editor(client, folder)

        @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            editor.published.put_nowait(params)

        await client.start_io(
            sys.executable,
            *SERVER,
            cwd=folder,
            env={**GIT_ENV, "HOME": str(home), **added},
        )
        general = types.GeneralClientCapabilities(position_encodings=list(encodings))
        started = await client.initialize_async(
            types.InitializeParams(
                types.ClientCapabilities(general=general if encodings else None),
                root_uri=folder.as_uri(),
            )
        )
        editor.encoding = str(started.capabilities.position_encoding)
        client.initialized(types.InitializedParams())
        try:
            await steps(editor)
        finally:
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()

    asyncio.run(session())


def codes(diagnostics: Sequence[types.Diagnostic]) -> set[Any]:
    return {diagnostic.code for diagnostic in diagnostics}


def test_open_change_save_and_close(repo: Repo, home: Path) -> None:
    async def steps(editor: Editor) -> None:
        assert await editor.open("app.py", "import os\n") == []
        editor.change("app.py", f"import os\n{CODE}", 2)
        (found,) = await editor.next(2)
        assert found.code == "code/python-tls-verification-off"
        assert found.severity == types.DiagnosticSeverity.Error
        assert found.source == "zt-gate"
        assert found.range == types.Range(
            types.Position(2, 0), types.Position(2, len(CALL))
        )
        editor.change("app.py", f"import os\nKEY = '{KEY}'\n", 3)
        found, *_ = await editor.next(3)
        assert found.code == "secrets/anthropic-api-key"
        assert KEY not in found.message
        editor.save("app.py")
        assert "secrets/anthropic-api-key" in codes(await editor.next(3))
        identifier = types.TextDocumentIdentifier(editor.uri("app.py"))
        editor.client.text_document_did_close(
            types.DidCloseTextDocumentParams(identifier)
        )
        assert await editor.next() == []

    edit(repo.path, home, steps)


def test_only_what_the_buffer_changes_is_shown(repo: Repo, home: Path) -> None:
    async def steps(editor: Editor) -> None:
        assert await editor.open("old.py", CODE) == []
        new = await editor.open("new/folder/b.py", CODE)
        assert codes(new) == {"code/python-tls-verification-off"}

    edit(repo.path, home, steps)


def test_fast_typing_is_checked_once_and_old_text_is_never_shown(
    repo: Repo, home: Path
) -> None:
    async def steps(editor: Editor) -> None:
        await editor.open("app.py", "import os\n")
        for version in range(2, 30):
            editor.change("app.py", "import os\n" + "# x\n" * version, version)
        editor.change("app.py", CODE, 30)
        params = await editor.published.get()
        assert params.version == 30
        assert codes(params.diagnostics) == {"code/python-tls-verification-off"}

    edit(repo.path, home, steps)


def test_quick_fix_and_hover(repo: Repo, home: Path) -> None:
    async def steps(editor: Editor) -> None:
        await editor.open("app.py", CODE)
        (fix,) = await editor.fixes("app.py", 1)
        assert fix.kind == types.CodeActionKind.QuickFix
        (change,) = fix.edit.changes[editor.uri("app.py")]
        assert change.new_text == CALL.replace("False", "True")
        assert change.range == types.Range(
            types.Position(1, 0), types.Position(1, len(CALL))
        )
        assert await editor.fixes("app.py", 0) == ()
        page = await editor.hover("app.py", 1, 5)
        assert "`code/python-tls-verification-off`" in page
        for part in ("Why it matters:", "What to do:", "CWE-295"):
            assert part in page
        assert await editor.hover("app.py", 0, 0) == ""
        # The text is newer than the findings: a fix would hit another place.
        editor.change("app.py", "\n" + CODE, 2)
        assert await editor.fixes("app.py", 1) == ()

    edit(repo.path, home, steps)


def test_a_rule_s_id_in_the_text_is_explained(repo: Repo, home: Path) -> None:
    async def steps(editor: Editor) -> None:
        await editor.open("notes.md", "x\U0001f600 code/python-sql-injection no/rule\n")
        assert "SQL injection" in await editor.hover("notes.md", 0, 10)
        assert await editor.hover("notes.md", 0, 35) == ""
        assert await editor.hover("notes.md", 7, 0) == ""

    edit(repo.path, home, steps)


@pytest.mark.parametrize(
    ("encoding", "start"), [("utf-16", 9), ("utf-8", 11), ("utf-32", 8)]
)
def test_columns_in_every_position_encoding(
    repo: Repo, home: Path, encoding: str, start: int
) -> None:
    line = f"f('\U0001f600'); {CALL}"

    async def steps(editor: Editor) -> None:
        assert editor.encoding == encoding
        (found,) = await editor.open("app.py", f"import requests\n{line}\n")
        assert found.range.start == types.Position(1, start)
        assert found.range.end == types.Position(1, start + len(CALL))

    edit(repo.path, home, steps, [types.PositionEncodingKind(encoding)])


def test_a_buffer_that_does_not_parse(repo: Repo, home: Path) -> None:
    """What could be looked at is shown; while somebody types, the rest is no error."""

    async def steps(editor: Editor) -> None:
        await editor.open("app.py", "import os\n")
        broken = f"import requests\ndef f(:\n    {CALL}\nKEY = '{KEY}'\n"
        editor.change("app.py", broken, 2)
        found = await editor.next(2)
        assert "secrets/anthropic-api-key" in codes(found)
        for item in found:
            if item.code == "gate/unreadable":
                assert item.severity == types.DiagnosticSeverity.Information
        editor.change("app.py", "\0\xff\ud800 def (", 3)
        await editor.next(3)
        editor.change("app.py", CODE, 4)
        assert codes(await editor.next(4)) == {"code/python-tls-verification-off"}

    edit(repo.path, home, steps)


def test_files_that_no_commit_contains(repo: Repo, tmp_path: Path, home: Path) -> None:
    repo.write(".gitignore", "*.local\n")
    outside = tmp_path / "outside"
    outside.mkdir()

    async def steps(editor: Editor) -> None:
        text = f"KEY = '{KEY}'\n"
        assert await editor.open("env.local", text) == []
        assert await editor.open(":(glob)[x].local", text) == []
        assert await editor.open("*.py", text) != []
        assert await editor.open(".git/COMMIT_EDITMSG", text) == []
        # Outside of a repository everything is new.
        found = await editor.open("../outside/a.py", text)
        assert "secrets/anthropic-api-key" in codes(found)

    edit(repo.path, home, steps, GIT_CEILING_DIRECTORIES=str(tmp_path))


def test_what_cannot_be_checked_is_shown(repo: Repo, home: Path) -> None:
    async def steps(editor: Editor) -> None:
        (large,) = await editor.open("big.txt", "x\n" * 1_000_001)
        assert "larger than 2,000,000 bytes" in large.message
        repo.write(".zt-gate.toml", "profile = 'lax'\n")
        repo.commit()
        (policy,) = await editor.open("app.py", CODE)
        assert policy.severity == types.DiagnosticSeverity.Warning
        assert "not inspected: policy .zt-gate.toml" in policy.message

    edit(repo.path, home, steps)


def test_nothing_of_the_repository_is_run(
    repo: Repo, tmp_path: Path, home: Path
) -> None:
    program, mark = canary(tmp_path)
    for name in ("pygls.py", "lsprotocol.py", "zt_gate/__init__.py", "asyncio.py"):
        repo.write(name, f"open({str(mark)!r}, 'w')\n")
    repo.git("config", "core.fsmonitor", str(program))
    repo.write(".vscode/settings.json", '{"zt-gate.profile": "advisory"}\n')

    async def steps(editor: Editor) -> None:
        assert await editor.open("app.py", CODE)

    edit(repo.path, home, steps, PYTHONPATH=str(repo.path))
    assert not mark.exists()


def test_malformed_messages_and_an_editor_that_leaves(repo: Repo, home: Path) -> None:
    environ = {**os.environ, **GIT_ENV, "HOME": str(home)}
    for data in (
        b"",
        b"Content-Length: 3\r\n\r\n{{{",
        b"Content-Length: 99\r\n\r\n{}",
        b"GET / HTTP/1.0\r\n\r\n",
    ):
        done = subprocess.run(
            [sys.executable, *SERVER], cwd=repo.path, env=environ, input=data,
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, data
        assert b"Traceback" not in done.stderr, data


@pytest.mark.parametrize("verb", ["lsp", "mcp"])
def test_a_signal_ends_a_server_that_waits_for_its_client(
    repo: Repo, home: Path, verb: str
) -> None:
    """The language server joined a thread that read standard input, and stayed."""
    server = subprocess.Popen(
        [sys.executable, "-I", "-m", "zt_gate", verb], cwd=repo.path,
        env={**GIT_ENV, "HOME": str(home)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert server.stdin
    assert server.stdout
    if verb == "lsp":
        params: dict[str, Any] = {
            "capabilities": {},
            "processId": None,
            "rootUri": None,
        }
        data = json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        ).encode()
        server.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
    else:
        server.stdin.write(b"no message\n")
    server.stdin.flush()
    assert server.stdout.readline()  # it answers, so that it runs
    server.send_signal(signal.SIGTERM)
    server.stdout.read()
    assert server.wait() in {0, 130}
    server.stdin.close()
