"""What a managed installation needs besides the clients' settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.guard.install import json_merge
from zt_gate.guard.install.root_owned_parts import own_parts
from zt_gate.guard.install.root_owned_parts import within_reach as parts_within_reach
from zt_gate.guard.install.settings_change import SettingsChange, read_settings
from zt_gate.guard.places import MANAGED
from zt_gate.guard.policy import MANAGED_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.guard.install.setup import Setup

#: In the managed folder: what was added to each client's settings.
_RECORD = "installed.json"


def within_reach() -> tuple[str, ...]:
    """Return which parts of the guard others than root can change."""
    return parts_within_reach(own_parts())


def refuse_within_reach(root: str) -> None:
    """Raise UsageError if others than root can change the guard, or the settings' folders."""
    folders = [os.path.join(root, name) for name in ("etc",)]
    reasons = (*within_reach(), *parts_within_reach_of_folders(folders))
    if reasons:
        raise UsageError(
            "a managed guard must be out of the users' reach, and this is not: "
            f"{'; '.join(reasons)}. Install zt-gate as root, for example with"
            " python3 -m venv /root/zt-gate, and run this with its interpreter"
        )


def parts_within_reach_of_folders(folders: list[str]) -> tuple[str, ...]:
    """Return which folders others than root can change; what is in them is not looked at."""
    from zt_gate.system.root_owned import NotRootOwnedError, check_root_owned

    found = []
    for folder in folders:
        try:
            check_root_owned(folder, -1)
        except NotRootOwnedError as error:
            found.append(str(error))
    return tuple(found)


def read_managed_record(setup: Setup) -> dict[str, Any]:
    """Return what was recorded for each client; raises SettingsShapeError."""
    path = _record_path(setup)
    return json_merge.parsed(read_settings(path), path)


def record_change(setup: Setup, records: Mapping[str, Any] | None) -> SettingsChange:
    """Return the change of the record of what was installed; None removes it."""
    path = _record_path(setup)
    new = json_merge.rendered(records) if records else None
    return SettingsChange(path, read_settings(path), new, 0o644)


def _record_path(setup: Setup) -> str:
    return os.path.join(setup.managed(MANAGED), _RECORD)


def unpin_change(setup: Setup) -> SettingsChange:
    """Return the change that removes the machine's pinned policy."""
    path = os.path.join(setup.managed(MANAGED), MANAGED_FILE)
    return SettingsChange(path, read_settings(path), None)


def pin_change(setup: Setup, content: bytes) -> SettingsChange:
    """Return the change of the machine's pinned policy, which everyone may read."""
    path = os.path.join(setup.managed(MANAGED), MANAGED_FILE)
    return SettingsChange(path, read_settings(path), content, 0o644)
