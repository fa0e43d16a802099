"""``zt-gate guard mcp``: pin MCP servers, and start local ones in the sandbox."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from zt_gate.errors import GateError, UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from zt_gate.guard.mcp.compare import ServerProject
    from zt_gate.guard.mcp.definitions import ServerDefinition
    from zt_gate.guard.mcp.start import ServerTools
    from zt_gate.guard.mcp.tools import ToolText
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy

_NOT_STARTED = 3


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    verbs = parser.add_subparsers(
        dest="mcp_verb", required=True, metavar="list | review | forget | run"
    )
    verbs.add_parser("list", help="list the servers of all clients, and their state")
    review = verbs.add_parser("review", help="look at a server, and pin it")
    forget = verbs.add_parser("forget", help="remove the pin of a server")
    run = verbs.add_parser(
        "run",
        help="start a pinned server in the sandbox; a client's settings name this",
    )
    for verb in (review, forget, run):
        verb.add_argument(
            "name", metavar="NAME", help="the server, as settings name it"
        )
    review.add_argument("--reason", metavar="TEXT", help="why it is used")
    review.add_argument(
        "--key",
        metavar="FILE",
        help="SSH key of a security key that signs the review "
        "(default: ~/.ssh/id_ed25519_sk)",
    )
    review.add_argument(
        "--no-start",
        action="store_true",
        help="do not start the server: its tools are not read",
    )
    review.add_argument(
        "--accept-remarks", action="store_true", help="pin it despite the remarks"
    )
    for verb in (review, run):
        verb.add_argument(
            "--no-sandbox", action="store_true", help="start the server without sandbox"
        )
        verb.add_argument("--task", metavar="NAME", help="the sandbox's task")
    run.add_argument(
        "command",
        nargs=argparse.REMAINDER,
        metavar="-- COMMAND",
        help="the command that starts the server",
    )


def main(options: Namespace) -> int:
    """Run a verb; ``list`` returns 1 if a server is not pinned.  Raises GateError."""
    from zt_gate.guard.mcp.compare import ServerProject
    from zt_gate.guard.places import guard_places
    from zt_gate.guard.policy import pinned_policy
    from zt_gate.guard.repository import surroundings

    places = guard_places()
    place = surroundings(os.getcwd())
    project = ServerProject(place.root, place.key, os.environ.get("PATH", ""))
    policy = pinned_policy(places, place.key)
    if options.mcp_verb == "list":
        return _list(project, places, policy)
    if options.mcp_verb == "forget":
        return _forget(options.name, project, places)
    if options.mcp_verb == "review":
        return _review(options, project, places, policy)
    return _run(options, project, places, policy)


def _list(project: ServerProject, places: GuardPlaces, policy: GuardPolicy) -> int:
    from zt_gate.commands.listing import print_lines
    from zt_gate.guard.mcp.review import listed
    from zt_gate.reports.escape import visible

    rows = list(listed(project, places, policy))
    lines = [
        f"{state:<10}{server.name}, in {server.file}: {reason}"
        for server, state, reason in rows
    ]
    print_lines(visible(line) for line in lines or ["no servers in the settings"])
    return 1 if any(state != "pinned" for _, state, _ in rows) else 0


def _forget(name: str, project: ServerProject, places: GuardPlaces) -> int:
    from zt_gate.guard.mcp import pins

    scopes = [server.scope for server in _named(name, project, places)]
    with pins.opened(places) as known:
        found = [known.remove(name, scope) for scope in scopes]
    if not any(found):
        raise UsageError(f"no pin of a server {name!a}; see: zt-gate guard mcp list")
    print(f"forgotten: {name}")
    return 0


def _review(
    options: Namespace, project: ServerProject, places: GuardPlaces, policy: GuardPolicy
) -> int:
    from zt_gate.commands.listing import print_lines
    from zt_gate.commands.person import needs_person, user_name
    from zt_gate.guard.mcp import review
    from zt_gate.guard.scan import ContentScanner
    from zt_gate.reports.escape import visible

    needs_person("guard mcp", "review")
    scanner = ContentScanner(project.root, policy, places)
    for server in _named(options.name, project, places):
        told = None
        if server.words and not options.no_start:
            told = _told(server, options, project)
        found = review.seen(server, told, project, places, scanner)
        print_lines(visible(line) for line in review.shown(found, places, project))
        if found.remarks and not options.accept_remarks:
            raise UsageError(
                "nothing was pinned: there are remarks. If they are acceptable, add "
                "--accept-remarks"
            )
        review.pin(
            found,
            project,
            places,
            policy,
            os.environ,
            user_name(),
            options.reason or "",
            options.key or "",
            input,
        )
        print(f"pinned: {server.name}")
    return 0


def _named(
    name: str, project: ServerProject, places: GuardPlaces
) -> list[ServerDefinition]:
    from zt_gate.guard.mcp.review import all_definitions

    known = all_definitions(project.root, places.home)
    found = [server for server in known if server.name == name]
    if not found:
        names = ", ".join(sorted({server.name for server in known})) or "none"
        raise UsageError(f"no settings define a server {name!a}; defined: {names}")
    return found


def _told(
    server: ServerDefinition, options: Namespace, project: ServerProject
) -> ServerTools:
    """Start a server as its client would, but in the sandbox, and ask for its tools."""
    from zt_gate.guard.mcp import artifacts, start

    command = artifacts.relayed(server.words) or server.words
    words = list(command)
    if not options.no_sandbox:
        words = start.sandboxed(command, options.task or "")
    folder = os.path.join(project.root, str(server.table.get("cwd") or "."))
    environ = start.environment_of(server.table, os.environ)
    try:
        return start.tools_of(words, folder, environ)
    except start.ServerStartError as error:
        raise UsageError(
            f"{server.name} was not reviewed: {error}. If it cannot run in the sandbox: "
            "--no-sandbox; to pin it without its tools: --no-start"
        ) from error


def _run(
    options: Namespace, project: ServerProject, places: GuardPlaces, policy: GuardPolicy
) -> int:
    """Start the server that is pinned, and carry its messages."""
    from zt_gate.guard.mcp import relay, review, start

    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command or command[0].startswith("-"):
        raise UsageError(
            "give options, the name and the command in this order: "
            "zt-gate guard mcp run [OPTIONS] NAME -- COMMAND"
        )
    try:
        server, tools = _pinned(options.name, command, project, places, policy)
    except GateError as error:
        print(f"zt-gate: {options.name} is not started: {error}", file=sys.stderr)
        return _NOT_STARTED
    words = (
        command if options.no_sandbox else start.sandboxed(command, options.task or "")
    )
    process = start.started(words, os.getcwd(), os.environ)

    def disable(found: list[ToolText]) -> str:
        reason = review.disable(found, server, project.root, places, policy)
        print(f"zt-gate: {reason}", file=sys.stderr)
        return reason

    check = relay.ToolCheck(tools, disable)
    return relay.Relay(process, sys.stdout.buffer, check).run(sys.stdin.buffer)


def _pinned(
    name: str,
    command: list[str],
    project: ServerProject,
    places: GuardPlaces,
    policy: GuardPolicy,
) -> tuple[ServerDefinition, dict[str, str]]:
    """Return the definition that starts this command, and its pinned tools."""
    from zt_gate.guard.mcp import artifacts, compare, pins

    known = pins.read_pins(places)
    problem = "no settings start this command"
    for server in _named(name, project, places):
        if artifacts.relayed(server.words) != tuple(command):
            continue
        pin = known.find(server.name, server.scope)
        if pin is None or pin.tools is None:
            problem = "no person has reviewed it with its tools"
            continue
        problem = compare.problem_of_pin(server, pin, known, project, policy.proof)
        if not problem:
            return server, dict(pin.tools)
    raise UsageError(
        f"{problem}. A person looks at it: zt-gate guard mcp review {name}"
    )
