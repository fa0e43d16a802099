"""Which account a task gets in a project, and what its group may do with each file.

The person stays the owner of everything.  The account's group may read the project and
change what the task allows.  What is restricted belongs to the person's group again.  A
folder with something protected in it is sticky, so that the account can rename and
remove in it only what it made itself.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from enum import Enum
from typing import TYPE_CHECKING

from zt_gate.guard.sandbox.rights import rights_of
from zt_gate.record import dataclass, replace
from zt_gate.system.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.task import Task

#: Below it each account has a home of its own.
HOMES = "/var/lib/zt-gate-agents"
SHELL = "/usr/sbin/nologin"
_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST_TASK = 16


class Grant(Enum):
    """What the account may do with a file or folder."""

    READ = "read"
    WRITE = "write"
    #: As WRITE for a folder, but it renames and removes only what it made.
    ADD = "add to"
    NONE = "nothing"


@dataclass(frozen=True, slots=True)
class GrantStep:
    """From a path on downwards something holds, until a later step says otherwise."""

    path: str
    grant: Grant

    def covers(self, path: str) -> bool:
        """Whether a path is this one or below it; ADD is for the folder itself."""
        if self.grant is Grant.ADD:
            return path == self.path
        return path == self.path or path.startswith(self.path + os.sep)


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """An account of a project, and its steps; ``root`` is the project's real path."""

    name: str
    root: str
    owner: int
    steps: tuple[GrantStep, ...]

    @property
    def home(self) -> str:
        """The account's home."""
        return f"{HOMES}/{self.name}"

    def grant_of(self, path: str) -> Grant:
        """Return what holds for a path."""
        fitting = [step.grant for step in self.steps if step.covers(path)]
        return fitting[-1] if fitting else Grant.NONE

    def tops(self) -> list[str]:
        """Return the folders below which everything is covered: project and repository."""
        paths = {step.path for step in self.steps}
        return sorted(
            path
            for path in paths
            if not any(path.startswith(other + os.sep) for other in paths)
        )


def account_plan(task: Task, root: str) -> AccountPlan:
    """Return the account of a task in the project at ``root``, a real path.

    Raises TooManyHiddenPathsError.
    """
    rights = rights_of(task, root, root, {}, "/nonexistent")
    repository = next((path for path in rights.writable if _is_repository(path)), "")
    written = [path for path in rights.writable if path != repository]
    protected = [path for path in rights.read_only if path != root]
    if repository:
        # Who can write in a repository can put other hooks into it.
        inside = repository + os.sep
        protected = [path for path in protected if not path.startswith(inside)]
        protected.append(repository)
    steps = [GrantStep(root, Grant.READ)]
    steps += [GrantStep(path, Grant.WRITE) for path in written]
    steps += [GrantStep(path, Grant.READ) for path in protected]
    steps += [GrantStep(path, Grant.NONE) for path in rights.hidden]
    folders = {
        folder
        for path in (*protected, *rights.hidden)
        for folder in _folders_above(path, root)
    }
    owner = os.stat(root).st_uid
    base = AccountPlan(account_name(task.name, root), root, owner, tuple(steps))
    added = [
        GrantStep(folder, Grant.ADD)
        for folder in sorted(folders)
        if base.grant_of(folder) is Grant.WRITE
    ]
    return replace(base, steps=(*steps, *added))


def account_name(task: str, root: str) -> str:
    """Return the account's name: one for each task in each project."""
    short = _NAME.sub("-", task.lower()).strip("-")[:_LONGEST_TASK].strip("-")
    return f"zt-{short or 'task'}-{sha256(os.fsencode(root))[:6]}"


def mode_for(grant: Grant, info: os.stat_result) -> int:
    """Return the mode of a file or folder: the owner's part stays, others write nothing."""
    mode = stat.S_IMODE(info.st_mode)
    is_folder = stat.S_ISDIR(info.st_mode)
    owner, others = mode & 0o700, mode & 0o005
    if grant is Grant.NONE:
        return owner | (mode & 0o050)
    if grant is Grant.READ:
        # What is made in a folder later gets its group, so that it can be read, too.
        return owner | (owner >> 3 & 0o050) | others | (0o2000 if is_folder else 0)
    group = owner >> 3
    if not is_folder:
        return owner | group | others
    return owner | group | others | (0o3000 if grant is Grant.ADD else 0o2000)


def commands(plan: AccountPlan) -> Iterator[str]:
    """Yield the commands of a shell that do the same, for reading and for other tools."""
    name = shlex.quote(plan.name)
    home = shlex.quote(plan.home)
    yield f"install -d -o root -g root -m 711 {HOMES}"
    yield (
        f"useradd --system --user-group --no-create-home --home-dir {home} "
        f"--shell {SHELL} {name}"
    )
    yield f"install -d -o {name} -g {name} -m 700 {home}"
    for step in plan.steps:
        path = shlex.quote(step.path)
        if step.grant is Grant.READ:
            yield f"chgrp -hR {name} {path} && chmod -R g=rX,o-w {path}"
            yield f"find {path} -type d -exec chmod g+s {{}} +"
        elif step.grant is Grant.WRITE:
            yield f"chmod -R g=u {path} && find {path} -type d -exec chmod g+s {{}} +"
        elif step.grant is Grant.ADD:
            yield f"chmod +t {path}"
        else:
            yield f'chgrp -hR "$(id -g {plan.owner})" {path} && chmod -R g-ws,o= {path}'


def _is_repository(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD"))


def _folders_above(path: str, root: str) -> Iterator[str]:
    folder = os.path.dirname(path)
    while folder == root or folder.startswith(root + os.sep):
        yield folder
        folder = os.path.dirname(folder)
