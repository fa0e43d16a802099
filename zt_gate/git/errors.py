"""What git could not do, in one line for people."""

from __future__ import annotations

from zt_gate.errors import GateError


class GitError(GateError):
    """Git failed, or a repository cannot be read; the text is one clear line."""


class NotARepositoryError(GitError):
    """There is no repository with a work tree here."""

    exit_code = 2


class NoCommitsError(GitError):
    """The repository has no commits yet, and one is needed."""

    exit_code = 2


class UnknownRevisionError(GitError):
    """A revision does not name a commit of this repository."""

    exit_code = 2


class ShallowError(GitError):
    """History that is needed was never fetched; the text says how to mend it."""


#: Said wherever a commit is missing from a shallow clone.
MEND_SHALLOW = (
    "this clone is shallow: fetch the history (fetch-depth: 0 in actions/checkout, "
    "or git fetch --unshallow)"
)

_LONGEST = 300


def visible(text: bytes | str) -> str:
    """Return ``text`` as one printable line: what could steer a terminal is escaped.

    Shortened to 300 characters.
    """
    decoded = (
        text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    )
    shown = "".join(
        char
        if char.isprintable()
        else char.encode("unicode_escape", "replace").decode("ascii")
        for char in decoded[:_LONGEST]
    )
    return shown if len(decoded) <= _LONGEST else shown + "…"


def failure(command: str, stderr: bytes, code: int) -> GitError:
    """Return the error for a git command that ended with ``code``."""
    lines = [line for line in stderr.split(b"\n") if line.strip()]
    fatal = [line for line in lines if line.startswith((b"fatal: ", b"error: "))]
    told = (fatal or lines or [b"no message"])[0]
    text = visible(told.removeprefix(b"fatal: ").removeprefix(b"error: ").strip())
    if b"dubious ownership" in stderr:
        return GitError(
            f"git does not trust this repository: {text}; it belongs to another user. "
            "If you trust it: git config --global --add safe.directory FOLDER"
        )
    if b"not a git repository" in stderr.lower():
        return NotARepositoryError("no git repository here")
    if (
        b"cannot use bare repository" in stderr
        or b"must be run in a work tree" in stderr
    ):
        return NotARepositoryError(
            "this is a bare repository: there is no work tree to scan"
        )
    how = f"was ended by signal {-code}" if code < 0 else f"failed ({code})"
    return GitError(f"git {command} {how}: {text}")
