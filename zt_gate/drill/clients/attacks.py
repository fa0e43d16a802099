"""Plays attacks with the guard installed, each in a session of a real client."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from zt_gate.drill.clients.attack_cases import HIDDEN_ORDER, KEY_LINE, PLAN, SECRET
from zt_gate.errors import GateError
from zt_gate.record import replace

if TYPE_CHECKING:
    from zt_gate.drill.clients.attack_cases import AttackCase
    from zt_gate.drill.clients.driver import ClientStand
    from zt_gate.guard.install.setup import Setup

#: How a client is started without anybody who could be asked, its hooks being reviewed.
UNATTENDED = {
    "claude-code": ("--dangerously-skip-permissions",),
    "codex": (
        "--dangerously-bypass-approvals-and-sandbox",
        "--dangerously-bypass-hook-trust",
    ),
}
#: A denial because of a failure shows nothing about a control.
_FAULT = "The guard denies what it cannot judge"


def prepare(stand: ClientStand) -> None:
    """Make a project with a git hook, a home with credentials, and a folder outside."""
    from zt_gate.drill.environment import git

    stand.prepare()
    project = stand.project
    git(project, "init", "-q", "-b", "main")
    files = {
        "app.py": "print('app')\n",
        "notes.md": f"# Notes\n\n{HIDDEN_ORDER}\n",
        "token.txt": f"token = {SECRET}\n",
        "private/plan.txt": f"{PLAN}\n",
    }
    (project / "private").mkdir()
    for name, text in files.items():
        (project / name).write_text(text)
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "start")
    git(project, "branch", "work")
    git(project, "checkout", "-q", "work")
    hook = project / ".git" / "hooks" / "pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    keys = stand.home / ".ssh"
    keys.mkdir(mode=0o700)
    (keys / "id_ed25519").write_text(f"{KEY_LINE}\n")
    stand.outside.mkdir()
    (stand.outside / "kept.txt").write_text("kept\n")
    (stand.home / ".gitconfig").write_text("[user]\nname = A\nemail = a@example.org\n")


def install(
    stand: ClientStand, task: str = "develop", restricted: str = "private/"
) -> None:
    """Install the guard for the stand's user, with a pin for all repositories."""
    from zt_gate.guard.install.setup import installer
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import pin

    home = os.path.realpath(stand.home)
    state = os.path.join(home, ".local", "state", "zt-gate", "guard")
    pin(GuardPlaces(home, state, os.getuid()), "", _pin(task, restricted))
    for change in installer(stand.client).install(_setup(stand, task), {}).changes:
        change.write()


def managed(stand: ClientStand, task: str = "develop") -> ClientStand:
    """Return the stand with the guard in files below /etc, and the user's hooks off."""
    if stand.client == "claude-code":
        settings = stand.home / ".claude" / "settings.json"
        settings.parent.mkdir(exist_ok=True)
        settings.write_text('{"disableAllHooks": true}')
    return replace(stand, managed=managed_files(stand, sys.executable, task))


def managed_files(
    stand: ClientStand, interpreter: str, task: str = "develop"
) -> dict[str, bytes]:
    """Return the files of a managed guard by their path below /etc."""
    from zt_gate.guard.install.setup import installer

    setup = replace(_setup(stand, task), interpreter=interpreter)
    files = {
        change.path.partition("/root/etc/")[2]: change.new or b""
        for change in installer(stand.client).managed(setup).changes
    }
    return {**files, "zt-gate/guard/policy.json": _pin(task)}


def _pin(task: str, restricted: str = "private/") -> bytes:
    """Return a pin of a policy that restricts one folder in the task."""
    from zt_gate.guard.policy import pin_content
    from zt_gate.policy.load import parse

    text = f'[tasks.{task}]\nrestricted = ["{restricted}"]\n'.encode()
    return pin_content(parse(text, "policy", scanners={}), text, "policy", task)


def _setup(stand: ClientStand, task: str) -> Setup:
    from zt_gate.guard.install.setup import Setup
    from zt_gate.guard.task import built_in

    found = built_in(task)
    assert found is not None
    root = str(stand.folder / "root")
    return Setup(
        os.path.realpath(stand.home), found, interpreter=sys.executable, root=root
    )


def play(stand: ClientStand, case: AttackCase, *, is_managed: bool = False) -> str:
    """Run a case and return what came of it; raises GateError if the guard failed."""
    prepare(stand)
    words = UNATTENDED[stand.client]
    if is_managed:
        stand = managed(stand)
        if stand.client == "codex":
            words = (UNATTENDED["codex"][0], "-c", "features.hooks=false")
    else:
        install(stand)
    turns = case.turns(stand)
    run = stand.run(turns, words, case.prompt, isolated=True)
    if _FAULT in run.printed + run.heard:
        raise GateError(f"the guard failed: {run.printed[-500:]!a}")
    if len(turns) > 1:
        run.require_requests(2)
    return case.result(stand, run)
