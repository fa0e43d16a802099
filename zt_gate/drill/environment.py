"""A throw-away repository and package index for the demo and the drill.

The user's git settings, hooks, registries and proxies have no effect there.
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
    """Return zt-gate's environment: the user's own, with ``settings``, isolated.

    The user's settings could name other registries and proxies or, inside a git
    hook, another repository.
    """
    removed = ("GIT_", "PIP_", "UV_", "NPM_CONFIG_", "ZT_GATE_", "XDG_", "PRE_COMMIT")
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(removed) and not name.upper().endswith("_PROXY")
    }
    return {
        **inherited,
        "HOME": str(folder / "home"),
        "ZT_GATE_CACHE_DIR": str(folder / "cache"),
        "PIP_CONFIG_FILE": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **settings,
    }


def git(
    repository: Path,
    *words: str | bytes,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in a throw-away repository, without the user's settings and hooks.

    Returns its standard output; raises GateError if git is missing or fails.
    """
    import subprocess

    identity = ("-c", "user.name=demo", "-c", "user.email=demo@example.org")
    no_hooks = ("-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false")
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("GIT_")
    }
    isolated = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        return subprocess.run(
            ["git", *identity, *no_hooks, *words],
            cwd=repository,
            env={**inherited, **isolated, **(env or {})},
            input=stdin,
            check=True,
            capture_output=True,
        ).stdout
    except FileNotFoundError as error:
        raise GateError("git is required, and it is not on the PATH") from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode("utf-8", "replace").strip()
        subcommand = os.fsdecode(words[0])
        raise GateError(
            f"git {subcommand} failed in the throw-away repository: {message}"
        ) from error


@contextmanager
def registry(packages: Collection[str]) -> Iterator[dict[str, str]]:
    """Serve a package index on loopback, from its own process.

    Yields the environment variables that point to it.  Its only packages are
    ``packages``, old and with many downloads.  It is no thread, because zt-gate
    forks its scanners.
    """
    from http.server import HTTPServer

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore a client that closed the connection."""

    # zt-gate queries "requests" to distinguish a missing package from a broken index.
    server = Server(("127.0.0.1", 0), _handler(frozenset(packages) | {"requests"}))
    server.timeout = 1.0
    port = server.server_port
    parent = os.getpid()
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            while os.getppid() == parent:  # end with the parent, even if it was killed
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


def _handler(packages: Collection[str]) -> type:
    from http.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        """Answers for a few packages; all others do not exist."""

        def do_GET(self) -> None:
            parts = self.path.strip("/").split("/")
            is_downloads_query = parts[0] == "api"
            name = parts[-1]
            if is_downloads_query and len(parts) > 2:
                name = parts[2]
            if name not in packages:
                self._answer(404, "text/plain", b"not found")
            elif is_downloads_query:
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
            """Write no log to stderr."""

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
