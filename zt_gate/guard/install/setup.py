"""What is installed for whom, and what an installer returns."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from zt_gate.guard.task import NARROWEST, Task
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.install.settings_change import SettingsChange

#: Files with credentials, below the home folder: no task needs to read them.
CREDENTIAL_FILES = (
    ".ssh/**", ".gnupg/**", ".aws/credentials", ".azure/**", ".config/gcloud/**",
    ".config/gh/hosts.yml", ".docker/config.json", ".kube/config", ".netrc",
    ".git-credentials", ".npmrc", ".pypirc", ".cargo/credentials.toml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setup:
    """Whom the guard is installed for.

    ``home`` is the user's home, ``environ`` has the variables that move a client's
    settings.  ``root`` is the folder that stands for ``/`` in managed installations.
    ``with_sandbox`` turns on the client's own sandbox, set to fail closed, and only
    then takes its prompts away.
    """

    home: str
    task: Task = NARROWEST
    environ: Mapping[str, str] = field(default_factory=dict)
    interpreter: str = sys.executable
    root: str = "/"
    with_sandbox: bool = False

    def managed(self, path: str) -> str:
        """Return an absolute path below ``root``."""
        return os.path.join(self.root, path.lstrip("/"))


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """Changes of files, what to remember of them, and what a person still has to do."""

    changes: tuple[SettingsChange, ...]
    record: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class ClientInstaller(Protocol):
    """Knows the settings of one client; a module of this folder has it as ``INSTALLER``."""

    #: The name of the client.
    name: str

    def install(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes that put the guard in force; ``record`` is of an earlier time.

        Raises GateError for settings that the client could not read either.
        """

    def uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes that take out what was recorded, and every hook of the guard."""

    def problems(self, setup: Setup) -> tuple[str, ...]:
        """Return what is not as ``install`` would leave it, or switches the hooks off."""

    def managed(
        self, setup: Setup, record: Mapping[str, Any] | None = None
    ) -> InstallPlan:
        """Return the changes of the files that only root can write."""

    def managed_uninstall(self, setup: Setup, record: Mapping[str, Any]) -> InstallPlan:
        """Return the changes that take the guard out of the files of root."""

    def managed_problems(self, setup: Setup) -> tuple[str, ...]:
        """Return what of the managed files is not as ``managed`` would leave it."""


def installer(name: str) -> ClientInstaller:
    """Return the installer of a client."""
    module = import_module(f"zt_gate.guard.install.{name.replace('-', '_')}")
    found: ClientInstaller = module.INSTALLER
    return found


def denied_tools(
    task: Task, edits: tuple[str, ...], network: tuple[str, ...]
) -> list[str]:
    """Return the tools of a client that a task does not use at all."""
    denied = [] if task.may_write else list(edits)
    return denied if task.network else [*denied, *network]
