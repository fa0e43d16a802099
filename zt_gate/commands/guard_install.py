"""``zt-gate guard install``: pin the policy, and put the guard into a client."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.commands.guard_changes import agreed, print_line
from zt_gate.errors import UsageError
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.guard.install.setup import Setup
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.task import Task
    from zt_gate.policy.schema import Policy

_ADVISES = (
    "Grade: advises. The hooks are in the user's own settings, where the user can"
)
_MAY_CHANGE = "switch them off; others who can write there can do so, too."


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard import clients

    parser.add_argument(
        "--agent",
        action="append",
        required=True,
        choices=clients.names(),
        metavar="NAME",
        help=f"client: {', '.join(clients.names())} (repeatable)",
    )
    parser.add_argument("--task", metavar="NAME", help="task of new sessions")
    parser.add_argument(
        "--everywhere",
        action="store_true",
        help="pin for all repositories without a pin of their own, not only for this one",
    )
    parser.add_argument(
        "--sandbox",
        action="store_true",
        help="also turn on the client's own sandbox, set to fail closed",
    )
    parser.add_argument(
        "--managed",
        action="store_true",
        help="as root: write the settings that a user cannot change",
    )
    parser.add_argument(
        "--program",
        metavar="DIR",
        help="with --managed: where the guard's own program goes (default: /opt/zt-gate)",
    )
    parser.add_argument(
        "--yes", action="store_true", help="write without asking at the terminal"
    )
    parser.add_argument(
        "--check", action="store_true", help="only say what is not as it was installed"
    )
    parser.add_argument("--config", metavar="FILE", help="policy file instead of git's")
    parser.add_argument("--policy-rev", metavar="REV", help="revision of the policy")


def main(options: Namespace) -> int:
    """Show the changes, and write them; 1 if ``--check`` finds any difference.

    Raises GateError, UsageError also where a known agent has started it.
    """
    from zt_gate.guard.places import guard_places

    places = guard_places()
    if options.check:
        return _check(options, places)
    from zt_gate.review.running_agent import refuse_agent

    refuse_agent("guard install", os.environ)
    if not options.task:
        raise UsageError("--task is missing: which task do new sessions have?")
    pinned = _pinned(options)
    task = _task(pinned, options.task)
    if options.managed:
        from zt_gate.commands import guard_managed

        setup = setup_of(places, task, with_sandbox=options.sandbox)
        return guard_managed.install(options, pinned.content, pinned.source, setup)
    return _user(
        options, pinned, places, setup_of(places, task, with_sandbox=options.sandbox)
    )


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The policy that is pinned, as text, and the repository that it is for."""

    policy: Policy
    text: bytes
    source: str
    repository: str
    content: bytes


def _user(
    options: Namespace, pinned: _Pinned, places: GuardPlaces, setup: Setup
) -> int:
    """Write the user's settings of each client, after the pin that their hooks need."""
    from zt_gate.guard.install.record import read_record, write_record
    from zt_gate.guard.install.setup import installer
    from zt_gate.guard.policy import pin

    plans = []
    for name in dict.fromkeys(options.agent):
        record = read_record(places, name) or {}
        plans.append((name, installer(name).install(setup, record)))
    changes = [change for _, plan in plans for change in plan.changes]
    print_line(f"policy: {pinned.source or 'the defaults, no policy file'}")
    if not agreed(changes, yes=options.yes):
        return 1
    path = pin(places, pinned.repository, pinned.content)
    for name, plan in plans:
        for change in plan.changes:
            if change.is_change:
                change.write()
        details = {"task": setup.task.name, "sandbox": setup.with_sandbox}
        interpreter = {"interpreter": setup.interpreter}
        write_record(places, name, {**details, **interpreter, **plan.record})
    where = f"for {pinned.repository}" if pinned.repository else "for every repository"
    print_line(f"pinned {where}: task {setup.task.name}, {path}")
    if pinned.repository:
        print_line(
            "In other repositories the narrowest task holds: reading. To change that,"
            " run this there, or with --everywhere."
        )
    for name, plan in plans:
        for note in plan.notes:
            print_line(f"{name}: {note}")
    print_line(f"{_ADVISES} {_MAY_CHANGE}")
    return 0


def _check(options: Namespace, places: GuardPlaces) -> int:
    """Print every difference; return 1 if there is one."""
    from zt_gate.guard.policy import pinned_policy

    policy = pinned_policy(places, _repository())
    problems: list[str] = []
    if not policy.file:
        problems.append(
            "no policy is pinned for this repository: the narrowest task holds"
        )
    if options.managed:
        from zt_gate.commands import guard_managed

        setup = setup_of(places, _task_of(policy, policy.task))
        problems += guard_managed.problems(options, setup)
    else:
        for name in dict.fromkeys(options.agent):
            problems += _user_problems(name, options.task or "", policy, places)
    for problem in problems:
        print_line(problem)
    if not problems:
        print_line(f"as installed: {', '.join(options.agent)}")
    return 1 if problems else 0


def _user_problems(
    name: str, task: str, policy: GuardPolicy, places: GuardPlaces
) -> tuple[str, ...]:
    from zt_gate.guard.install.record import read_record
    from zt_gate.guard.install.setup import installer

    record = read_record(places, name)
    if record is None:
        return (f"{name}: the guard is not installed for this user",)
    found = _task_of(policy, task or str(record["task"]))
    setup = setup_of(places, found, with_sandbox=bool(record.get("sandbox")))
    return installer(name).problems(setup)


def setup_of(places: GuardPlaces, task: Task, *, with_sandbox: bool = False) -> Setup:
    """Return whom the guard is installed for: the user who runs this."""
    from zt_gate.git.hook_files import python_of_gate
    from zt_gate.guard.install.setup import Setup

    home = os.environ.get("HOME", "")
    return Setup(
        home if os.path.isabs(home) else places.home,
        task,
        os.environ,
        python_of_gate(sys.executable),
        with_sandbox=with_sandbox,
    )


def _repository() -> str:
    """Return the key of the repository around the current folder, "" outside of one."""
    from zt_gate.guard.repository import surroundings

    place = surroundings(str(Path.cwd()))
    return place.key if place.common else ""


def _pinned(options: Namespace) -> _Pinned:
    """Read the policy from the trusted side: a named file, a revision, or HEAD."""
    from zt_gate.guard.install.policy_source import read_policy
    from zt_gate.guard.policy import pin_content

    everywhere = options.everywhere or options.managed
    repository = "" if everywhere else _repository()
    policy, text, source = read_policy(options.config or "", options.policy_rev or "")
    content = pin_content(policy, text, source, options.task)
    return _Pinned(policy, text, source, repository, content)


def _task(pinned: _Pinned, name: str) -> Task:
    from zt_gate.guard.policy import policy_of_pin

    return _task_of(policy_of_pin(pinned.content), name)


def _task_of(policy: GuardPolicy, name: str) -> Task:
    from zt_gate.guard.task import built_in

    return policy.task_named(name, built_in)
