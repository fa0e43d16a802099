"""``zt-gate guard hook``: answer one event of a client.

``python -I -m zt_gate guard hook …`` comes here directly, without argparse: a client waits
for every call of a tool.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

#: Bytes that are read: one more than the longest event tells that it is too long.
_LONGEST = (1 << 20) + 1
_TASK = "--task"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard import clients

    parser.add_argument("client", choices=clients.names(), help="who sends the event")
    parser.add_argument(
        _TASK, metavar="NAME", help="narrow the session's task to this one as well"
    )


def main(options: Namespace) -> int:
    """Answer the event on standard input; 2 denies."""
    return _answer(options.client, options.task or "")


def run_fast(words: Sequence[str]) -> int | None:
    """Answer an event for the words after ``guard hook``; None for other words than usual."""
    if len(words) == 1 and not words[0].startswith("-"):
        return _answer(words[0], "")
    if len(words) == 3 and words[1] == _TASK and not words[0].startswith("-"):
        return _answer(words[0], words[2])
    return None


def _answer(client: str, task: str) -> int:
    import signal

    from zt_gate.syntax.guard_hook import OWN_SECONDS

    # The guard has a deadline of its own.  Where that cannot stop it, this ends the
    # process, and the hook's command denies.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, OWN_SECONDS)
    from zt_gate.guard.hook import handle

    rendered = handle(
        client, _event(), os.environ, task=task, on_contained=_end_session
    )
    _write(1, rendered.stdout)
    _write(2, rendered.stderr)
    return rendered.exit_code


def _end_session(places: GuardPlaces, session: Session) -> None:
    """End a contained session's processes and tokens, after this process has answered."""
    from zt_gate.guard.session.containment import enforce_apart

    enforce_apart(places, session)


def _event() -> bytes:
    """Return the event; what is longer than any may be is read no further."""
    parts = []
    size = 0
    while size < _LONGEST:
        part = os.read(0, min(_LONGEST - size, 1 << 16))
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _write(handle: int, data: bytes) -> None:
    sys.stdout.flush()
    while data:
        data = data[os.write(handle, data) :]
