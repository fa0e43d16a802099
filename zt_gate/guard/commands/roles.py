"""What the roles of words mean: a role of a table, and the judgement that it asks for."""

from __future__ import annotations

from zt_gate.guard.commands import files, places
from zt_gate.guard.commands.spot import Spot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.reading import Reading
    from zt_gate.guard.shell.invocation import Invocation

#: Roles of files, and the action on them.
_FILE_ROLES = {
    "read": "read", "list": "list", "write": "write", "create": "create", "delete": "delete",
    "copy": "copy", "move": "move", "link": "link", "mode": "mode", "empty": "empty",
    "rmdir": "rmdir", "upload": "upload", "credential-use": "use", "env-file": "give",
    "added": "add", "config-file": "read", "folder": "list",
}  # fmt: skip


def judge(case: CommandCase, invocation: Invocation, reading: Reading) -> None:
    """Judge all words of a command by their roles."""
    for role, option, word in reading.values:
        spot = Spot(case, invocation, reading, role, option, word)
        if role in _FILE_ROLES:
            _file(spot)
        elif role in _ROLES:
            _ROLES[role](spot)
        else:
            from zt_gate.guard.commands import more_roles

            more_roles.judge(spot)


def _file(spot: Spot) -> None:
    case, reading, role, word = spot.case, spot.reading, spot.role, spot.word
    action = _FILE_ROLES[role]
    has_sources = reading.table.get("args", "").endswith(" write")
    if role == "write" and has_sources and reading.arguments[-1:] == [word]:
        sources = [
            word for role in ("copy", "move", "link") for word in reading.words(role)
        ]
        files.judge_copy_target(case, spot.invocation, sources, word)
        return
    if role == "write" and reading.has("-a", "--append") and reading.path[0] == "tee":
        action = "append"
    if role == "read" and reading.is_inplace:
        action = "write"
    files.judge(case, spot.invocation, action, word)


def _text(spot: Spot) -> None:
    """Judge a word that is no file: only a whole path of a protected place counts."""
    if spot.reading.table.get("family") != "text":
        files.judge_maybe(spot.case, spot.invocation, spot.word, plain=True)


def _nothing(_: Spot) -> None:
    """Words of this role are judged together with others, or cannot do harm."""


def _maybe(spot: Spot) -> None:
    files.judge_maybe(spot.case, spot.invocation, spot.word, plain=False)


def _revision(spot: Spot) -> None:
    _maybe(spot)
    _, colon, path = spot.text.partition(":")
    if colon and places.kind_of_text(f"/{path}") == "secret":
        spot.add("credentials/project-secret", path)


_ROLES: Mapping[str, Callable[[Spot], None]] = {
    **dict.fromkeys(
        (
            "",
            "package",
            "data",
            "data-named",
            "form",
            "cookie",
            "header",
            "python-module",
            "git-range",
            "gh-field",
            "image",
        ),
        _nothing,
    ),
    "maybe": _maybe,
    "worktree": _maybe,
    "rev": _revision,
    "text": _text,
    "pattern": _text,
}
