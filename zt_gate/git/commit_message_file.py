"""Reads the file that git passes to a commit-msg hook."""

from __future__ import annotations

import os
import stat

from zt_gate.git.errors import GitError

#: Bytes that a message may have.
LIMIT = 1 << 20
# `git commit --verbose` writes these lines and the diff below the message.
_SCISSORS = b"------------------------ >8 ------------------------\n"
_SCISSORS_HELP = (
    b" Do not modify or remove the line above.\n",
    b" Everything below it will be ignored.\n",
)


def without_diff(message: bytes) -> bytes:
    """Return an edited message without the diff that ``git commit --verbose`` appends.

    Only git's own three lines, all with the same comment character, start the
    diff.  Git commits a message that was not edited unchanged.
    """
    scissors = message.find(_SCISSORS)
    if scissors < 0:
        return message
    line_start = message.rfind(b"\n", 0, scissors) + 1
    comment_mark = message[line_start:scissors].removesuffix(b" ")
    if not comment_mark:
        return message
    expected = b"".join(comment_mark + line for line in _SCISSORS_HELP)
    if not message.startswith(expected, scissors + len(_SCISSORS)):
        return message
    return message[:line_start]


def read_message_file(path: str | os.PathLike[str]) -> bytes:
    """Return the content of the message file, at most LIMIT + 1 bytes; raises GitError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise GitError("the commit message is not a regular file")
            return file.read(LIMIT + 1)
    except OSError as error:
        raise GitError(
            f"the commit message cannot be read: {error.strerror}"
        ) from error
