"""``zt-gate guard install --managed``: the guard for every user of a machine, as root."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError
from zt_gate.record import replace

if TYPE_CHECKING:
    from argparse import Namespace

    from zt_gate.guard.install.settings_change import SettingsChange
    from zt_gate.guard.install.setup import Setup


def install(options: Namespace, content: bytes, source: str, setup: Setup) -> int:
    """Write program, policy and settings of the machine; 1 if that was declined.

    ``content`` is the pin.  Raises UsageError and GateError: where users could have
    changed the program that is copied, or can change the copy, no setting is written.
    """
    from zt_gate.commands.guard_changes import agreed, print_line
    from zt_gate.guard.install import managed
    from zt_gate.guard.install.program_copy import install_program
    from zt_gate.guard.install.setup import installer

    _require_root()
    managed.refuse_within_reach(setup.root)
    folder, setup = _with_program(options, setup)
    records = managed.read_managed_record(setup)
    changes = [managed.pin_change(setup, content)]
    for name in dict.fromkeys(options.agent):
        plan = installer(name).managed(setup, records.get(name, {}))
        changes += plan.changes
        records[name] = plan.record
    changes.append(managed.record_change(setup, records))
    print_line(f"policy: {source or 'the defaults, no policy file'}")
    print_line(f"program: {folder}, with interpreter, packages and rules")
    if not agreed(changes, yes=options.yes):
        return 1
    install_program(folder)
    _write(changes)
    print_line(
        f"managed: task {setup.task.name} for every user of this machine. Policy, program"
        " and settings are out of the users' reach; sessions and log are the users' own"
        " files, unless the broker's account keeps them."
    )
    return 0


def problems(options: Namespace, setup: Setup) -> list[str]:
    """Return what is not as it was installed, or can be changed by users."""
    from zt_gate.guard.install.program_copy import ProgramCopyError, check_program
    from zt_gate.guard.install.setup import installer

    folder, setup = _with_program(options, setup)
    found: list[str] = []
    for name in dict.fromkeys(options.agent):
        found += installer(name).managed_problems(setup)
    try:
        check_program(folder)
    except ProgramCopyError as error:
        found.append(str(error))
    return found


def uninstall(options: Namespace, setup: Setup) -> int:
    """Take the guard out of the machine's settings; 1 if that was declined.

    With the last client the policy and the program go, too.  Raises UsageError and
    GateError.
    """
    from zt_gate.commands.guard_changes import agreed, print_line
    from zt_gate.guard.install import managed
    from zt_gate.guard.install.program_copy import remove_program
    from zt_gate.guard.install.setup import installer

    _require_root()
    folder, setup = _with_program(options, setup)
    records = managed.read_managed_record(setup)
    names = list(dict.fromkeys(options.agent))
    changes: list[SettingsChange] = []
    for name in names:
        record = records.pop(name, {})
        changes += installer(name).managed_uninstall(setup, record).changes
    changes.append(managed.record_change(setup, records))
    if not records:
        changes.append(managed.unpin_change(setup))
    if not agreed(changes, yes=options.yes):
        return 1
    _write(changes)
    is_gone = not records and remove_program(folder)
    print_line(
        f"removed: {', '.join(names)}{f', and the program {folder}' if is_gone else ''}."
        " Unguarded from the next start of the client on. The broker, if there is one,"
        " and its records stay."
    )
    return 0


def _require_root() -> None:
    if os.geteuid() != 0:
        raise UsageError("--managed writes below /etc: run it as root")


def _with_program(options: Namespace, setup: Setup) -> tuple[str, Setup]:
    """Return the folder of the managed program, and the setup with its interpreter."""
    from zt_gate.guard.install.program_copy import PROGRAM, interpreter_in

    folder = os.path.abspath(options.program or PROGRAM)
    return folder, replace(setup, interpreter=interpreter_in(folder))


def _write(changes: list[SettingsChange]) -> None:
    for change in changes:
        if change.is_change:
            change.write()
