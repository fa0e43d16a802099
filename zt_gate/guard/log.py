"""The guard's log: one line of the audit chain for each event of a client.

A line says who (session, user, host, git identity), what (tool, files, programs), and
what was decided and why.  It has no content of a file, and of commands only what
``masked_text`` leaves.  Old files are closed by size and age; the first line of a file
names the one before it with its last hash, so the chain goes on.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

from zt_gate.guard.private_file import locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy

CURRENT = "guard.jsonl"
_DAY = 86_400
#: Days without a line after which old files are not removed at once.
_PAUSE_DAYS = 7
_TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: What a line begins with: ``time`` is the first field of each entry.
_TIME_FIELD = b'{"time":"'


def append(places: GuardPlaces, policy: GuardPolicy, entry: Mapping[str, Any]) -> str:
    """Append a line and return its hash; raises LogError or GuardStateError.

    The line is not logged if it cannot be written whole: the caller must deny then.
    """
    from zt_gate.audit import chain

    folder = os.path.realpath(places.logs)
    current = os.path.join(folder, CURRENT)
    with locked(folder):
        try:
            first = _rotated(folder, current, policy)
        except OSError as error:
            raise chain.LogError(
                f"the log {current} cannot be closed: {error.strerror}"
            ) from error
        if first:
            chain.append(current, first)
        return chain.append(current, {"time": _now(), **entry})


def log_files(places: GuardPlaces) -> list[str]:
    """Return the log's files, the oldest first."""
    folder = os.path.realpath(places.logs)
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    old = sorted(name for name in names if _is_old_file(name))
    current = [CURRENT] if CURRENT in names else []
    return [os.path.join(folder, name) for name in (*old, *current)]


def opened_files(places: GuardPlaces) -> list[tuple[str, BinaryIO]]:
    """Return the log's files, open to be read, the oldest first; raises LogError.

    None of them is closed or removed between two of them.
    """
    from zt_gate.audit import chain

    folder = os.path.realpath(places.logs)
    with locked(folder):
        return [(path, chain.open_to_read(path)) for path in log_files(places)]


def last_hash(places: GuardPlaces) -> str:
    """Return the last hash of the chain, "" if there is no log."""
    files = log_files(places)
    return _last_hash(files[-1]) if files else ""


def read_log(places: GuardPlaces) -> Iterator[dict[str, Any]]:
    """Yield the entries of all files, and check the chain; raises LogError."""
    from zt_gate.audit import chain

    head = ""
    for path in log_files(places):
        with chain.open_to_read(path) as file:
            for entry, own_hash in chain.entries(file):
                if entry.get("event") == "continued":
                    if head and entry.get("after") != head:
                        raise chain.LogError(
                            f"{path} does not follow the file before it: a file was "
                            "removed or changed"
                        )
                else:
                    yield entry
                head = own_hash


def _rotated(folder: str, current: str, policy: GuardPolicy) -> dict[str, Any]:
    """Close a file that is large or old; return the first line of the new one, or {}."""
    try:
        info = os.lstat(current)
    except FileNotFoundError:
        return {}
    if info.st_size < policy.log_megabytes << 20 and not _is_old(current, policy):
        return {}
    head = _last_hash(current)
    closed = sorted(name for name in os.listdir(folder) if _is_old_file(name))
    number = int(closed[-1].split("-")[1]) + 1 if closed else 1
    name = f"guard-{number:08}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.jsonl"
    os.rename(current, os.path.join(folder, name))
    if time.time() - info.st_mtime > _PAUSE_DAYS * _DAY:
        # Nothing was written for long, or the clock was set: then ages mean nothing.
        return {"time": _now(), "event": "continued", "file": name, "after": head}
    oldest = time.time() - policy.keep_days * _DAY
    for entry in os.scandir(folder):
        if (
            _is_old_file(entry.name)
            and entry.stat(follow_symlinks=False).st_mtime < oldest
        ):
            with suppress(OSError):
                os.unlink(entry.path)
    return {"time": _now(), "event": "continued", "file": name, "after": head}


def _is_old(current: str, policy: GuardPolicy) -> bool:
    """Whether the first line of a file is older than the policy allows."""
    handle = os.open(
        current, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    )
    with os.fdopen(handle, "rb") as file:
        began = file.read(64).removeprefix(_TIME_FIELD)[:20]
    oldest = time.gmtime(time.time() - policy.log_days * _DAY)
    # Times of this form are ordered as texts are.
    return b"" < began < time.strftime(_TIME_FORMAT, oldest).encode()


def _last_hash(path: str) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - 67))
        return file.read()[:64].decode("ascii", "replace")


def _is_old_file(name: str) -> bool:
    number = name[6:14]
    return name.startswith("guard-") and name.endswith(".jsonl") and number.isdigit()


def _now() -> str:
    return time.strftime(_TIME_FORMAT, time.gmtime())
