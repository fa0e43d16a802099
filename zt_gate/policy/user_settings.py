"""The user's own settings: ``config.toml`` in the gate's configuration folder.

They are about this user's machine, never about a verdict.  A repository cannot bring
them: a file inside of the scanned repository, or one that other users can write, is not
used.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from zt_gate.errors import UsageError
from zt_gate.policy.typed_reader import InvalidError, TableReader
from zt_gate.record import dataclass
from zt_gate.syntax import toml
from zt_gate.syntax.document import Limits, SyntaxReadError
from zt_gate.system.regular_file import NotRegularError, read_regular
from zt_gate.system.state_folder import is_inside

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 64 * 1024
#: Default and largest duration of the review command, in seconds.
REVIEW_SECONDS = 120
MAX_REVIEW_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """``[review]``: the command line, the variables that it may see, and its seconds."""

    command: str = ""
    environment: tuple[str, ...] = ()
    timeout_seconds: int = REVIEW_SECONDS


@dataclass(frozen=True, slots=True)
class UserSettings:
    """All of the user's settings."""

    review: ReviewSettings = ReviewSettings()
    #: ``[guard] alert``: the command line that is told about a denial, "" for none.
    guard_alert: str = ""


def load(path: Path, scanned: Path) -> UserSettings:
    """Return the settings in a file; ``scanned`` is the top of the scanned repository.

    Raises UsageError with the file, the line and the fix.
    """
    data = _read(path, scanned)
    try:
        document = toml.read(data, limits=Limits(size=MAX_BYTES))
    except SyntaxReadError as error:
        raise UsageError(f"{path}:{error.line or 1}: {error.reason}") from error
    try:
        return _settings(document.value)
    except InvalidError as error:
        raise UsageError(f"{path}:{document.line(error.path)}: {error}") from error


def _read(path: Path, scanned: Path) -> bytes:
    real, root = os.path.realpath(path), os.path.realpath(scanned)
    if is_inside(real, root) or is_inside(os.path.abspath(path), root):
        raise UsageError(f"{path} is not used: it is inside of the repository")
    try:
        info = os.stat(real)
        data = read_regular(real, MAX_BYTES + 1)
    except NotRegularError as error:
        raise UsageError(f"{path} is not used: {error.strerror}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if info.st_uid not in {0, os.getuid()} or stat.S_IMODE(info.st_mode) & 0o022:
        raise UsageError(
            f"{path} is not used: other users can write it; run: chmod go-w {path}"
        )
    if len(data) > MAX_BYTES:
        raise UsageError(f"{path} is larger than {MAX_BYTES // 1024} KB")
    return data


def _settings(data: dict[str, Any]) -> UserSettings:
    top = TableReader(data)
    top.only(("review", "guard"))
    guard = top.table("guard")
    guard.only(("alert",))
    review = top.table("review")
    review.only(("command", "environment", "timeout-seconds"))
    command = review.string("command")
    if "review" in top and not command.strip():
        review.fail("command", "command in [review] is missing or empty")
    seconds = review.data.get("timeout-seconds", REVIEW_SECONDS)
    is_number = isinstance(seconds, int) and not isinstance(seconds, bool)
    if not is_number or not 1 <= seconds <= MAX_REVIEW_SECONDS:
        review.fail(
            "timeout-seconds",
            f"timeout-seconds in [review] must be 1 to {MAX_REVIEW_SECONDS}",
        )
    return UserSettings(
        ReviewSettings(command, review.strings("environment"), seconds),
        guard.string("alert"),
    )
