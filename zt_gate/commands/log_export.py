"""``zt-gate log export``: send the audit log to a receiver, each record at least once."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.audit import chain, export, ocsf, otlp
from zt_gate.errors import UsageError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, BinaryIO

    from zt_gate.audit.export import ExportRecord
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.policy.user_settings import ExportSettings

_FORMATS = ("ocsf", "otlp")
#: Seconds between two looks at the log, and the longest pause after a failure.
_PAUSE = 5.0
_LONGEST_PAUSE = 300.0


def arguments(verb: ArgumentParser) -> None:
    """Declare the options."""
    from zt_gate.guard.places import BROKER_STATE

    verb.description = (
        "Send the records of a log to the receiver that your own settings name "
        "([export.FORMAT] in ~/.config/zt-gate/config.toml). A record that the receiver "
        "has not acknowledged is sent again."
    )
    verb.add_argument("--format", choices=_FORMATS, required=True, help="the format")
    verb.add_argument(
        "--guard",
        action="store_true",
        help="the log of the guard, not that of the runs",
    )
    verb.add_argument(
        "--user",
        metavar="NAME",
        help="with --guard, as root: the log that the broker keeps of a user",
    )
    verb.add_argument(
        "--broker-state",
        metavar="DIR",
        default=BROKER_STATE,
        help="where the broker keeps it (default: %(default)s)",
    )
    verb.add_argument(
        "--follow", action="store_true", help="go on with what is written later"
    )
    verb.add_argument(
        "--from-start", action="store_true", help="send what was sent before, too"
    )
    verb.add_argument(
        "--print",
        action="store_true",
        help="write all records to standard output, and send nothing",
    )


def main(options: Namespace, log_file: Callable[[], Path]) -> int:
    """Export, and return 0; ``log_file`` returns the log of the runs.

    Raises UsageError, LogError and ReceiverError; what was not acknowledged is sent by
    the next call.
    """
    from zt_gate.audit import receiver
    from zt_gate.guard.places import guard_places

    if options.guard and options.file:
        raise UsageError("give --guard or a FILE, not both: each names a log")
    places = guard_places()
    kept = places
    if options.user is not None:
        if not options.guard:
            raise UsageError("--user is for --guard: the log of the runs is the user's")
        kept = _broker_places(options.user, options.broker_state, places)
    path = None if options.guard else log_file()
    encoded = _encoder(options.format)
    if options.print:
        with _opened(kept, path) as log:
            for group in export.batches(export.records(log.files, None)):
                sys.stdout.buffer.write(encoded(group))
        sys.stdout.flush()
        return 0
    settings = _settings(places, options.format)
    name = settings.url or settings.file
    source = str(path) if path else kept.logs
    cursor = _cursor_file(places, f"{options.format}\0{name}\0{source}")
    send = receiver.sender(
        settings.url,
        settings.file,
        _token(settings),
        _MEDIA_TYPES[options.format],
        is_otlp=options.format == "otlp",
    )
    with export.only_exporter(cursor):
        if options.from_start and os.path.lexists(cursor):
            os.unlink(cursor)

        def once() -> int:
            with _opened(kept, path) as log:
                found = export.records(log.files, export.read_cursor(cursor))
                return export.export(found, lambda group: send(encoded(group)), cursor)

        if options.follow:
            return _follow(once)
        print(f"{once()} records exported")
    return 0


def _broker_places(user: str, state: str, own: GuardPlaces) -> GuardPlaces:
    """Return where the broker keeps the log of a user; raises UsageError.

    Only root and the broker's account can read it.
    """
    import pwd

    from zt_gate.record import replace

    try:
        user_id = pwd.getpwnam(user).pw_uid
    except KeyError:
        raise UsageError(f"unknown user {user!a}") from None
    places = replace(own, state=os.path.join(state, str(user_id)), user_id=user_id)
    # Nothing is made there: the broker could not open what belongs to root.
    if not os.path.exists(os.path.join(places.logs, ".lock")):
        raise UsageError(
            f"there is no log of {user!a} in {places.logs} to be read here"
        )
    return places


def _follow(once: Callable[[], int]) -> int:
    """Export for ever; a receiver that is down is tried again, with longer pauses."""
    from zt_gate.audit.receiver import ReceiverError

    pause = _PAUSE
    while True:
        try:
            once()
            pause = _PAUSE
        except ReceiverError as error:
            print(f"zt-gate: {error}; next try in {pause:g} s", file=sys.stderr)
            pause = min(pause * 2, _LONGEST_PAUSE)
        time.sleep(pause)


class _Log(ExitStack):
    """The open files of a log."""

    files: Sequence[tuple[str, BinaryIO]] = ()


def _opened(places: GuardPlaces, path: Path | None) -> _Log:
    from zt_gate.guard import log

    found = _Log()
    if path is None:
        found.files = log.opened_files(places)
    elif path.exists():
        found.files = [(str(path), chain.open_to_read(path))]
    for _, file in found.files:
        found.enter_context(file)
    return found


_MEDIA_TYPES = {"ocsf": ocsf.MEDIA_TYPE, "otlp": otlp.MEDIA_TYPE}


def _encoder(name: str) -> Callable[[list[ExportRecord]], bytes]:
    """Return what writes records in a format, with secrets masked."""
    masked = _masker()

    def encoded(group: list[ExportRecord]) -> bytes:
        lines = masked([record.line for record in group])
        found: list[tuple[Mapping[str, Any], str]] = [
            (json.loads(text), record.hash)
            for text, record in zip(lines, group, strict=True)
        ]
        if name == "otlp":
            return otlp.request(found)
        return b"".join(ocsf.line(entry, own_hash) for entry, own_hash in found)

    return encoded


def _masker() -> Callable[[list[str]], list[str]]:
    """Return what replaces credentials in lines: the log should have none, so twice."""
    from zt_gate import rulebook
    from zt_gate.scanners.secrets.single_text import scan_formats

    rules = rulebook.load("secrets")

    def masked(lines: list[str]) -> list[str]:
        data = "\n".join(lines).encode("ascii")
        found = scan_formats(data, b"log.jsonl", rules)
        values = {value for finding in found for value in finding.secrets if value}
        for value in sorted(values, key=len, reverse=True):
            inner = json.dumps(value)[1:-1]
            lines = [line.replace(inner, "[masked]") for line in lines]
        return lines

    return masked


def _settings(places: GuardPlaces, name: str) -> ExportSettings:
    from zt_gate.guard.repository import surroundings
    from zt_gate.policy import user_settings

    path = Path(places.home, ".config", "zt-gate", "config.toml")
    if path.exists():
        place = surroundings(os.getcwd())
        # Without a repository there is none that could have brought the file.
        root = place.root if place.common else places.state
        found = user_settings.load(path, Path(root)).exports.get(name)
        if found is not None:
            return found
    raise UsageError(
        f'no receiver: write [export.{name}] with url = "https://…" or file = "/…" into '
        f"{path}; to see the records: --print"
    )


def _token(settings: ExportSettings) -> str:
    if not settings.token_variable:
        return ""
    token = os.environ.get(settings.token_variable, "")
    if not token.isprintable() or not token:
        raise UsageError(f"the variable {settings.token_variable} has no token")
    return token


def _cursor_file(places: GuardPlaces, about: str) -> str:
    from zt_gate.system.digests import sha256

    folder = os.path.join(os.path.dirname(places.state), "export")
    return os.path.join(folder, f"{sha256(os.fsencode(about))[:32]}.json")
