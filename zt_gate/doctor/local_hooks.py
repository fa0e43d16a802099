"""Checks whether the local hooks are installed, executable and call zt-gate."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.doctor import hook_managers
from zt_gate.doctor.check import Check
from zt_gate.doctor.repository_files import (
    UnreadableError,
    of_work_tree,
    tables,
    yaml_table,
)
from zt_gate.errors import GateError
from zt_gate.syntax import shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.doctor.check import DoctorContext
    from zt_gate.git.hook_files import Hook, HookFolder

CONFIG = ".pre-commit-config.yaml"
#: Hook of git → id of zt-gate's hook for pre-commit.
IDS = {
    "pre-commit": "zt-gate",
    "commit-msg": "zt-gate-commit-msg",
    "pre-push": "zt-gate-push",
}
_GATE = lazy_re.compile(r"\bzt[-_]gate\b")
_IGNORES_EXIT_CODE = frozenset(("true", ":", "exit"))
_INSTALL_COMMAND = "zt-gate hook install"


def checks(context: DoctorContext) -> Iterator[Check]:
    """Yield the checks of the area ``hooks``."""
    from zt_gate.git import hook_files
    from zt_gate.system.ci import in_ci

    if in_ci(context.environ):
        message = "not checked in CI: hooks are installed on developers' machines"
        yield Check("hooks", "hooks", "unknown", message, required=False)
        return
    folder = hook_files.find_hook_folder(context.git, context.environ)
    if folder.manager:
        for name in hook_files.HOOKS:
            yield hook_managers.of_husky(name, folder, context)
        return
    if folder.in_work_tree:
        place = folder.path
        if folder.setting:
            place = f"core.hooksPath leads to {folder.setting}, which"
        message = f"{place} is part of the work tree, so a change can rewrite the hooks"
        yield Check("hooks", "folder", "fault", message, folder.fix_command)
        return
    yield Check("hooks", "folder", "ok", f"git's hooks folder is {folder.path}")
    config = _PreCommitConfig(context)
    for name in hook_files.HOOKS:
        yield _check(name, folder, config, context)


def _check(
    name: str, folder: HookFolder, config: _PreCommitConfig, context: DoctorContext
) -> Check:
    from zt_gate.git import hook_files
    from zt_gate.git.hook_files import Owner

    try:
        hook = hook_files.read_hook(folder, name)
    except GateError as error:
        fix = f"chmod u+rx {_quoted(f'{folder.path}/{name}')}"
        return Check("hooks", name, "unknown", str(error), fix)
    # The hook can be a link into the work tree although the folder is outside.
    if hook_files.is_in_work_tree(context.git, hook.path):
        message = "a link into the work tree, so a change can rewrite the hook"
        fix = f"rm {_quoted(hook.path)} && {_INSTALL_COMMAND}"
        return Check("hooks", name, "fault", message, fix)
    install = f"pre-commit install -t {name}"
    if hook.owner is Owner.NONE:
        fix = install if config.has_hook(name) else _INSTALL_COMMAND
        return Check("hooks", name, "fault", "not installed", fix)
    if hook.owner is Owner.FOREIGN:
        if hook.executable and b"lefthook" in hook.data and not _calls_gate(hook.data):
            return hook_managers.of_lefthook(name, context)
        return _foreign_hook(hook)
    if not hook.executable:
        message = "not executable, so git does not run it"
        return Check("hooks", name, "fault", message, f"chmod +x {_quoted(hook.path)}")
    if hook.owner is Owner.GATE:
        return _own_hook(hook)
    return _hook_of_pre_commit(hook, config, install)


def _foreign_hook(hook: Hook) -> Check:
    if hook.executable and _calls_gate(hook.data):
        message = "a script of the project calls zt-gate; it may ignore the exit code"
        fix = f"read {_quoted(hook.path)}"
        return Check("hooks", hook.name, "unknown", message, fix, required=False)
    message = "another hook is installed, which does not call zt-gate"
    return Check("hooks", hook.name, "fault", message, f"{_INSTALL_COMMAND} --chain")


def _own_hook(hook: Hook) -> Check:
    from zt_gate.git.hook_files import hook_script

    if not os.access(hook.python, os.X_OK):
        message = f"its Python no longer exists: {hook.python}"
        return Check("hooks", hook.name, "fault", message, _INSTALL_COMMAND)
    expected = [
        hook_script(hook.name, hook.python, chain=chain) for chain in (False, True)
    ]
    if hook.data not in expected:
        message = "modified, or installed by another version of zt-gate"
        return Check("hooks", hook.name, "fault", message, _INSTALL_COMMAND)
    return Check("hooks", hook.name, "ok", "installed")


def _hook_of_pre_commit(hook: Hook, config: _PreCommitConfig, install: str) -> Check:
    if config.error:
        return Check("hooks", hook.name, "unknown", config.error, f"fix {CONFIG}")
    fault = config.fault_of(hook.name)
    if fault:
        fix = f"zt-gate init --pre-commit, or {_INSTALL_COMMAND} --chain"
        return Check("hooks", hook.name, "fault", fault, fix)
    if b"--skip-on-missing-config" in hook.data:
        message = (
            f"pre-commit passes if {CONFIG} is missing, and a change can delete it"
        )
        return Check("hooks", hook.name, "fault", message, f"{install} --overwrite")
    message = f"installed by pre-commit, and {CONFIG} names zt-gate"
    return Check("hooks", hook.name, "ok", message)


class _PreCommitConfig:
    """The hooks in the project's pre-commit configuration.

    ``error`` says why the file cannot be read, "" if it can.
    """

    def __init__(self, context: DoctorContext) -> None:
        self.error = ""
        self._hooks: list[dict[str, Any]] = []
        self._default_stages: Any = None
        try:
            data = of_work_tree(context.git.root, CONFIG)
            root = {} if data is None else yaml_table(data, CONFIG, version="1.1")
        except UnreadableError as error:
            self.error = str(error)
            return
        self._default_stages = root.get("default_stages")
        for repo in tables(root.get("repos")):
            is_local = repo.get("repo") == "local"
            for hook in tables(repo.get("hooks")):
                self._hooks.append({"local": is_local, **hook})

    def has_hook(self, name: str) -> bool:
        """Whether the configuration runs zt-gate in a hook of git."""
        return bool(self._hooks_for(name))

    def fault_of(self, name: str) -> str:
        """Return why zt-gate cannot stop anything in a hook of git, "" if it can."""
        hooks = self._hooks_for(name)
        if not hooks:
            return f"pre-commit is installed, but {CONFIG} does not name {IDS[name]}"
        for hook in hooks:
            always_run = hook.get("always_run")
            if always_run is False or (hook["local"] and not always_run):
                return (
                    f"{CONFIG} does not set always_run, so some commits are not scanned"
                )
            if _ignores_exit_code(str(hook.get("entry", ""))):
                return f"the entry in {CONFIG} ignores the exit code of zt-gate"
        return ""

    def _hooks_for(self, name: str) -> list[dict[str, Any]]:
        return [hook for hook in self._hooks if self._runs_gate(hook, name)]

    def _runs_gate(self, hook: dict[str, Any], name: str) -> bool:
        stages = hook.get("stages")
        if hook["local"]:
            stages = stages or self._default_stages
            is_gate = bool(_GATE.search(str(hook.get("entry", ""))))
        else:
            is_gate = hook.get("id") == IDS[name]
        return is_gate and (not stages or name in _words(stages))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _ignores_exit_code(entry: str) -> bool:
    """Whether a command after zt-gate determines the exit code of the entry."""
    commands = shell.with_nested(entry)
    if any(command.operator == "||" for command in commands):
        return True
    return any(
        command.operator == ";" and following.program in _IGNORES_EXIT_CODE
        for command, following in shell.consecutive_commands(commands)
    )


def _calls_gate(script: bytes) -> bool:
    commands = shell.commands(script.decode("utf-8", "replace"))
    return any(_GATE.search(command.text) for command in commands)


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
