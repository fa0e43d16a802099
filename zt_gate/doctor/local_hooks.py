"""Local hooks: there, executable, and really calling the gate."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

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
    from zt_gate.git.hook_files import Hook

CONFIG = ".pre-commit-config.yaml"
#: Hook of git → id that the gate's own repository offers pre-commit.
IDS = {
    "pre-commit": "zt-gate",
    "commit-msg": "zt-gate-commit-msg",
    "pre-push": "zt-gate-push",
}
_GATE = re.compile(r"\bzt[-_]gate\b")
_LOSES_VERDICT = frozenset(("true", ":", "exit"))
_INSTALL = "zt-gate hook install"


def checks(asked: DoctorContext) -> Iterator[Check]:
    """Yield what can be said about each hook."""
    from zt_gate.git import hook_files
    from zt_gate.system.ci import in_ci

    if in_ci(asked.environ):
        says = "this is CI; hooks are on people's own machines"
        yield Check("hooks", "hooks", "unknown", says, matters=False)
        return
    folder = hook_files.folder_of(asked.git, asked.environ)
    if folder.content:
        where = (
            f"core.hooksPath leads to {folder.setting}"
            if folder.setting
            else folder.path
        )
        says = f"{where}: part of the work tree, which any change can rewrite"
        yield Check("hooks", "folder", "fault", says, folder.mend)
        return
    yield Check("hooks", "folder", "ok", f"git looks for hooks in {folder.path}")
    config = _Configuration(asked)
    for name in hook_files.HOOKS:
        try:
            hook = hook_files.look(folder, name)
        except GateError as error:
            mend = f"chmod u+rx {_quoted(f'{folder.path}/{name}')}"
            yield Check("hooks", name, "unknown", str(error), mend)
        else:
            # A link may lead where the folder itself does not.
            if hook_files.is_content(asked.git, hook.path):
                says = "it is a link into the work tree, which any change can rewrite"
                yield Check(
                    "hooks",
                    name,
                    "fault",
                    says,
                    f"rm {_quoted(hook.path)} && {_INSTALL}",
                )
                continue
            yield _check(hook, config)


def _check(hook: Hook, config: _Configuration) -> Check:
    from zt_gate.git.hook_files import Owner

    install = f"pre-commit install -t {hook.name}"
    mend = install if config.names(hook.name) else _INSTALL
    if hook.owner is Owner.NOBODY:
        return Check("hooks", hook.name, "fault", "git has no such hook", mend)
    if hook.owner is Owner.FOREIGN:
        if hook.executable and _calls_gate(hook.data):
            says = "a script of the project's own calls zt-gate; whether it obeys is not known"
            return Check(
                "hooks",
                hook.name,
                "unknown",
                says,
                f"read {_quoted(hook.path)}",
                matters=False,
            )
        says = "another hook stands there and does not call zt-gate"
        return Check("hooks", hook.name, "fault", says, f"{_INSTALL} --chain")
    if not hook.executable:
        says = "it is not executable, so git passes it over"
        return Check(
            "hooks", hook.name, "fault", says, f"chmod +x {_quoted(hook.path)}"
        )
    if hook.owner is Owner.GATE:
        return _own(hook)
    return _of_pre_commit(hook, config, install)


def _own(hook: Hook) -> Check:
    if not os.access(hook.python, os.X_OK):
        says = f"its Python is gone: {hook.python}"
        return Check("hooks", hook.name, "fault", says, _INSTALL)
    from zt_gate.git.hook_files import script

    plain = (script(hook.name, hook.python, chain=chain) for chain in (False, True))
    if hook.data not in plain:
        says = "it is zt-gate's, and somebody or another version wrote it otherwise"
        return Check("hooks", hook.name, "fault", says, _INSTALL)
    return Check("hooks", hook.name, "ok", "installed")


def _of_pre_commit(hook: Hook, config: _Configuration, install: str) -> Check:
    if config.fault:
        return Check("hooks", hook.name, "unknown", config.fault, f"mend {CONFIG}")
    wrong = config.wrong(hook.name)
    if wrong:
        return Check(
            "hooks",
            hook.name,
            "fault",
            wrong,
            f"zt-gate init --pre-commit, or {_INSTALL} --chain",
        )
    if b"--skip-on-missing-config" in hook.data:
        says = (
            f"pre-commit passes where {CONFIG} is missing, and any change can delete it"
        )
        return Check("hooks", hook.name, "fault", says, f"{install} --overwrite")
    return Check(
        "hooks", hook.name, "ok", f"installed by pre-commit, and {CONFIG} names zt-gate"
    )


class _Configuration:
    """What the project's pre-commit configuration says of the gate."""

    def __init__(self, asked: DoctorContext) -> None:
        self.fault = ""
        self._hooks: list[dict[str, Any]] = []
        self._default: Any = None
        try:
            data = of_work_tree(asked.git.root, CONFIG)
            root = {} if data is None else yaml_table(data, CONFIG, version="1.1")
        except UnreadableError as error:
            self.fault = str(error)
            return
        self._default = root.get("default_stages")
        for repo in tables(root.get("repos")):
            for hook in tables(repo.get("hooks")):
                self._hooks.append({"local": repo.get("repo") == "local", **hook})

    def names(self, name: str) -> bool:
        """Whether the gate is there for a hook of git."""
        return bool(self._of(name))

    def wrong(self, name: str) -> str:
        """Return what keeps the gate from stopping anything in a hook, "" where nothing does."""
        found = self._of(name)
        if not found:
            return f"pre-commit is installed, but {CONFIG} does not name {IDS[name]}"
        for hook in found:
            if hook.get("always_run") is False or (
                hook["local"] and not hook.get("always_run")
            ):
                return f"{CONFIG} does not say always_run, so that some commits are not judged"
            if _loses_verdict(str(hook.get("entry", ""))):
                return f"{CONFIG} calls zt-gate so that its verdict is lost"
        return ""

    def _of(self, name: str) -> list[dict[str, Any]]:
        return [hook for hook in self._hooks if self._is_for(hook, name)]

    def _is_for(self, hook: dict[str, Any], name: str) -> bool:
        identity, entry = hook.get("id"), str(hook.get("entry", ""))
        stages = hook.get("stages")
        if hook["local"]:
            stages = stages or self._default
            return bool(_GATE.search(entry)) and (not stages or name in _words(stages))
        return identity == IDS[name] and (not stages or name in _words(stages))


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def _loses_verdict(entry: str) -> bool:
    """Whether another command behind the gate decides about the exit code."""
    found = shell.with_nested(entry)
    if any(command.operator == "||" for command in found):
        return True
    pairs = shell.consecutive_commands(found)
    return any(
        one.operator == ";" and then.program in _LOSES_VERDICT for one, then in pairs
    )


def _calls_gate(data: bytes) -> bool:
    found = shell.commands(data.decode("utf-8", "replace"))
    return any(_GATE.search(command.text) for command in found)


def _quoted(path: str) -> str:
    import shlex

    return shlex.quote(path)
