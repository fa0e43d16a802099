"""Reads an issuing credential from a file that only its owner can read."""

from __future__ import annotations

import os

from zt_gate.guard.private_file import GuardStateError, read_private
from zt_gate.guard.tokens.base import TokenError


def checked_secret_file(path: str) -> str:
    """Return the path of a credential; raises TokenError if other users can read it."""
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise TokenError(
            f"{path}, the issuing credential, cannot be read: {error.strerror}"
        ) from error
    if mode & 0o077:
        raise TokenError(f"other users can read {path}; run: chmod 600 {path}")
    return path


def read_secret_file(path: str) -> str:
    """Return the text of a credential; raises TokenError."""
    try:
        data = read_private(checked_secret_file(path))
    except GuardStateError as error:
        raise TokenError(str(error)) from error
    return (data or b"").decode("utf-8", "replace")
