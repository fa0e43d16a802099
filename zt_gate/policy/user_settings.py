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
from zt_gate.record import dataclass, field
from zt_gate.syntax import toml
from zt_gate.syntax.document import Limits, SyntaxReadError
from zt_gate.system.regular_file import NotRegularError, read_regular
from zt_gate.system.state_folder import is_inside

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 64 * 1024
#: Default and largest duration of the review command, in seconds.
REVIEW_SECONDS = 120
MAX_REVIEW_SECONDS = 3600
#: Formats of ``zt-gate log export``.
EXPORT_FORMATS = ("ocsf", "otlp")


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """``[review]``: the command line, the variables that it may see, and its seconds."""

    command: str = ""
    environment: tuple[str, ...] = ()
    timeout_seconds: int = REVIEW_SECONDS


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """``[export.FORMAT]``: where the audit log goes, a URL or a file.

    ``token_variable`` names the variable with the token that the receiver asks for.
    """

    url: str = ""
    file: str = ""
    token_variable: str = ""


@dataclass(frozen=True, slots=True)
class UserSettings:
    """All of the user's settings."""

    review: ReviewSettings = ReviewSettings()
    #: ``[guard] alert``: the command line that is told about a denial, "" for none.
    guard_alert: str = ""
    #: ``[guard.tokens.NAME]``: the settings of each issuer of tokens, unchecked.
    guard_tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: ``[export]``, by format.
    exports: Mapping[str, ExportSettings] = field(default_factory=dict)


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
    top.only(("review", "guard", "export"))
    guard = top.table("guard")
    guard.only(("alert", "tokens"))
    tokens = guard.table("tokens")
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
        {name: tokens.table(name).data for name in tokens},
        _exports(top),
    )


def _exports(top: TableReader) -> dict[str, ExportSettings]:
    tables = top.table("export")
    tables.only(EXPORT_FORMATS)
    found = {}
    for name in tables.data:
        table = tables.table(name)
        table.only(("url", "file", "token-variable"))
        url, file = table.string("url"), table.string("file")
        if bool(url) == bool(file):
            table.fail("url", f"[export.{name}] needs a url or a file")
        if file and not os.path.isabs(file):
            table.fail("file", f"file in [export.{name}] must be an absolute path")
        if url and not _is_safe_address(url):
            table.fail(
                "url",
                f"url in [export.{name}] must begin with https:// and have no user name; "
                "http:// is for this machine alone",
            )
        found[name] = ExportSettings(url, file, table.string("token-variable"))
    return found


def _is_safe_address(url: str) -> bool:
    """Whether a URL is encrypted, or leads to this machine."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    is_local = host in {"localhost", "127.0.0.1", "::1"}
    is_plain = parts.username is None and parts.password is None and not parts.fragment
    return (
        bool(host)
        and is_plain
        and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
    )
