"""``zt-gate guard check``: judge a text or a command as the guard would, now."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.guard.action import Action
    from zt_gate.guard.decision import Concern

_MAX_BYTES = 1 << 20


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "text", metavar="TEXT", help="what to judge; - for standard input"
    )
    parser.add_argument(
        "--command", action="store_true", help="the text is a command for a shell"
    )
    parser.add_argument(
        "--task", metavar="NAME", help="task (default: the one that is pinned)"
    )


def main(options: Namespace) -> int:
    """Print what speaks against the text; 1 if the guard would deny it or ask.

    Raises GateError.
    """
    from zt_gate.guard.action import RunCommand
    from zt_gate.guard.decision import Answer, decide
    from zt_gate.reports.escape import visible

    text = _text(options.text)
    folder = os.getcwd()
    if not options.command:
        return _output(text, options.task or "develop")
    decision = decide(_judged(RunCommand(text, folder), folder, options.task or ""))
    for concern in decision.concerns:
        print(f"{concern.answer}  {concern.control}: {visible(concern.reason)}")
        if concern.next_step:
            print(f"      {visible(concern.next_step)}")
    if decision.answer is Answer.SILENT:
        print("nothing speaks against it; the guard leaves it to the client")
        return 0
    return 1


def _output(text: str, task: str) -> int:
    """Judge a text as ``zt_gate.api.verify_output`` does: its commands as well."""
    from zt_gate.guard.checks import verify_output
    from zt_gate.reports.escape import visible

    result = verify_output(text, {"task": task})
    if result.passed:
        print("nothing speaks against it")
        return 0
    print(f"deny  {visible(result.reason)}")
    return 1


def _text(word: str) -> str:
    from zt_gate.errors import UsageError

    if word != "-":
        return word
    data = sys.stdin.buffer.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise UsageError("the text is longer than 1 MB")
    return data.decode("utf-8", "surrogateescape")


def _judged(action: Action, folder: str, task: str) -> tuple[Concern, ...]:
    """Return the concerns of the guard's own judges, without a session of a client."""
    from zt_gate.guard.action import AgentEvent
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.judge import EventJudge
    from zt_gate.guard.own_paths import own_paths
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.policy import pinned_policy
    from zt_gate.guard.repository import own_branch, surroundings
    from zt_gate.guard.scan import ContentScanner
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.task import built_in

    places = guard_places()
    place = surroundings(folder)
    policy = pinned_policy(places, place.key)
    context = GuardContext(
        root=place.root,
        home=places.home,
        task=policy.task_named(task or policy.task, built_in),
        environ=os.environ,
        own_paths=own_paths(places, place.root),
        branch=own_branch(place),
    )
    now = time.time()
    event = AgentEvent("check", "check", "", folder, (action,))
    session = Session("check", place.root, place.key, context.task.name, now, now)
    scanner = ContentScanner(place.root, policy, places)
    return EventJudge((context,), session, scanner).judge(event)[0]
