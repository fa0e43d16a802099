"""A machine for one run of a client: managed settings, a broker, and an ordinary user.

It is a mount namespace of its own (``unshare --mount``), which only root can make.
Bubblewrap would take from programs what the managed program is protected with.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.drill.clients import attacks, broker_attacker, broker_launch
from zt_gate.drill.clients.driver import (
    INSIDE,
    ClientMissingError,
    ClientRun,
    ClientStand,
)
from zt_gate.drill.clients.model_server import ScriptedModel
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.drill.clients.model_server import Turn

#: User ids that no account has.
BROKER, USER, OTHER = 61_001, 61_002, 61_003
_SECONDS = 300
_FOLDER = os.path.dirname(broker_attacker.SOCKET)
_PROGRAM = "/opt/zt-gate"
_ZT_GATE = (f"{_PROGRAM}/bin/python", "-I", "-m", "zt_gate", "guard")
#: The variable with the scripted key, and one that passes into a sandbox.
_KEY, _PASSES = "SCRIPTED_KEY", "AI_ACCESSIBLE_KEY"
_SETTINGS = ("ld.so.cache", "alternatives", "ssl", "hosts", "resolv.conf")
#: Left out of the program: no attack of these writes code that they would read.
_WITHOUT = ("semgrep", "pip-audit")
#: A made-up file of the project, by which a session says that the broker is to be killed.
STOP = "stop.txt"


@dataclass(frozen=True, slots=True)
class BrokerMachine:
    """A stand on such a machine; ``shared`` has the program for all machines of a drill.

    Without ``has_broker`` none runs; without ``names_broker`` the machine's settings name
    none.  ``beside`` are words of a program of the user that runs beside the client, ``environ``
    are variables of the client, and ``user`` is the account that starts it.  With ``layer``
    the client runs in ``guard exec``, in this way of holding it.  When a session makes
    ``stop``, a file of the project, the broker is killed.
    """

    stand: ClientStand
    shared: Path
    has_broker: bool = True
    beside: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    user: int = USER
    layer: str = ""
    stop: str = STOP
    names_broker: bool = True

    @property
    def log(self) -> Path:
        """The broker's log of the user."""
        return self.stand.folder / "state" / str(USER) / "log" / "guard.jsonl"

    def prepare(self) -> None:
        """Make the project, the home and the machine's files."""
        attacks.prepare(self.stand)
        tools = self.stand.project / "tools"
        tools.mkdir()
        shutil.copy(broker_attacker.__file__, tools / "check.py")
        _own(self.stand.folder, USER)
        (self.stand.folder / "state").mkdir(mode=0o700)
        os.chown(self.stand.folder / "state", BROKER, BROKER)
        self.stand.folder.chmod(0o755)
        install_shared(self.shared, self.stand)

    def run(
        self,
        turns: Sequence[Turn],
        words: Sequence[str],
        prompt: str = "go",
    ) -> ClientRun:
        """Run the client once, as the user."""
        with ScriptedModel(turns) as model:
            command, settings = self._command(model.address, words, prompt)
            done = self.launch(command, settings)
            printed = done.stdout.decode("utf-8", "replace")
            return ClientRun(
                done.returncode, printed, model.heard(), len(model.requests)
            )

    def launch(
        self, command: list[str], settings: Mapping[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command as the user, with these variables and those of the machine."""
        spec = self._spec(command, {**settings, **self.environ})
        nest = self.stand.project / "tools" / "nest.json"
        nest.write_text(json.dumps(spec))
        file = self.stand.folder / "launch.json"
        file.write_text(json.dumps(spec))
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork",
             "--kill-child", "--mount-proc", "--",
             sys.executable, "-I", broker_launch.__file__, str(file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )  # fmt: skip

    def give(self, path: Path) -> None:
        """Give a file to the user."""
        os.chown(path, USER, USER, follow_symlinks=False)

    def _command(
        self, address: str, words: Sequence[str], prompt: str
    ) -> tuple[list[str], dict[str, str]]:
        command, settings = self.stand.command(address, words, prompt)
        if self.stand.client == "claude-code":
            command[0] = "/opt/clients/claude"
        if not self.layer:
            return command, settings
        if self.stand.client == "codex":
            # Its address is in its options here: the proxy hears it from the variable.
            settings = {"OPENAI_BASE_URL": address, _PASSES: settings[_KEY]}
            command = [word.replace(_KEY, _PASSES) for word in command]
        return [*self.exec_words(), *command], settings

    def exec_words(self) -> list[str]:
        """Return the words of ``guard exec`` before a command."""
        return [*_ZT_GATE, "exec", "--task", "develop", "--layer", self.layer, "--"]

    def _spec(
        self, command: list[str], settings: Mapping[str, str]
    ) -> dict[str, object]:
        folder = self.stand.folder
        _etc(folder, attacks.managed_files(self.stand, f"{_PROGRAM}/bin/python"))
        if not self.names_broker:
            (folder / "etc/zt-gate/guard/broker.json").unlink()
        etc, shared = f"{INSIDE}/etc", f"{os.path.dirname(INSIDE)}/shared"
        serve = [*_ZT_GATE, "broker", "serve"]
        return {
            # In their order; without a source it is an empty folder.
            "mounts": [
                ("", os.path.dirname(INSIDE)),
                (str(folder), INSIDE),
                (str(self.shared), shared),
                *((f"/etc/{name}", f"{etc}/{name}") for name in self._settings()),
                (etc, "/etc"),
                *(("", place) for place in ("/run", "/var/lib", "/opt")),
                (f"{INSIDE}/state", broker_attacker.STATE),
                (f"{shared}/zt-gate", _PROGRAM),
                (f"{shared}/clients", "/opt/clients"),
            ],
            "folders": [(_FOLDER, BROKER)],
            "broker": serve if self.has_broker else [],
            "broker_user": BROKER,
            "socket": broker_attacker.SOCKET,
            "beside": list(self.beside),
            "user": self.user,
            "command": command,
            "environ": {**self.stand.environ(INSIDE), **settings},
            "cwd": f"{INSIDE}/project",
            "stop_file": f"{INSIDE}/project/{self.stop}",
        }  # fmt: skip

    def _settings(self) -> list[str]:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        names = (*_SETTINGS, version)
        return [name for name in names if os.path.exists(f"/etc/{name}")]


def require_machine() -> None:
    """Raise ClientMissingError where no such machine can be made."""
    if os.geteuid() != 0:
        raise ClientMissingError(
            "accounts of their own need root, and this is not root"
        )
    program = shutil.which("unshare")
    if program is None:
        raise ClientMissingError("unshare (util-linux) is not installed")
    done = subprocess.run(
        [program, "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none",
         "/srv"],
        capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise ClientMissingError("this machine lets root make no mount namespace")


def install_shared(shared: Path, stand: ClientStand) -> None:
    """Make the program, and the client's own, once for all machines of a drill.

    Where ``kernel.yama.ptrace_scope`` is 0 or missing, a client is only out of the reach
    of the user's other programs with a right that they do not have.
    """
    from zt_gate.guard.install.program_copy import HARMLESS_CAPABILITY, install_program

    shared.mkdir(exist_ok=True)
    shared.chmod(0o755)
    if not (shared / "zt-gate").exists():
        install_program(str(shared / "zt-gate"), without=_WITHOUT)
    clients = shared / "clients"
    clients.mkdir(mode=0o755, exist_ok=True)
    program = clients / "claude"
    if stand.client == "claude-code" and not program.exists():
        shutil.copy(stand.program, program)
        program.chmod(0o755)
        os.setxattr(program, "security.capability", HARMLESS_CAPABILITY)


def _etc(folder: Path, managed: Mapping[str, bytes]) -> None:
    """Make the machine's own /etc."""
    etc = folder / "etc"
    broker = {"owner": BROKER, "socket": broker_attacker.SOCKET}
    files = {
        "passwd": f"root:x:0:0::/root:/bin/bash\nbroker:x:{BROKER}:{BROKER}::/:/bin/sh\n"
        f"user:x:{USER}:{USER}::{INSIDE}/home:/bin/bash\n"
        f"other:x:{OTHER}:{OTHER}::{INSIDE}/other:/bin/bash\n".encode(),
        "zt-gate/guard/broker.json": json.dumps(broker).encode(),
        **managed,
    }
    for name, content in files.items():
        path = etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for here, names, leaves in os.walk(etc):
        for name in (*names, *leaves):
            path = Path(here, name)
            path.chmod(0o755 if path.is_dir() else 0o644)


def _own(folder: Path, user: int) -> None:
    """Give home, project and the folder outside to the user."""
    for top in ("home", "project", "outside"):
        for here, _, names in os.walk(folder / top):
            for path in (here, *(os.path.join(here, name) for name in names)):
                os.chown(path, user, user, follow_symlinks=False)
