"""The file that git hands to a commit-msg hook."""

from __future__ import annotations

import os
import stat

from zt_gate.git.errors import GitError

#: Bytes that a message may have.
LIMIT = 1 << 20
# What `git commit --verbose` writes below the message: the diff, for eyes alone.
_SCISSORS = b"------------------------ >8 ------------------------\n"
_BELOW = (
    b" Do not modify or remove the line above.\n",
    b" Everything below it will be ignored.\n",
)


def without_diff(message: bytes) -> bytes:
    """Return a message that an editor left, without the diff that git showed below it.

    Only git's own three lines count, with the same mark of a comment: a message
    that was not edited is committed as it is.
    """
    at = message.find(_SCISSORS)
    start = message.rfind(b"\n", 0, max(at, 0)) + 1
    mark = message[start:at].removesuffix(b" ")
    rest = message[at + len(_SCISSORS) :]
    is_gits = (
        at >= 0
        and bool(mark)
        and rest.startswith(b"".join(mark + line for line in _BELOW))
    )
    return message[:start] if is_gits else message


def read_message_file(path: str | os.PathLike[str]) -> bytes:
    """Return the file that git hands to a commit-msg hook; raises GitError."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise GitError("the commit message is no regular file")
            return file.read(LIMIT + 1)
    except OSError as error:
        raise GitError(
            f"the commit message cannot be read: {error.strerror}"
        ) from error
