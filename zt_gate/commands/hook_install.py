"""``zt-gate hook install`` and ``uninstall``: git hooks without pre-commit."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from zt_gate.git.hook_files import Hook, HookFolder


def install(*, chain: bool) -> int:
    """Write all hooks, or none if one of them must not be written; returns 0.

    Raises GateError.
    """
    from zt_gate.git import hook_files

    folder = _folder()
    if folder.in_work_tree:
        raise GateError(_refusal(folder))
    python = hook_files.python_of_gate(sys.executable)
    hooks = [hook_files.read_hook(folder, name) for name in hook_files.HOOKS]
    for hook in hooks:
        hook_files.check_replaceable(hook, chain=chain)
    for hook in hooks:
        changed = hook_files.install_hook(hook, python, chain=chain)
        _print_result(hook, "installed" if changed else "already installed")
    if folder.setting:
        print(
            f"core.hooksPath is {_visible(folder.setting)}: "
            "these hooks now run in every repository with this setting."
        )
    print("Local hooks are advisory, CI enforces. To check both, run: zt-gate doctor")
    return 0


def _refusal(folder: HookFolder) -> str:
    """Say why no hook is written into a folder of the work tree, and how to fix it."""
    if folder.manager:
        return (
            f"hooks not installed: {folder.manager} owns git's hooks here "
            f"({_visible(folder.setting or folder.path)}). Add zt-gate to its hooks: "
            f"{folder.fix_command}. A change can rewrite them, so let CI enforce"
        )
    place = f"the hooks folder {folder.path}"
    if folder.setting:
        place = f"core.hooksPath leads to {folder.setting}, which"
    return (
        f"hooks not installed: {place} is part of the work tree, so a change could "
        f"rewrite the hooks that check it. Run: {folder.fix_command}"
    )


def uninstall() -> int:
    """Remove zt-gate's hooks and restore those that they replaced; returns 0.

    Raises GateError.
    """
    from zt_gate.git import hook_files

    folder = _folder()
    found = False
    for name in hook_files.HOOKS:
        hook = hook_files.read_hook(folder, name)
        found = found or hook.owner is not hook_files.Owner.NONE
        if hook_files.uninstall_hook(hook):
            restored = ", previous hook restored" if hook.chained else ""
            _print_result(hook, f"removed{restored}")
        elif hook.owner is not hook_files.Owner.NONE:
            _print_result(hook, "not zt-gate's, left unchanged")
    if not found:
        print(f"no hooks are installed in {_visible(folder.path)}")
    return 0


def _folder() -> HookFolder:
    from zt_gate.git import hook_files
    from zt_gate.git.run import Git

    return hook_files.find_hook_folder(Git.open(Path.cwd(), os.environ), os.environ)


def _print_result(hook: Hook, result: str) -> None:
    print(f"{hook.name}: {result}: {_visible(hook.path)}")


def _visible(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)
