"""What the demo and the drill practise in: a throw-away repository and a package index.

Nothing of the user's own decides what happens there: no git settings, no hooks,
no registries, no proxies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return what the gate gets: the throw-away registry and repository, nobody else's.

    The user's own settings would name other registries, other proxies, or,
    inside a git hook, another repository.
    """
    foreign = ("GIT_", "PIP_", "UV_", "NPM_CONFIG_", "ZT_GATE_", "XDG_", "PRE_COMMIT")
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(foreign) and not name.upper().endswith("_PROXY")
    }
    own = {"HOME": str(folder / "home"), "ZT_GATE_CACHE_DIR": str(folder / "cache")}
    alone = {"PIP_CONFIG_FILE": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return {**kept, **own, **alone, **settings}


def git(
    repository: Path,
    *words: str | bytes,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in a throw-away repository, deaf to the user's settings and hooks.

    Returns its standard output; raises GateError where git is missing or fails.
    """
    import subprocess

    identity = ("-c", "user.name=demo", "-c", "user.email=demo@example.org")
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        return subprocess.run(
            ["git", *identity, *quiet, *words],
            cwd=repository,
            env={**kept, **alone, **(env or {})},
            input=stdin,
            check=True,
            capture_output=True,
        ).stdout
    except FileNotFoundError as error:
        raise GateError("practising needs git, which is not on the PATH") from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode("utf-8", "replace").strip()
        what = os.fsdecode(words[0])
        raise GateError(
            f"git {what} failed in the throw-away repository: {message}"
        ) from error


@contextmanager
def registry(known: Collection[str]) -> Iterator[dict[str, str]]:
    """Serve a tiny package index on loopback, from a process of its own.

    Yields the variables that lead there.  It has the ``known`` packages, old
    and downloaded often, and no others.  A thread would do for the answers, but
    the gate forks its scanners.
    """
    from http.server import HTTPServer

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that went away."""

    # "requests" is what the gate asks for to tell a missing package from a broken index.
    server = Server(("127.0.0.1", 0), _handler(frozenset(known) | {"requests"}))
    server.timeout = 1.0
    port = server.server_port
    parent = os.getpid()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            while os.getppid() == parent:  # one that was killed leaves no server behind
                server.handle_request()
        finally:
            os._exit(0)
    server.server_close()
    base = f"http://127.0.0.1:{port}"
    try:
        yield {
            "PIP_INDEX_URL": f"{base}/simple/",
            "UV_DEFAULT_INDEX": f"{base}/simple/",
            "UV_INDEX_URL": f"{base}/simple/",
            "npm_config_registry": f"{base}/",
            "ZT_GATE_PYPISTATS_URL": base,
            "ZT_GATE_NPM_DOWNLOADS_URL": base,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _handler(known: Collection[str]) -> type:
    from http.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        """Knows a few packages; everything else does not exist."""

        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            name = parts[2] if parts[0] == "api" and len(parts) > 2 else parts[-1]
            if name not in known:
                self._answer(404, "text/plain", b"not found")
            elif parts[0] == "api":
                body = {
                    "data": {"last_week": 1_000_000},
                    "package": name,
                    "type": "recent_downloads",
                }
                self._answer(200, "application/json", json.dumps(body).encode())
            else:
                kind = "application/vnd.pypi.simple.v1+json"
                self._answer(200, kind, json.dumps(_project(name)).encode())

        def _answer(self, code: int, kind: str, body: bytes) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing on stderr."""

    return Handler


def _project(name: str) -> dict[str, object]:
    file = {
        "filename": f"{name}-1.0.tar.gz",
        "url": f"{name}-1.0.tar.gz",
        "hashes": {},
        "upload-time": "2015-01-01T00:00:00Z",
        "yanked": False,
    }
    return {
        "meta": {"api-version": "1.4"},
        "name": name,
        "versions": ["1.0"],
        "files": [file],
    }
