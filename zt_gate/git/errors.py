"""Errors of git operations; each text is one line for the user."""

from __future__ import annotations

from zt_gate.errors import GateError


class GitError(GateError):
    """Git failed, or a repository cannot be read."""


class NotARepositoryError(GitError):
    """The folder is not in a repository with a work tree."""

    exit_code = 2


class NoSuchFolderError(GitError):
    """The folder that should be in a repository does not exist, or is a file."""

    exit_code = 2


class NoCommitsError(GitError):
    """The repository has no commits yet, and the operation needs one."""

    exit_code = 2


class UnknownRevisionError(GitError):
    """A revision does not name a commit of this repository."""

    exit_code = 2


class AmbiguousRevisionError(UnknownRevisionError):
    """A revision is the name of several refs; the text names them."""


class ShallowError(GitError):
    """A shallow clone lacks history that is needed; the text says how to fetch it."""


#: Part of every ShallowError's message.
SHALLOW_REMEDY = (
    "this clone is shallow: fetch the full history (fetch-depth: 0 in "
    "actions/checkout, or git fetch --unshallow)"
)

_MAX_LENGTH = 300


def visible(text: bytes | str) -> str:
    """Return ``text`` as one printable line; control characters are escaped.

    Longer text is cut to 300 characters.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    line = "".join(map(_printable, text[:_MAX_LENGTH]))
    return line if len(text) <= _MAX_LENGTH else line + "…"


def _printable(char: str) -> str:
    if char.isprintable():
        return char
    return char.encode("unicode_escape", "replace").decode("ascii")


def failure(command: str, stderr: bytes, code: int) -> GitError:
    """Return the error for a git command that exited with ``code``."""
    text = _first_error(stderr)
    if b"dubious ownership" in stderr:
        return GitError(
            f"git refuses this repository, which another user owns: {text}. "
            "If you trust it, run: git config --global --add safe.directory FOLDER"
        )
    if b"not a git repository" in stderr.lower():
        return NotARepositoryError("this folder is not in a git repository")
    is_bare = b"cannot use bare repository" in stderr
    if is_bare or b"must be run in a work tree" in stderr:
        return NotARepositoryError(
            "this is a bare repository: it has no work tree to scan"
        )
    outcome = f"was ended by signal {-code}" if code < 0 else f"failed ({code})"
    return GitError(f"git {command} {outcome}: {text}")


def _first_error(stderr: bytes) -> str:
    """Return git's first error line, else its first line."""
    lines = [line for line in stderr.split(b"\n") if line.strip()]
    errors = [line for line in lines if line.startswith((b"fatal: ", b"error: "))]
    first = (errors or lines or [b"no message"])[0]
    return visible(first.removeprefix(b"fatal: ").removeprefix(b"error: ").strip())
