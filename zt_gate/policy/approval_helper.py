#!/usr/bin/python3 -I
"""Root's part of ``zt-gate approve``: asks for a second factor and records the approval.

    zt-gate-approve totp      through sudo; checks a one-time code (RFC 6238)
    zt-gate-approve polkit    through pkexec, after polkit has authenticated the user

An administrator copies this file to /usr/local/libexec/zt-gate-approve (owner root, mode
755).  It uses only the standard library and reads nothing of the user but its standard
input: JSON with ``approvals`` and, for ``totp``, ``code``.  The user's own programs can
neither read the secret nor write the record.  It prints one sentence; the exit code is
0 if the approvals were recorded.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import json
import os
import stat
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SECRETS = Path("/etc/zt-gate/totp")
STATE = Path("/var/lib/zt-gate")

STEP_SECONDS = 30
DIGITS = 6
#: Wrong codes in a row after which no code is taken for an hour: six digits can be tried.
MAX_FAILURES = 5
LOCK_SECONDS = 3600
_MAX_INPUT = 1 << 20
_MAX_DAYS = 90
_MAX_TEXT = 4096
_FIELDS = frozenset(
    (
        "fingerprint",
        "rule",
        "path",
        "reason",
        "by",
        "since",
        "expires",
        "repository",
        "change",
        "proof",
    )
)


class RefusedError(Exception):
    """The approvals are not recorded; the text says why."""


def main(arguments: list[str]) -> int:
    """Record the approvals on standard input; returns the exit code."""
    try:
        method = arguments[0] if len(arguments) == 1 else ""
        user_id = calling_user(method, os.environ)
        request = _request(sys.stdin.buffer.read(_MAX_INPUT + 1))
        count = record(method, user_id, request, time.time())
    except RefusedError as error:
        print(f"zt-gate-approve: {error}", file=sys.stderr)
        return 1
    except OSError:
        print("zt-gate-approve: a file could not be read or written", file=sys.stderr)
        return 1
    print(f"{count} recorded")
    return 0


def calling_user(method: str, environ: Mapping[str, str]) -> int:
    """Return the user that called through sudo or pkexec; raises RefusedError."""
    if os.geteuid() != 0:
        raise RefusedError("must run as root, through sudo (totp) or pkexec (polkit)")
    through_sudo = environ.get("SUDO_UID", "")
    through_pkexec = environ.get("PKEXEC_UID", "")
    if method == "polkit":
        # Only polkit has authenticated the user: sudo may need no password.
        user = "" if through_sudo else through_pkexec
    elif method == "totp":
        user = through_sudo or through_pkexec
    else:
        raise RefusedError("usage: zt-gate-approve totp|polkit")
    if not (user.isascii() and user.isdigit()) or int(user) == 0:
        raise RefusedError(f"{method} must be called by a user other than root")
    return int(user)


def record(method: str, user_id: int, request: Mapping[str, Any], now: float) -> int:
    """Check the second factor and record the approvals; raises RefusedError."""
    today = datetime.fromtimestamp(now, timezone.utc).date()  # noqa: UP017 - Python 3.9
    rows = request.get("approvals")
    if not isinstance(rows, list) or not 1 <= len(rows) <= 1000:
        raise RefusedError("no approvals to record")
    for row in rows:
        check_row(row, method, today)
    if len({row["repository"] for row in rows}) != 1:
        raise RefusedError("the approvals are for several repositories")
    with _locked(user_id):
        if method == "totp":
            check_code(user_id, str(request.get("code", "")), now)
        _write_record(user_id, rows, today)
    return len(rows)


def check_row(row: object, method: str, today: date) -> None:
    """Check one approval; raises RefusedError."""
    if not isinstance(row, dict) or row.keys() != _FIELDS:
        raise RefusedError("an approval has other fields")
    if not all(
        isinstance(value, str) and len(value) <= _MAX_TEXT for value in row.values()
    ):
        raise RefusedError("a field of an approval is not a short text")
    fingerprint = row["fingerprint"]
    if len(fingerprint) != 32 or fingerprint.strip("0123456789abcdef"):
        raise RefusedError("an approval has no valid fingerprint")
    if row["proof"] != method or not row["repository"] or not row["reason"].strip():
        raise RefusedError("an approval lacks its proof, repository or reason")
    try:
        since, expires = (date.fromisoformat(row[key]) for key in ("since", "expires"))
    except ValueError as error:
        raise RefusedError("an approval has no valid dates") from error
    # A day of tolerance: the gate counts days in UTC.
    is_today = abs((since - today).days) <= 1
    if not is_today or not 0 <= (expires - since).days <= _MAX_DAYS:
        raise RefusedError("an approval does not begin today, or holds for too long")


def check_code(user_id: int, code: str, now: float) -> None:
    """Check a one-time code; each counts once.  Raises RefusedError."""
    secret = _secret(user_id)
    file = STATE / "totp" / f"{user_id}.json"
    state = _read_state(file)
    if now < state["locked_until"]:
        raise RefusedError("too many wrong codes; try again in an hour")
    # Counted before it is compared: whoever can make the write fail (a limit on the size
    # of files is inherited through sudo), or end this process, must not learn more.
    failures = state["failures"] + 1
    is_last = failures >= MAX_FAILURES
    attempt = {
        "last_step": state["last_step"],
        "failures": 0 if is_last else failures,
        "locked_until": int(now) + LOCK_SECONDS if is_last else 0,
    }
    _write(file, attempt, 0o600)
    step = int(now) // STEP_SECONDS
    accepted = 0
    for candidate in (step - 1, step, step + 1):
        # Every candidate is compared, in constant time.
        is_equal = hmac.compare_digest(
            totp(secret, candidate).encode(), code.encode("utf-8", "replace")
        )
        if is_equal and candidate > state["last_step"]:
            accepted = candidate
    if not accepted:
        raise RefusedError("the code is wrong, too old or already used")
    _write(file, {"last_step": accepted, "failures": 0, "locked_until": 0}, 0o600)


def totp(secret: bytes, step: int) -> str:
    """Return the code of one time step (RFC 6238 with HMAC-SHA-1, RFC 4226)."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = mac[-1] & 0x0F
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def record_name(user_id: int, repository: str) -> str:
    """Return the name of the file with a user's approvals for a repository."""
    digest = hashlib.sha256(repository.encode("utf-8", "surrogatepass"))
    return f"{user_id}-{digest.hexdigest()[:32]}.json"


