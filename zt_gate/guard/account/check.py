"""What of an account is not as its plan says, and what else it could reach."""

from __future__ import annotations

import os
import pwd
import stat
from typing import TYPE_CHECKING

from zt_gate.guard.account.apply import account_of, for_each, groups_of, wanted
from zt_gate.guard.account.plan import Grant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.account.plan import AccountPlan

#: Of the person's home what no account may read.
_CREDENTIALS = (
    ".ssh", ".aws", ".gnupg", ".netrc", ".git-credentials", ".config/gh", ".kube",
    ".docker", ".npmrc", ".pypirc", ".claude", ".codex", ".local/state/zt-gate",
)  # fmt: skip

_WRITES = frozenset((Grant.WRITE, Grant.ADD))


def differences(plan: AccountPlan) -> Iterator[str]:
    """Yield what is not as it should be, one sentence each; raises AccountError.

    What the checking user may not look at is a difference, too: it was not seen.
    """
    user = account_of(plan)
    if user is None:
        yield f"there is no account {plan.name}: run guard account --apply as root"
        return
    for group in groups_of(user):
        yield f"{plan.name} is in the group {group}, which the plan does not give it"
    yield from _password(plan.name)
    yield from _files(plan, user)
    yield from _way_in(plan, user)
    yield from _owner_files(plan, user)


def _password(name: str) -> Iterator[str]:
    try:
        with open("/etc/shadow", encoding="utf-8", errors="replace") as file:
            lines = [line.split(":") for line in file]
    except OSError:
        return  # root alone can look, and root made it without one
    fields = next((one for one in lines if one[0] == name), None)
    if fields is not None and not fields[1].startswith(("!", "*")):
        yield f"{name} has a password"


def _files(plan: AccountPlan, user: pwd.struct_passwd) -> Iterator[str]:
    found: list[str] = []

    def compare(_handle: int, path: str, info: os.stat_result) -> None:
        if info.st_uid == user.pw_uid and plan.grant_of(path) in _WRITES:
            return  # its own work, until the person takes it over
        group, mode = wanted(plan, path, info, user)
        now = stat.S_IMODE(info.st_mode)
        if (info.st_gid, now) != (group, mode):
            grant = plan.grant_of(path)
            found.append(
                f"{path}: group {info.st_gid}, mode {now:04o}; "
                f"should be group {group}, mode {mode:04o} ({grant.value})"
            )

    for top in plan.tops():
        for_each(top, {plan.owner, user.pw_uid}, compare)
        yield from _of_others(plan, top, user)
    yield from found


def _of_others(plan: AccountPlan, top: str, user: pwd.struct_passwd) -> Iterator[str]:
    """Yield what another user owns: its modes were not set."""
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            path = os.path.join(folder, name)
            info = os.lstat(path)
            if stat.S_ISLNK(info.st_mode) or info.st_uid in {plan.owner, user.pw_uid}:
                continue
            grant = plan.grant_of(path)
            reads, writes = _can(info, user)
            if (reads and grant is Grant.NONE) or (
                writes and grant in {Grant.NONE, Grant.READ}
            ):
                yield f"{path} belongs to user {info.st_uid}, and {plan.name} reaches it"


def _way_in(plan: AccountPlan, user: pwd.struct_passwd) -> Iterator[str]:
    """Yield the folders above the project that the account cannot pass through."""
    folder = os.path.dirname(plan.root)
    while True:
        info = os.stat(folder)
        bit = 0o100 if info.st_uid == user.pw_uid else 0o001
        if info.st_gid == user.pw_gid:
            bit = 0o010
        if not info.st_mode & bit:
            yield (
                f"{plan.name} cannot pass through {folder}: move the project, for "
                f"example below /srv, or allow it with: setfacl -m u:{plan.name}:x {folder}"
            )
        if folder == os.sep:
            return
        folder = os.path.dirname(folder)


def _owner_files(plan: AccountPlan, user: pwd.struct_passwd) -> Iterator[str]:
    """Yield the person's credentials that the account can read."""
    try:
        home = pwd.getpwuid(plan.owner).pw_dir
        passes = bool(os.stat(home).st_mode & 0o001)
    except (KeyError, OSError):
        return
    for name in _CREDENTIALS if passes else ():
        path = os.path.join(home, name)
        try:
            info = os.stat(path)
        except OSError:
            continue
        if _can(info, user)[0]:
            yield f"{plan.name} can read {path}: run chmod o-rwx {path}"


def _can(info: os.stat_result, user: pwd.struct_passwd) -> tuple[bool, bool]:
    """Return whether an account can read and write what another user owns."""
    shift = 3 if info.st_gid == user.pw_gid else 0
    return bool(info.st_mode >> shift & 4), bool(info.st_mode >> shift & 2)
