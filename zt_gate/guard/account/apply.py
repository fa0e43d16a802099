"""Makes an account and gives its group what a plan says, as root.

The tree belongs to a user, who could put a link where a folder was.  So every file is
opened without following links, from its folder's descriptor, and only what belongs to the
project's owner or to the account is changed.
"""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError
from zt_gate.guard.account.plan import HOMES, SHELL, Grant, mode_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zt_gate.guard.account.plan import AccountPlan

_USERADD = "/usr/sbin/useradd"
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class AccountError(GateError):
    """The account cannot be made or given its rights; the text says why."""


def apply(plan: AccountPlan) -> int:
    """Make the account if there is none, and set groups and modes; returns how many.

    What the account made becomes the person's.  Raises UsageError without root's rights,
    and AccountError.
    """
    if os.geteuid() != 0:
        raise UsageError("guard account --apply needs root: run it with sudo")
    user = account_of(plan) or _made(plan)
    changed = 0

    def set_one(handle: int, path: str, info: os.stat_result) -> None:
        nonlocal changed
        group, mode = wanted(plan, path, info, user)
        now = info.st_uid, info.st_gid, stat.S_IMODE(info.st_mode)
        if now == (plan.owner, group, mode):
            return
        os.fchown(handle, plan.owner, group)
        os.fchmod(handle, mode)
        changed += 1

    for top in plan.tops():
        for_each(top, {plan.owner, user.pw_uid}, set_one)
    return changed


def wanted(
    plan: AccountPlan, path: str, info: os.stat_result, user: pwd.struct_passwd
) -> tuple[int, int]:
    """Return the group and mode that a file or folder should have."""
    grant = plan.grant_of(path)
    group = user.pw_gid
    if grant is Grant.NONE:
        group = pwd.getpwuid(plan.owner).pw_gid
    return group, mode_for(grant, info)


def account_of(plan: AccountPlan) -> pwd.struct_passwd | None:
    """Return the account, None if there is none; raises AccountError for another one."""
    try:
        user = pwd.getpwnam(plan.name)
    except KeyError:
        return None
    if user.pw_dir != plan.home or user.pw_shell != SHELL or user.pw_uid == 0:
        raise AccountError(
            f"there is an account {plan.name} that zt-gate did not make: its home is "
            f"{user.pw_dir}, its shell {user.pw_shell}"
        )
    return user


def groups_of(user: pwd.struct_passwd) -> list[str]:
    """Return the names of the groups of an account besides its own."""
    return [
        entry.gr_name
        for entry in grp.getgrall()
        if user.pw_name in entry.gr_mem and entry.gr_gid != user.pw_gid
    ]


def for_each(
    top: str, owners: set[int], hear: Callable[[int, str, os.stat_result], None]
) -> None:
    """Call ``hear`` with a descriptor, path and status of all files of these owners.

    Links, and what is neither file nor folder, are left out.
    """
    for folder, names, files, handle in os.fwalk(top, follow_symlinks=False):
        if folder == top:
            _hear(handle, folder, owners, hear)
        for name in (*names, *files):
            with suppress(OSError):
                one = os.open(name, _OPEN, dir_fd=handle)
                try:
                    _hear(one, os.path.join(folder, name), owners, hear)
                finally:
                    os.close(one)


def _hear(
    handle: int,
    path: str,
    owners: set[int],
    hear: Callable[[int, str, os.stat_result], None],
) -> None:
    info = os.fstat(handle)
    is_plain = stat.S_ISDIR(info.st_mode) or stat.S_ISREG(info.st_mode)
    if is_plain and info.st_uid in owners:
        hear(handle, path, info)


def _made(plan: AccountPlan) -> pwd.struct_passwd:
    if not os.access(_USERADD, os.X_OK):
        raise AccountError(f"{_USERADD} is not there: accounts are made with it")
    words = [_USERADD, *_options(plan), plan.name]
    try:
        done = subprocess.run(words, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise AccountError(f"{_USERADD} failed: {error}") from error
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip()
        raise AccountError(f"the account {plan.name} was not made: {reason}")
    user = pwd.getpwnam(plan.name)
    try:
        os.makedirs(HOMES, 0o711, exist_ok=True)
        os.makedirs(plan.home, 0o700, exist_ok=True)
        os.chown(plan.home, user.pw_uid, user.pw_gid, follow_symlinks=False)
        os.chmod(plan.home, 0o700)
    except OSError as error:
        raise AccountError(
            f"{plan.home} cannot be made: {error.strerror}. Remove the account: "
            f"userdel {plan.name}"
        ) from error
    return user


def _options(plan: AccountPlan) -> Iterator[str]:
    yield from ("--system", "--user-group", "--no-create-home")
    yield from ("--home-dir", plan.home, "--shell", SHELL)
