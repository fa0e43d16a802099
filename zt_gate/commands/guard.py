"""``zt-gate guard``: the gate's checks at the moment an agent acts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

#: Verb, module with ``arguments(parser)`` and ``main(options) -> int``, one-line help.
VERBS = (
    ("install", "zt_gate.commands.guard_install", "put the guard into a client"),
    ("uninstall", "zt_gate.commands.guard_uninstall", "take the guard out of a client"),
    (
        "import",
        "zt_gate.commands.guard_import",
        "turn other permission files into tasks",
    ),
    ("hook", "zt_gate.commands.guard_hook", "answer one event of a client"),
    ("check", "zt_gate.commands.guard_check", "judge a text or a command"),
    (
        "permissions",
        "zt_gate.commands.guard_permissions",
        "review what agents may do here",
    ),
    (
        "capabilities",
        "zt_gate.commands.guard_capabilities",
        "show how far each control holds, by client",
    ),
    ("exec", "zt_gate.commands.guard_exec", "run a command in the sandbox of a task"),
    (
        "account",
        "zt_gate.commands.guard_account",
        "give a task a restricted user account",
    ),
    (
        "mcp",
        "zt_gate.commands.guard_mcp",
        "pin MCP servers, and start them in the sandbox",
    ),
    ("report", "zt_gate.commands.guard_report", "summarize the guard's log"),
    (
        "session",
        "zt_gate.commands.guard_session",
        "show, contain, release, report and roll back sessions",
    ),
    (
        "posture",
        "zt_gate.commands.guard_posture",
        "say which level of protection this repository has",
    ),
    (
        "broker",
        "zt_gate.commands.guard_broker",
        "keep decisions and log under an account of its own",
    ),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare the verbs with their options."""
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar=" | ".join(name for name, _, _ in VERBS)
    )
    for name, module, summary in VERBS:
        verb = verbs.add_parser(name, help=summary, allow_abbrev=False)
        import_module(module).arguments(verb)


def main(options: Namespace) -> int:
    """Run a verb; return its exit code.  Raises GateError."""
    module = {name: module for name, module, _ in VERBS}[options.verb]
    code: int = import_module(module).main(options)
    return code