def _request(data: bytes) -> dict[str, Any]:
    if len(data) > _MAX_INPUT:
        raise RefusedError("the input is too large")
    try:
        request = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RefusedError("the input is not JSON") from error
    if not isinstance(request, dict):
        raise RefusedError("the input is not a JSON object")
    return request


def _secret(user_id: int) -> bytes:
    """Return the user's secret, which only root may read; raises RefusedError."""
    file = SECRETS / str(user_id)
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise RefusedError(f"{file} cannot be read: {error.strerror}") from error
    with os.fdopen(handle, "rb") as opened:
        info = os.fstat(handle)
        is_private = info.st_uid == 0 and not info.st_mode & 0o077
        if not stat.S_ISREG(info.st_mode) or not is_private:
            raise RefusedError(f"{file} must belong to root and have mode 600")
        text = opened.read(1024)
    try:
        letters = text.strip().replace(b" ", b"").rstrip(b"=").upper()
        secret = base64.b32decode(letters + b"=" * (-len(letters) % 8))
    except binascii.Error as error:
        raise RefusedError(f"{file} is not a secret in base32") from error
    if len(secret) < 16:
        raise RefusedError(f"{file}: the secret has fewer than 128 bits")
    return secret


def _read_state(file: Path) -> dict[str, int]:
    """Return what is known of a user's codes; raises RefusedError if it is damaged."""
    try:
        table = json.loads(file.read_bytes())
        return {
            key: int(table[key]) for key in ("last_step", "failures", "locked_until")
        }
    except FileNotFoundError:
        return {"last_step": 0, "failures": 0, "locked_until": 0}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{file} is damaged; remove it as root") from error


def _write_record(user_id: int, rows: list[dict[str, str]], today: date) -> None:
    file = STATE / "approvals" / record_name(user_id, rows[0]["repository"])
    yesterday = (today - timedelta(days=1)).isoformat()
    try:
        before = json.loads(file.read_bytes())["approvals"]
    except FileNotFoundError:
        before = []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusedError(f"{file} is damaged; remove it as root") from error
    kept = [row for row in before if row["expires"] >= yesterday and row not in rows]
    _write(file, {"version": 1, "approvals": [*kept, *rows]}, 0o644)


def _write(file: Path, table: Mapping[str, Any], mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent)
    with os.fdopen(handle, "w", encoding="ascii") as opened:
        json.dump(table, opened)
        os.fchmod(opened.fileno(), mode)
    os.replace(name, file)


@contextmanager
def _locked(user_id: int) -> Iterator[None]:
    """Make the folders, and let only one process at a time check codes of a user."""
    for folder, mode in (
        (STATE, 0o755),
        (STATE / "approvals", 0o755),
        (STATE / "totp", 0o700),
    ):
        folder.mkdir(exist_ok=True)
        folder.chmod(mode)
    with open(STATE / "totp" / f"{user_id}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
