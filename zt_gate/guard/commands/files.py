"""Judges what a command does to files and folders."""

from __future__ import annotations

import os

from zt_gate.guard.commands import places
from zt_gate.guard.shell.words import UNKNOWN, CommandWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zt_gate.guard.commands.case import CommandCase
    from zt_gate.guard.commands.places import Place
    from zt_gate.guard.context import GuardContext
    from zt_gate.guard.shell.invocation import Invocation

_READS = frozenset(("read", "give", "copy", "link", "upload", "use", "move"))
_CHANGES = frozenset(
    ("write", "append", "create", "delete", "move", "mode", "empty", "rmdir")
)
_REMOVES = frozenset(("delete", "move", "mode", "empty", "rmdir"))
#: Devices that are the session's own.
_OWN_DEVICES = ("/dev/shm/", "/dev/fd/", "/dev/pts/")  # noqa: S108 - compared
_PROTECTED = {
    "own": "guard/own-files",
    "git": "gate/git-internals",
    "hooks": "gate/hook-files",
    "client": "guard/client-settings",
    "startup": "persistence/startup",
    "instructions": "guard/agent-instructions",
    "reviews": "gate/review-files",
}


def judge(
    case: CommandCase, invocation: Invocation, action: str, word: CommandWord
) -> None:
    """Judge one action on the paths that a word stands for."""
    if invocation.host.startswith("container"):
        _in_container(case, action, word)
        return
    if word.text in {"-", ""} and action != "list":
        return
    for place in places.places(invocation, word, case.context):
        _judge_place(case, action, place)


def _in_container(case: CommandCase, action: str, word: CommandWord) -> None:
    """Judge a path in a container, which has files of its own, by the names in it."""
    kind = places.kind_of_text(word.text)
    if action in _CHANGES and kind in {"own", "git", "hooks", "client"}:
        case.add(_PROTECTED[kind], word.text)
    if action in _READS and word.text.startswith(
        ("/var/run/secrets", "/run/secrets", "/proc/1/environ")
    ):
        case.add("credentials/file-read", word.text)


def _judge_place(case: CommandCase, action: str, place: Place) -> None:
    shown = place.text
    if place.zone == "device":
        _device(case, action, place)
        return
    if _is_socket(place):
        case.add("containers/escape", shown)
        return
    if _judge_kind(case, action, place, shown):
        return
    if case.context.task.is_narrow:
        _narrow(case, action, place, shown)
    elif place.zone == "undecided":
        if action in {"delete", "rmdir", "mode", "empty", "move"}:
            case.add("files/undecided", shown)
        elif action in {"write", "append"}:
            case.add("files/undecided-write", shown)
    elif place.zone == "project":
        _in_project(case, action, place, shown)
    elif place.zone != "temporary":
        _outside(case, action, place, shown)
    elif (
        action in {"delete", "rmdir", "move"} and not place.is_whole and _is_all(place)
    ):
        case.add("files/undecided", shown)


def _is_socket(place: Place) -> bool:
    return place.path is not None and place.path.endswith(
        ("/docker.sock", "/containerd.sock", "/podman.sock", "/crio.sock")
    )


def _is_all(place: Place) -> bool:
    """Whether all files of the temporary folder are meant."""
    return place.path is not None and (
        place.path.count("/") <= 2 and place.text.endswith("/*")
    )


def _judge_kind(case: CommandCase, action: str, place: Place, shown: str) -> bool:
    """Judge a protected place; returns whether that is all there is to say."""
    kind = place.kind
    if (
        kind == "own"
        and action in _READS - _CHANGES - {"link"}
        and place.path is not None
    ):
        # A client keeps its keys beside its settings: reading those is the matter then.
        kind = places.kind_of_text(place.path) or kind
    if kind in _PROTECTED and (
        action in _CHANGES or (kind == "own" and action == "link")
    ):
        case.add(_PROTECTED[kind], shown)
        return True
    if kind in {"credential", "startup"} and action in _CHANGES - {"move"}:
        removed = action in _REMOVES
        case.add("files/destroyed-outside" if removed else "persistence/access", shown)
        return True
    if kind == "credential":
        return _credential(case, action, shown)
    if kind == "secret" and action == "add":
        case.add("credentials/project-secret", shown)
    if kind == "secret" and action in _READS - {"use", "give"}:
        case.add(
            "exfiltration/upload"
            if action == "upload"
            else "credentials/project-secret",
            shown,
        )
        return False
    return _is_swept(case, action, place, shown)


