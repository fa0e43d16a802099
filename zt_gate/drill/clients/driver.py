"""Starts a real client in an empty home folder, against a scripted model."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from zt_gate.drill.clients.model_server import ScriptedModel, ToolCall
from zt_gate.errors import GateError
from zt_gate.guard.clients.versions import TRIED
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zt_gate.drill.clients.model_server import Turn

_SECONDS = 240
#: The versions that the expectations were made with.
VERSIONS = TRIED
#: What npm installs for them.
PACKAGES = (
    f"@anthropic-ai/claude-code@{VERSIONS['claude-code']}",
    f"@openai/codex@{VERSIONS['codex']}",
)
_PROGRAMS = {"claude-code": "claude", "codex": "codex"}
#: A folder with the clients' programs, before those on the PATH.
CLIENTS_VARIABLE = "ZT_GATE_CLIENTS"
_PATH = "/usr/local/bin:/usr/bin:/bin"
#: Where a client with a namespace of its own sees its folder: not below /tmp, where a
#: session may write freely.
INSIDE = "/srv/stand"


class ClientMissingError(GateError):
    """A client, or what its run needs, is not installed; the text says which."""


@dataclass(frozen=True, slots=True)
class ClientRun:
    """What a client did: exit code, what it printed, and what it told the model."""

    exit_code: int
    printed: str
    heard: str
    requests: int

    def require_requests(self, number: int) -> None:
        """Raise GateError if the client did not get as far: then nothing is shown."""
        if self.requests < number:
            raise GateError(
                f"the client stopped after {self.requests} requests: {self.printed[-500:]!a}"
            )


@dataclass(frozen=True, slots=True)
class ClientStand:
    """A folder for one run of a client: ``home``, ``project``, and a table of users.

    ``managed`` are files below /etc for this run alone, by their path there.
    """

    client: str
    program: str
    folder: Path
    managed: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The user's home in this run, also by the table of users."""
        return self.folder / "home"

    @property
    def project(self) -> Path:
        """The folder that the session begins in."""
        return self.folder / "project"

    @property
    def outside(self) -> Path:
        """A folder beside the project."""
        return self.folder / "outside"

    def prepare(self) -> None:
        """Make the folders."""
        for path in (self.home / ".codex", self.project):
            path.mkdir(parents=True, exist_ok=True)

    def environ(self, folder: str) -> dict[str, str]:
        """Return the environment: an empty home, no telemetry, no updates."""
        return {
            "HOME": f"{folder}/home",
            "PATH": _PATH,
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "SHELL": "/bin/bash",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "IS_SANDBOX": "1",
            "CODEX_HOME": f"{folder}/home/.codex",
        }

    def run(
        self,
        turns: Sequence[Turn],
        words: Sequence[str] = (),
        prompt: str = "go",
        environ: Mapping[str, str] | None = None,
        *,
        isolated: bool = False,
    ) -> ClientRun:
        """Run the client once; ``isolated`` gives it the table of users and /etc files."""
        folder = str(self.folder)
        with ScriptedModel(turns) as model:
            command, settings = self.command(model.address, words, prompt)
            if isolated or self.managed:
                command = [*self._namespace(), *command]
                folder = INSIDE
            done = subprocess.run(
                command,
                cwd=self.project,
                env={**self.environ(folder), **settings, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=_SECONDS,
                check=False,
            )
            printed = done.stdout.decode("utf-8", "replace")
            return ClientRun(
                done.returncode, printed, model.heard(), len(model.requests)
            )

    def command(
        self, address: str, words: Sequence[str], prompt: str
    ) -> tuple[list[str], dict[str, str]]:
        """Return the command that starts the client, and variables for it."""
        if self.client == "claude-code":
            settings = {"ANTHROPIC_BASE_URL": address, "ANTHROPIC_API_KEY": "scripted"}
            return [self.program, "-p", prompt, *words], settings
        provider = {
            "model": "gpt-5.5",
            "model_provider": "scripted",
            "model_providers.scripted.name": "scripted",
            "model_providers.scripted.base_url": f"{address}/v1",
            "model_providers.scripted.wire_api": "responses",
            "model_providers.scripted.env_key": "SCRIPTED_KEY",
        }
        options: list[str] = []
        for key, value in provider.items():
            options += ["-c", f"{key}={json.dumps(value)}"]
        command = [
            self.program,
            "exec",
            "--skip-git-repo-check",
            *options,
            *words,
            prompt,
        ]
        return command, {"SCRIPTED_KEY": "scripted"}

    def _namespace(self) -> list[str]:
        """Return the words that start the client with another table of users, and /etc."""
        program = shutil.which("bwrap")
        if program is None:
            raise ClientMissingError("bubblewrap is not installed")
        users = self.folder / "passwd"
        name, user = ("root" if os.getuid() == 0 else "user"), os.getuid()
        users.write_text(f"{name}:x:{user}:{os.getgid()}::{INSIDE}/home:/bin/bash\n")
        words = [program, "--dev-bind", "/", "/", "--tmpfs", os.path.dirname(INSIDE)]
        words += ["--bind", str(self.folder), INSIDE, "--chdir", f"{INSIDE}/project"]
        if self.managed:
            words += ["--tmpfs", "/etc"]
            for path in ("ld.so.cache", "alternatives", "ssl", "hosts", "resolv.conf"):
                if os.path.exists(f"/etc/{path}"):
                    words += ["--ro-bind", f"/etc/{path}", f"/etc/{path}"]
        words += ["--ro-bind", str(users), "/etc/passwd"]
        for number, (path, content) in enumerate(self.managed.items()):
            file = self.folder / f"managed-{number}"
            file.write_bytes(content)
            file.chmod(0o644)
            words += ["--ro-bind", str(file), f"/etc/{path}"]
        return words


def program_of(client: str, environ: Mapping[str, str]) -> str:
    """Return a client's program; raises ClientMissingError, also for another version."""
    name = _PROGRAMS[client]
    folder = environ.get(CLIENTS_VARIABLE, "")
    path = os.pathsep.join(filter(None, (folder, environ.get("PATH", ""))))
    program = shutil.which(name, path=path)
    if program is None:
        raise ClientMissingError(
            f"{client} is not installed (looked for {name} on the PATH; "
            f"{CLIENTS_VARIABLE} names another folder)"
        )
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ClientMissingError(f"{client} cannot be started: {error}") from error
    said = done.stdout.decode("utf-8", "replace")
    if VERSIONS[client] not in said.split():
        raise ClientMissingError(
            f"{client} is not the version of the expectations, {VERSIONS[client]}"
        )
    return os.path.realpath(program) if client == "claude-code" else program


def require_namespaces() -> None:
    """Raise ClientMissingError if bubblewrap cannot give a client its own /etc."""
    program = shutil.which("bwrap")
    if program is None:
        raise ClientMissingError("bubblewrap is not installed")
    done = subprocess.run(
        [program, "--dev-bind", "/", "/", "--tmpfs", "/etc", "--tmpfs", "/srv", "true"],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise ClientMissingError("bubblewrap may not make namespaces on this machine")


def shell_call(client: str, command: str, **more: object) -> ToolCall:
    """Return a call that runs a command."""
    if client == "claude-code":
        return ToolCall("Bash", {"command": command, **more})
    return ToolCall("exec_command", {"cmd": command, **more})
