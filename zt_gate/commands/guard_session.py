"""``zt-gate guard session``: show sessions, contain, release, report and roll back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from zt_gate.commands.person import needs_person, user_name
from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.containment import Containment
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.session.rollback import RollbackPlan

_MOST_STEPS = 200


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    verbs = parser.add_subparsers(
        dest="session_verb",
        required=True,
        metavar="list | show | contain | release | report | report-incident | rollback",
    )
    verbs.add_parser("list", help="list the sessions, the last seen first")
    show = verbs.add_parser("show", help="show what is known of a session")
    contain = verbs.add_parser(
        "contain",
        help="deny everything to a session, end its processes, revoke its tokens",
    )
    release = verbs.add_parser("release", help="end a session's containment")
    report = verbs.add_parser("report", help="write an incident document in Markdown")
    saw = verbs.add_parser(
        "report-incident", help="contain a session, and record what you saw"
    )
    rollback = verbs.add_parser(
        "rollback", help="show how its changes of files would be undone, or undo them"
    )
    for verb in (show, contain, release, report, rollback):
        verb.add_argument("session", metavar="ID", help="id, or its first characters")
    saw.add_argument(
        "session",
        metavar="ID",
        nargs="?",
        help="id, or its first characters (default: the last session of this repository)",
    )
    saw.add_argument("--saw", metavar="TEXT", required=True, help="what you saw")
    saw.add_argument(
        "--no-contain", action="store_true", help="record it, and let the session go on"
    )
    for verb in (report, saw):
        verb.add_argument(
            "--output", metavar="FILE", default="-", help="default: standard output"
        )
    for verb in (show, report):
        verb.add_argument(
            "--html", metavar="FILE", help="write one page with a timeline"
        )
    contain.add_argument(
        "--reason", metavar="TEXT", default="a person contained it", help="why"
    )
    release.add_argument("--reason", metavar="TEXT", required=True, help="why")
    release.add_argument(
        "--key",
        metavar="FILE",
        help="SSH key of a security key that signs the release "
        "(default: ~/.ssh/id_ed25519_sk)",
    )
    rollback.add_argument(
        "--apply", action="store_true", help="do it, after a question at the terminal"
    )


def main(options: Namespace) -> int:
    """Run a verb; returns 0, or 1 if a rollback cannot restore everything.

    Raises GateError.  A release and a rollback need a terminal, and are refused where a
    known agent has started them.
    """
    from zt_gate.guard.places import guard_places

    places = guard_places()
    verb = options.session_verb
    if verb == "list":
        return _list(places)
    if verb == "show":
        return _show(places, options)
    if verb == "contain":
        return _contain(places, options.session, options.reason)
    if verb == "release":
        return _release(options)
    if verb == "report":
        return _report(places, options)
    if verb == "report-incident":
        return _report_incident(places, options)
    return _rollback(places, options)


def _list(places: GuardPlaces) -> int:
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.session import listing
    from zt_gate.reports.escape import visible

    return print_lines(visible(line) for line in listing.session_lines(places))


def _show(places: GuardPlaces, options: Namespace) -> int:
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.session import listing
    from zt_gate.reports.escape import visible

    if options.html:
        return _page(places, options)
    lines = listing.shown_session(places, options.session)
    return print_lines(visible(line) for line in lines)


def _page(places: GuardPlaces, options: Namespace) -> int:
    from zt_gate.guard.session.account import account_of, found_session
    from zt_gate.guard.session.page import session_page
    from zt_gate.reports.write import write

    account = account_of(places, found_session(places, options.session))
    write(options.html, session_page(account))
    print(f"written: {options.html}")
    return 0


def _contain(places: GuardPlaces, name: str, reason: str) -> int:
    from zt_gate.guard.session.containment import contain

    session, done = contain(places, name, user_name(), reason, os.environ)
    print(f"contained: {session.id}. Everything is denied until it is released.")
    print(f"ended: {done.processes} processes")
    print(f"tokens: {done.tokens}")
    return _told(done)


def _told(done: Containment) -> int:
    """Say what a containment could not do; return the exit code."""
    from zt_gate.reports.escape import visible

    for problem in done.problems:
        print(f"zt-gate: {visible(problem)}", file=sys.stderr)
    return 3 if done.problems else 0


def _release(options: Namespace) -> int:
    from zt_gate.guard.keepers import broker_of
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.session.release import release

    needs_person("guard session", "release")
    if broker_of(guard_places()) is not None:
        raise UsageError(
            "a broker keeps the sessions of this machine, and its administrator releases"
            " them; see zt-gate guard broker --help"
        )
    name = release(
        options.session,
        guard_places(),
        os.environ,
        by=user_name(),
        reason=options.reason,
        key=options.key or "",
        ask=input,
    )
    print(f"released: {name}")
    return 0


def _report(places: GuardPlaces, options: Namespace) -> int:
    if options.html:
        return _page(places, options)
    return _document(places, options.session, options.output)


def _document(places: GuardPlaces, name: str, output: str) -> int:
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.session.account import account_of, found_session
    from zt_gate.guard.session.incident import incident_document
    from zt_gate.reports.write import write

    account = account_of(places, found_session(places, name))
    text = incident_document(account, places, history_of(places).last_hash())
    if output == "-":
        print(text, end="")
        return 0
    write(output, text.encode("utf-8", "replace"))
    print(f"written: {output}")
    return 0


def _report_incident(places: GuardPlaces, options: Namespace) -> int:
    from zt_gate.guard.keepers import history_of
    from zt_gate.guard.masked_text import masked
    from zt_gate.guard.session.account import found_session, last_session
    from zt_gate.guard.session.containment import contain

    session = (
        found_session(places, options.session)
        if options.session
        else last_session(places, os.getcwd())
    )
    entry = {
        "event": "incident",
        "by": user_name(),
        "saw": masked(options.saw),
    }
    code = 0
    if not options.no_contain:
        by = user_name()
        reason = f"{by} reported an incident"
        session, done = contain(places, session.id, by, reason, os.environ)
        print(f"contained: {session.id}", file=sys.stderr)
        code = _told(done)
    history_of(places).note(session, entry)
    return _document(places, session.id, options.output) or code


def _rollback(places: GuardPlaces, options: Namespace) -> int:
    from zt_gate.guard.session import rollback
    from zt_gate.guard.session.account import found_session

    if options.apply:
        needs_person("guard session", "rollback --apply")
    session = found_session(places, options.session)
    plan = rollback.plan(places, session)
    _print_plan(plan)
    is_whole = len(plan.changes) == len(plan.steps)
    if not plan.changes:
        return 0 if is_whole else 1
    if not options.apply:
        print(
            f"Nothing was changed. To do it: zt-gate guard session rollback {session.id} --apply"
        )
        return 0 if is_whole else 1
    _check_ended(session)
    digits = session.id[:4]
    if input(f"type {digits} to change {len(plan.changes)} files: ") != digits:
        raise UsageError("nothing was changed: the digits do not match")
    done = rollback.apply(places, session, plan)
    changed = [step for step in done.steps if step.action != "cannot"]
    print(f"{len(changed)} files changed. What they were is in {done.saved}")
    then = plan.snapshot.head
    if then:
        print(f"Branches are as they were. At the beginning HEAD was {then}.")
    return 0 if len(changed) == len(done.steps) else 1


def _print_plan(plan: RollbackPlan) -> None:
    from zt_gate.reports.escape import visible

    for step in plan.steps[:_MOST_STEPS]:
        print(f"{step.action:<8}{visible(step.path)}: {visible(step.reason)}")
    if len(plan.steps) > _MOST_STEPS:
        print(f"and {len(plan.steps) - _MOST_STEPS} more")
    left = len(plan.steps) - len(plan.changes)
    print(f"{len(plan.changes)} files would change, {left} cannot be restored")
    if plan.snapshot.problem:
        print(f"The snapshot is not complete: {visible(plan.snapshot.problem)}")


def _check_ended(session: Session) -> None:
    """Refuse while the session could write at the same time; raises UsageError."""
    from zt_gate.guard.session.records import is_running_process

    is_running = any(is_running_process(key) for key in session.processes)
    if is_running and (not session.contained or session.release):
        raise UsageError(
            f"the session still runs. First: zt-gate guard session contain {session.id}"
        )
