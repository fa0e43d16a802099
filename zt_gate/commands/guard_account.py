"""``zt-gate guard account``: a restricted user account for a task."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.guard.account.plan import AccountPlan
    from zt_gate.guard.places import GuardPlaces


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.description = (
        "Print the commands that give a task a system account of its own: the account "
        "reads the project, changes what the task allows, and nothing that is restricted."
    )
    parser.add_argument("task", metavar="TASK", help="the task")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--apply", action="store_true", help="as root: make it so, instead of printing"
    )
    what.add_argument(
        "--check", action="store_true", help="say what is not as the commands left it"
    )


def main(options: Namespace) -> int:
    """Print, apply or check; returns 1 if a check found something.  Raises GateError."""
    from zt_gate.guard.account.plan import commands
    from zt_gate.reports.escape import visible

    plan = _plan(options.task, os.getcwd())
    if options.check:
        from zt_gate.guard.account.check import differences

        found = list(differences(plan))
        for line in found:
            print(visible(line))
        print(f"{plan.name}: {len(found)} differences" if found else f"{plan.name}: ok")
        return 1 if found else 0
    if not options.apply:
        for command in commands(plan):
            print(command)
        print(
            f"# then: sudo -u {plan.name} -- COMMAND; as root, --apply does all of it",
            file=sys.stderr,
        )
        return 0
    from zt_gate.guard.account.apply import apply
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent("guard account --apply", os.environ)
    count = apply(plan)
    print(f"{plan.name}: changed group or mode of {count} files and folders")
    print(f"Run commands with: sudo -u {plan.name} -- COMMAND")
    print(f"Check it later with: zt-gate guard account {options.task} --check")
    return 0


def _plan(task_name: str, folder: str) -> AccountPlan:
    from zt_gate.guard.account.plan import account_plan
    from zt_gate.guard.policy import pinned_policy
    from zt_gate.guard.repository import surroundings
    from zt_gate.guard.sandbox.rights import TooManyHiddenPathsError
    from zt_gate.guard.task import built_in

    place = surroundings(folder)
    owner = os.stat(place.root).st_uid
    with _as_user(owner):
        # The person's own pin: with sudo, root has none.
        policy = pinned_policy(_places(owner), place.key)
    task = policy.task_named(task_name, built_in)
    try:
        return account_plan(task, os.path.realpath(place.root))
    except TooManyHiddenPathsError as error:
        raise UsageError(str(error)) from error


def _places(owner: int) -> GuardPlaces:
    from zt_gate.guard.places import guard_places

    try:
        return guard_places()
    except OSError as error:
        raise UsageError(f"the project belongs to user {owner}: {error}") from error


@contextmanager
def _as_user(user: int) -> Iterator[None]:
    """Read as the project's owner where root runs this."""
    if os.geteuid() != 0 or user == 0:
        yield
        return
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)
