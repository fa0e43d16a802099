"""``zt-gate guard posture``: which level of protection this repository has."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from zt_gate.doctor.check import Check
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.posture import Friction, Need

_DAYS = 30


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--at-least",
        type=int,
        choices=range(5),
        metavar="N",
        help="exit with 1 below this level",
    )


def main(options: Namespace) -> int:
    """Print the level; 1 if it is below ``--at-least``.  Raises GateError."""
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.posture import (
        last_drill,
        last_review,
        posture_lines,
        posture_of,
    )
    from zt_gate.guard.repository import surroundings
    from zt_gate.reports.escape import visible

    places = guard_places()
    root = surroundings(os.getcwd()).root
    today = time.strftime("%Y-%m-%d", time.gmtime())
    friction, problem = _friction(places)
    needs = tuple(_needs(places, friction, problem))
    reviewed = last_review(places, root, _permitted(root, places))
    found = posture_of(needs, friction, reviewed, last_drill(places), today)
    if options.json:
        print(json.dumps(found.as_table(), indent=2))
    else:
        print_lines(visible(line) for line in posture_lines(found))
    return 1 if options.at_least and found.level < options.at_least else 0


def _needs(places: GuardPlaces, friction: Friction, log_problem: str) -> Iterator[Need]:
    from zt_gate.guard.posture import Need

    yield from _configuration(places)
    checks = _doctor()
    hooks = _check(checks, "hooks", "pre-commit")
    yield Need(3, "the gate judges each commit (git hook)", hooks)
    ci = _check(checks, "ci", "workflow")
    yield Need(4, "the gate judges each change in CI", ci)
    if log_problem or not friction.calls:
        log_problem = log_problem or f"no event in {_DAYS} days: work with the guard on"
    yield Need(4, "the guard's log is written, and its chain holds", log_problem)


def _configuration(places: GuardPlaces) -> Iterator[Need]:
    """Yield what levels 1 and 2 need: guarded clients, a policy, a sandbox."""
    from zt_gate.guard import clients
    from zt_gate.guard.install.record import read_record
    from zt_gate.guard.policy import pinned_policy
    from zt_gate.guard.posture import Need
    from zt_gate.guard.repository import surroundings

    policy = pinned_policy(places, surroundings(os.getcwd()).key)
    records = {name: read_record(places, name) for name in clients.names()}
    installed = {name: record for name, record in records.items() if record is not None}
    install = "zt-gate guard install --agent NAME --task develop"
    is_guarded = bool(installed) or policy.is_managed
    yield Need(1, "a client is guarded", "" if is_guarded else install)
    pinned = "" if policy.file and policy.task else install
    yield Need(1, "a policy with a task is pinned", pinned)
    weak = [glob for glob, mode in policy.modes.items() if mode != "enforce"]
    change = f"[guard] modes lets {', '.join(weak[:4])} pass"
    yield Need(1, "every control is enforced", change if weak else "")
    without = [name for name, record in installed.items() if not record.get("sandbox")]
    missing = ""
    if without or not installed:
        agents = " ".join(f"--agent {name}" for name in without) or "--agent NAME"
        task = policy.task or "develop"
        missing = f"zt-gate guard install {agents} --task {task} --sandbox"
    yield Need(2, "the clients' sandbox is on and fails closed", missing)


def _permitted(root: str, places: GuardPlaces) -> list[str]:
    """Return the keys of what settings permit in a project, as reviews name them."""
    from zt_gate.guard.permissions.granted import entries_of
    from zt_gate.guard.permissions.review import key_of

    home = os.environ.get("HOME") or places.home
    found = entries_of(root, home)
    return [key_of(entry) for entry in found if entry.use != "limit"]


def _friction(places: GuardPlaces) -> tuple[Friction, str]:
    """Return the friction in this repository, and why the log does not hold."""
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.posture import Friction, friction_of
    from zt_gate.guard.repository import surroundings

    root = surroundings(os.getcwd()).root
    try:
        now = time.time()
        oldest = time.gmtime(now - _DAYS * 86_400)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", oldest)
        entries = history_of(places).entries(since=since)
        return friction_of(entries, root, _DAYS, now), ""
    except GateError as error:
        return Friction(_DAYS), str(error)


def _doctor() -> tuple[Check, ...]:
    """Return the doctor's checks of hooks and workflows, without the network."""
    from zt_gate import doctor

    try:
        return tuple(
            doctor.examine(Path.cwd(), os.environ, areas=("hooks", "ci"), offline=True)
        )
    except GateError:
        return ()


def _check(checks: tuple[Check, ...], area: str, name: str) -> str:
    """Return what is missing for a check to be ok, "" if it is."""
    for check in checks:
        if (check.area, check.name) == (area, name):
            if check.status == "ok":
                return ""
            return f"{check.message}; {check.fix}".rstrip("; ")
    return "not found; run zt-gate doctor"
