"""``zt-gate guard broker``: keep decisions and log under an account of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard.broker.client import SOCKET
    from zt_gate.guard.broker.service import STATE

    verbs = parser.add_subparsers(
        dest="broker_verb", required=True, metavar="serve | release"
    )
    serve = verbs.add_parser("serve", help="hear hooks until it is stopped")
    serve.add_argument(
        "--socket", metavar="PATH", default=SOCKET, help=f"socket (default: {SOCKET})"
    )
    release = verbs.add_parser("release", help="end a session's containment")
    release.add_argument("user", metavar="USER", help="whose session it is")
    release.add_argument("session", metavar="ID", help="id, or its first characters")
    release.add_argument("--reason", metavar="TEXT", required=True, help="why")
    for verb in (serve, release):
        verb.add_argument(
            "--state", metavar="DIR", default=STATE, help=f"state (default: {STATE})"
        )


def main(options: Namespace) -> int:
    """Serve or release; returns 0.  Raises GateError."""
    from zt_gate.errors import UsageError
    from zt_gate.guard.broker import service

    if options.broker_verb == "serve":
        try:
            service.serve(options.socket, options.state)
        except OSError as error:
            raise UsageError(
                f"the broker cannot listen at {options.socket}: {error.strerror}"
            ) from error
        return 0
    import getpass

    name = service.release(
        options.user, options.session, getpass.getuser(), options.reason, options.state
    )
    print(f"released: {name}")
    return 0
