"""Judges files that a tool would read, write or remove, as a command that does it is judged."""

from __future__ import annotations

import os

from zt_gate.guard.action import ReadFile, WriteFile
from zt_gate.guard.commands import files
from zt_gate.guard.commands.case import CommandCase
from zt_gate.guard.decision import Answer, Concern
from zt_gate.guard.files import resolve
from zt_gate.guard.files.names import is_git_folder, is_process
from zt_gate.guard.shell.invocation import Invocation
from zt_gate.guard.shell.words import CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.context import GuardContext

#: Below the home: what holds credentials, and can have another name by a hard link.
_KEYS = (
    ".ssh", ".aws", ".kube", ".gnupg", ".docker/config.json", ".netrc", ".npmrc", ".pypirc",
    ".git-credentials", ".config/gh", ".config/gcloud", ".azure", ".bashrc", ".profile",
    ".zshrc", ".gitconfig",
)  # fmt: skip
_MOST_LINKS = 4000


def judge_file(
    action: ReadFile | WriteFile, context: GuardContext
) -> tuple[Concern, ...]:
    """Return what speaks against reading, writing or removing a file.

    Its content is judged elsewhere (``zt_gate.guard.files.content``).
    """
    try:
        paths = resolve.real_paths(action.path, action.cwd, context.home)
    except resolve.PathProblemError as problem:
        return (
            Concern("files/path", Answer.DENY, f"The file is not judged: {problem}."),
        )
    case = CommandCase(context, _no_text, _no_words)
    for path in paths:
        for one in _names_of(path, context):
            if isinstance(action, ReadFile):
                _reading(case, one)
            else:
                _writing(case, one, removes=_removes(action))
    return tuple(case.concerns.values())


def _removes(action: WriteFile) -> bool:
    """Whether the file is gone afterwards; an edit of an unknown whole has a fragment."""
    return action.content is None and not action.fragment


def _reading(case: CommandCase, path: str) -> None:
    if is_process(path):
        case.add("system/process-read", path)
        return
    files.judge(case, Invocation((), case.context.root), "read", CommandWord(path))
    if os.path.isdir(path):
        _searching(case, path)


def _searching(case: CommandCase, path: str) -> None:
    """Judge a folder whose files a tool would search."""
    from zt_gate.guard.commands.scope import contains_restricted

    restricted = case.context.task.restricted
    if restricted and contains_restricted(case.context.root, path, restricted):
        case.add("task/path-restricted", path)


def _writing(case: CommandCase, path: str, *, removes: bool) -> None:
    if is_git_folder(path):
        case.add("gate/git-internals", path)
        return
    context = case.context
    above = _protected_below(path, context) if removes else ""
    if above:
        case.add("guard/own-files", above)
        return
    action = "delete" if removes else "write"
    files.judge(case, Invocation((), context.root), action, CommandWord(path))


def _protected_below(path: str, context: GuardContext) -> str:
    """Return what of the guard is in a folder, "" if nothing is."""
    folder = path.casefold().rstrip("/") + "/"
    return next(
        (own for own in context.own_paths if own.casefold().startswith(folder)), ""
    )


def _names_of(path: str, context: GuardContext) -> Iterator[str]:
    """Yield the path, and another name of the file among what must not change."""
    yield path
    try:
        has_one_name = os.stat(path).st_nlink < 2
    except OSError:
        return
    if has_one_name:
        return
    git = os.path.join(context.root, ".git")
    folders = (
        *context.own_paths,
        os.path.join(git, "hooks"),
        os.path.join(git, "config"),
    )
    keys = [os.path.join(context.home, name) for name in _KEYS]
    keys += [os.path.join(context.root, name) for name in (".env", "secrets")]
    other = resolve.same_file(path, resolve.files_below((*folders, *keys), _MOST_LINKS))
    if other and other != path:
        yield other


def _no_text(_case: CommandCase, _text: str, _cwd: str | None, _host: str) -> None:
    """Do nothing: a tool for files runs no text."""


def _no_words(_case: CommandCase, _invocation: Invocation) -> None:
    """Do nothing: a tool for files starts no program."""