def _credential(case: CommandCase, action: str, shown: str) -> bool:
    if action == "use":
        return False
    if action == "give":
        action = "read"
    case.add(
        "credentials/listed" if action == "list" else "credentials/file-read", shown
    )
    return True


def _is_swept(case: CommandCase, action: str, place: Place, shown: str) -> bool:
    """Whether a whole folder above the credentials would be read or sent."""
    if action not in {"read", "copy", "upload", "move", "link"} or place.path is None:
        return False
    path = place.path if place.is_whole else place.path.rpartition("/")[0] or "/"
    if not places.is_above_home(path, case.context):
        return False
    if not place.is_whole or os.path.isdir(path):
        case.add("credentials/swept", shown)
        return True
    return False


def _device(case: CommandCase, action: str, place: Place) -> None:
    path = place.path or ""
    if path.startswith(("/dev/tcp/", "/dev/udp/")):
        case.add("network/raw", place.text)
    elif path.startswith(_OWN_DEVICES):
        return
    elif (
        (path in {"/dev/mem", "/dev/kmem", "/dev/port"} and action in _READS | _CHANGES)
        or (
            action in _CHANGES
            and path.startswith(
                (
                    "/dev/sd",
                    "/dev/nvme",
                    "/dev/hd",
                    "/dev/vd",
                    "/dev/xvd",
                    "/dev/disk",
                    "/dev/mapper",
                    "/dev/loop",
                    "/dev/dm-",
                    "/dev/mmcblk",
                    "/dev/rdisk",
                    "/dev/md",
                )
            )
        )
        or (
            action in _READS
            and path.startswith(
                ("/dev/sd", "/dev/nvme", "/dev/disk", "/dev/rdisk", "/dev/vd")
            )
        )
    ):
        case.add("system/disk", place.text)
    elif action in {"delete", "mode", "move"}:
        case.add("files/destroyed-outside", place.text)


def _narrow(case: CommandCase, action: str, place: Place, shown: str) -> None:
    context = case.context
    if place.zone == "undecided":
        case.add("task/path-undecided", shown)
        return
    if place.zone not in {"project", "temporary"}:
        case.add("task/path-outside", shown)
        return
    if action in _CHANGES and place.zone != "temporary":
        if not context.task.may_write:
            case.add("task/no-writes", shown)
            return
        removes = action in {"delete", "move", "rmdir"}
        if removes and (_is_root(place, context.root) or _is_source(place, context)):
            case.add("files/root", shown)
        elif action == "empty" and place.exists:
            case.add("files/emptied", shown)
    if place.zone == "project" and place.path is not None:
        _scope(case, action, place, shown)


def _scope(case: CommandCase, action: str, place: Place, shown: str) -> None:
    """Judge a path of the project by the task's ``allowed`` and ``restricted``."""
    task = case.context.task
    if not task.allowed and not task.restricted:
        return
    from zt_gate.guard.commands.scope import contains_restricted, is_in_patterns

    assert place.path is not None
    path = place.path if place.is_whole else place.path.rpartition("/")[0]
    relative = os.path.relpath(place.path.replace(UNKNOWN, "*"), case.context.root)
    folder = not place.is_whole or os.path.isdir(path)
    # Where letter case makes no difference, another spelling is the same file.
    restricted = tuple(pattern.lower() for pattern in task.restricted)
    if is_in_patterns(relative.lower(), restricted, is_folder=False):
        case.add("task/path-restricted", shown)
    elif action != "list" and contains_restricted(
        case.context.root, path, task.restricted
    ):
        case.add("task/path-restricted", shown)
        return
    if not task.allowed or action == "list":
        return
    if not is_in_patterns(relative, task.allowed, is_folder=folder):
        case.add("task/path-not-allowed", shown)


