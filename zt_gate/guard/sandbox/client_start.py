"""What a known client gets for one run in the sandbox: no prompts, and the guard's hooks.

Nothing of it is written into the user's files.  The settings are a file of this run,
which is read-only inside; Codex gets words of the command line.  The hooks judge with the
pinned policy, which is read-only, too.  A broker keeps their sessions and log.  Without
one these are a folder of this run that the agent's programs could change: afterwards it
is kept apart from the user's log.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from zt_gate.guard.policy import FOR_ALL
from zt_gate.guard.private_file import make_private, write_private
from zt_gate.guard.sandbox.layers import HOME
from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.sandbox.client import SandboxedClient
    from zt_gate.guard.sandbox.layers import Layer
    from zt_gate.guard.sandbox.rights import Rights

_STATE = f"{HOME}/.local/state/zt-gate/guard"
_KEPT = "sandbox-logs"
_LARGEST_LOG = 16 << 20
#: Where a managed installation has each client's hooks.
_MANAGED = {
    "claude-code": "/etc/claude-code/managed-settings.json",
    "codex": "/etc/codex/requirements.toml",
}
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
#: The sandbox holds in the place of the client's own, which cannot be made inside it.
_CODEX = (
    'approval_policy="never"', 'sandbox_mode="danger-full-access"',
    "features.hooks=true", "features.unified_exec_tty=false",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClientStart:
    """One run of a client with a pinned policy; ``has_broker`` says who keeps the log."""

    client: SandboxedClient
    places: GuardPlaces
    policy: GuardPolicy
    say: Callable[[str], None]
    has_broker: bool = False

    def prepared(
        self, layer: Layer, folder: str, rights: Rights, command: Sequence[str]
    ) -> tuple[Rights, list[str]]:
        """Return rights and command with what this run adds; ``folder`` is the run's."""
        has_hooks = self._has_hooks(layer, rights)
        if has_hooks:
            rights = self._with_hooks(folder, rights)
        environment = {**rights.environment, "DISABLE_AUTOUPDATER": "1"}
        if self.client.name == "codex":
            words = [word for one in _CODEX for word in ("-c", one)]
            if has_hooks:
                # They are new in this home, and nobody is there to review them.
                words.append("--dangerously-bypass-hook-trust")
        elif "--settings" in command:
            self.say("the command has --settings of its own: the client's prompts stay")
            words = []
        else:
            path = os.path.join(folder, "client-settings.json")
            _write(path, self._settings(has_hooks=has_hooks))
            rights = replace(rights, read_only=(*rights.read_only, path))
            words = ["--settings", path]
            if layer.is_alone():  # else it is below /tmp, which is not to be had
                environment["CLAUDE_CODE_TMPDIR"] = layer.variables()["TMPDIR"]
            environment["IS_SANDBOX"] = (
                "1"  # else it refuses to go without prompts as root
            )
        rights = replace(rights, environment=environment)
        return rights, [command[0], *words, *command[1:]]

    def finished(self, folder: str) -> None:
        """Keep what the hooks inside logged, apart: it was in the agent's reach."""
        found = list(_logs(os.path.join(folder, "guard-state")))
        if not found:
            return
        name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        name = f"{name}-{os.urandom(2).hex()}.jsonl"
        path = os.path.join(self.places.state, _KEPT, name)
        write_private(path, b"".join(found))
        self.say(
            f"what the hooks inside logged is in {path}; the agent could change it"
        )

    def _has_hooks(self, layer: Layer, rights: Rights) -> bool:
        if not self.policy.file or self._is_managed():
            return False
        if layer.is_alone() and not self.has_broker:
            self.say(
                "the guard's hooks do not run here: they have no state of their own"
            )
            return False
        if self.client.name == "codex" and os.path.lexists(f"{rights.root}/.codex"):
            self.say(
                "the project has .codex: its hooks would be trusted with the guard's"
            )
            return False
        return True

    def _is_managed(self) -> bool:
        """Whether the machine's own settings start the hooks inside, too."""
        if not self.has_broker:
            return False
        with suppress(OSError), open(_MANAGED[self.client.name], "rb") as file:
            return b"zt_gate" in file.read()
        return False

    def _settings(self, *, has_hooks: bool) -> dict[str, Any]:
        settings: dict[str, Any] = {
            "permissions": {"defaultMode": "bypassPermissions"},
            "skipDangerousModePermissionPrompt": True,
            "disableAllHooks": False,
        }
        return {**settings, **(self._hooks() if has_hooks else {})}

    def _hooks(self) -> dict[str, Any]:
        import sys

        from zt_gate.guard.install import claude_code, codex, hook_groups

        is_codex = self.client.name == "codex"
        events = codex.EVENTS if is_codex else claude_code.EVENTS
        return {"hooks": hook_groups.wanted(sys.executable, self.client.name, events)}

    def _with_hooks(self, folder: str, rights: Rights) -> Rights:
        """Add the guard's program, and what its hooks need."""
        from zt_gate.guard import data

        if not self.has_broker:
            rights = self._with_state(folder, rights)
        files = list(rights.home_files)
        if self.client.name == "codex":
            path = os.path.join(folder, "codex-hooks.json")
            _write(path, self._hooks())
            files.append((path, f"{HOME}/.codex/hooks.json"))
        package = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
        return replace(
            rights,
            home_files=tuple(files),
            read_only=(*rights.read_only, package, os.path.dirname(data.folder())),
        )

    def _with_state(self, folder: str, rights: Rights) -> Rights:
        """Add the policy, and a state folder of this run."""
        state, users, pin = (
            os.path.join(folder, name) for name in ("guard-state", "passwd", "pin")
        )
        make_private(os.path.join(state, "pins"))
        # The guard finds its state by the table of users alone.
        user, group = os.getuid(), os.getgid()
        with open(users, "w", encoding="ascii") as file:
            file.write(f"agent:x:{user}:{group}::{HOME}:/bin/sh\n")
        shutil.copyfile(self.policy.file, pin)
        os.chmod(pin, 0o600)
        name = os.path.basename(self.policy.file)
        hidden = rights.hidden
        if self.policy.is_managed:
            # Root's files look like a stranger's inside, and the guard would not use them.
            name = f"{FOR_ALL}.json"
            hidden = (*hidden, self.places.managed)
        files = [(pin, f"{_STATE}/pins/{name}"), (users, "/etc/passwd")]
        return replace(
            rights,
            state=(state, _STATE),
            home_files=(*rights.home_files, *files),
            hidden=hidden,
        )


def _write(path: str, content: dict[str, Any]) -> None:
    write_private(path, json.dumps(content).encode("ascii"))


def _logs(state: str) -> list[bytes]:
    """Return the lines of the logs in a state folder, whose files nobody can trust."""
    found = []
    with suppress(OSError):
        folder = os.open(os.path.join(state, "log"), _OPEN | os.O_DIRECTORY)
        try:
            for name in sorted(os.listdir(folder)):
                with suppress(OSError):
                    handle = os.open(name, _OPEN, dir_fd=folder)
                    with os.fdopen(handle, "rb") as file:
                        if stat.S_ISREG(os.fstat(handle).st_mode):
                            found.append(file.read(_LARGEST_LOG))
        finally:
            os.close(folder)
    return found
