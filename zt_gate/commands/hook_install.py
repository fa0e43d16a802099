"""``zt-gate hook install`` and ``uninstall``: for people without pre-commit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from zt_gate.git.hook_files import Hook, HookFolder


def install(*, chain: bool) -> int:
    """Write all hooks, or none where one may not be; returns 0.  Raises GateError."""
    from zt_gate.git import hook_files

    folder = _folder()
    if folder.in_work_tree:
        where = (
            f"core.hooksPath leads to {folder.setting}"
            if folder.setting
            else folder.path
        )
        raise GateError(
            f"{where}: this folder is part of the work tree, and a change could rewrite the hooks "
            f"that judge it. Mend: {folder.fix_command}"
        )
    python = hook_files.python_of_gate(sys.executable)
    hooks = [hook_files.read_hook(folder, name) for name in hook_files.HOOKS]
    for hook in hooks:
        hook_files.check_replaceable(hook, chain=chain)
    for hook in hooks:
        changed = hook_files.install_hook(hook, python, chain=chain)
        _tell(hook, "installed" if changed else "is there already")
    if folder.setting:
        print(
            f"core.hooksPath is {_shown(folder.setting)}: "
            "every repository with this setting has these hooks now."
        )
    print("Local hooks advise, CI enforces; look at both with: zt-gate doctor")
    return 0


def uninstall() -> int:
    """Take the gate's hooks away and put back those before them; returns 0.  Raises GateError."""
    from zt_gate.git import hook_files

    folder = _folder()
    for name in hook_files.HOOKS:
        hook = hook_files.read_hook(folder, name)
        if hook_files.uninstall_hook(hook):
            _tell(
                hook,
                "taken away" + (", and the one before is back" if hook.chained else ""),
            )
        elif hook.owner is not hook_files.Owner.NONE:
            _tell(hook, "is not zt-gate's and stays")
    return 0


def _folder() -> HookFolder:
    from zt_gate.git import hook_files
    from zt_gate.git.run import Git

    return hook_files.find_hook_folder(Git.open(Path.cwd(), os.environ), os.environ)


def _tell(hook: Hook, what: str) -> None:
    print(f"{hook.name}: {_shown(hook.path)} {what}")


def _shown(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)