def _is_root(place: Place, root: str) -> bool:
    if place.path is None:
        return False
    if place.path in {root, f"{root}/.git"} or root.startswith(
        place.path.rstrip("/") + "/"
    ):
        return True
    return place.text in {"*", "./*", "./", ".", "..", "**", "./**", ".*", "./.*"} or (
        not place.is_whole
        and place.path == f"{root}/{UNKNOWN}"
        and place.text.endswith("*")
    )


def _is_source(place: Place, context: GuardContext) -> bool:
    if place.path is None:
        return False
    if place.is_whole:
        return places.is_source_folder(place.path, context)
    folder = place.path.rpartition("/")[0]
    return place.text.endswith("/*") and places.is_source_folder(folder, context)


def _in_project(case: CommandCase, action: str, place: Place, shown: str) -> None:
    _scope(case, action, place, shown)
    if action in {"delete", "move"} and _is_root(place, case.context.root):
        case.add("files/root", shown)
    elif action in {"delete", "move"} and place.is_whole and place.path is not None:
        kind = places.protected_below(place.path, case.context)
        if kind:
            case.add(_PROTECTED[kind], shown)
        elif action == "delete" and _is_source(place, case.context):
            case.add("files/much-removed", shown)
    elif action == "delete" and _is_source(place, case.context):
        case.add("files/much-removed", shown)
    elif action == "empty" and not place.is_whole:
        case.add("files/emptied", shown)
    elif action == "mode" and place.path is not None and place.path.endswith("/.git"):
        case.add("gate/git-internals", shown)
    elif action == "empty" and place.path is not None and _has_content(place.path):
        case.add("files/emptied", shown)


def _has_content(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0


def _outside(case: CommandCase, action: str, place: Place, shown: str) -> None:
    zone = place.zone
    if action in _CHANGES and (place.path or "").startswith(("/proc/", "/sys/")):
        case.add("system/settings", shown)
        return
    if action in _REMOVES:
        if zone == "cache" and action in {"delete", "rmdir"}:
            case.add("files/write-outside", shown)
        else:
            case.add("files/destroyed-outside", shown)
    elif action == "write":
        is_change = (
            place.exists and place.path is not None and os.path.isfile(place.path)
        )
        case.add(
            "files/destroyed-outside" if is_change else "files/write-outside", shown
        )
    elif action in {"append", "create"}:
        case.add("files/write-outside", shown)
    elif action in _READS and zone == "home":
        case.add("files/read-outside", shown)


def judge_copy_target(
    case: CommandCase,
    invocation: Invocation,
    sources: list[CommandWord],
    target: CommandWord,
) -> None:
    """Judge where copies would be: the target, or a file of the same name in it."""
    is_empty = any(source.text == "/dev/null" for source in sources)
    judge(case, invocation, "empty" if is_empty else "write", target)
    if target.pattern or not target.is_known:
        return
    for source in sources:
        name = source.text.rstrip("/").rpartition("/")[2]
        if not name or source.pattern:
            continue
        inner = CommandWord(f"{target.text.rstrip('/')}/{name}")
        for place in places.places(invocation, inner, case.context):
            if place.kind in _PROTECTED or place.kind == "credential":
                _judge_place(case, "write", place)


def judge_maybe(
    case: CommandCase, invocation: Invocation, word: CommandWord, *, plain: bool
) -> None:
    """Judge a word that may name a file, of a program whose words no table explains."""
    text = word.text.partition("@")[2] if word.text.startswith("@") else word.text
    if not text or text.startswith("-") or " " in text or "\n" in text:
        return
    if plain and not text.startswith("/"):
        return
    if invocation.host.startswith("container"):
        return
    for place in places.places(
        invocation, CommandWord(text, word.pattern), case.context
    ):
        if place.kind in {"own", "credential", "git", "client"}:
            if place.kind == "credential" and not place.is_whole:
                continue
            if place.kind in {"git", "client"} and not place.exists:
                continue
            control = {"credential": "credentials/file-read"}.get(
                place.kind
            ) or _PROTECTED[place.kind]
            case.add(control, place.text)
        elif case.context.task.is_narrow and text.startswith(("/", "..")):
            _narrow(case, "read", place, place.text)
