"""Files that are not what they seem: modes, links, pointers, submodules, names.

Letters of other alphabets and invisible ones are told by
injection/confusable-name, links in agents' folders by
agent_config/agent-folder-link.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
    MODE_SUBMODULE,
    ContentUnavailableError,
)
from zt_gate.model.finding import Level
from zt_gate.model.report import NotInspected
from zt_gate.syntax.paths import is_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import Blob, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Look

_EXECUTABLE = "tampering/executable-text"
_LINK = "tampering/link-outside"
_POINTER = "tampering/lfs-pointer"
_SUBMODULE = "tampering/submodule-moved"
_NAME = "tampering/misleading-name"
_GIT_FOLDER = "tampering/git-folder-name"
_POINTER_HEAD = b"version https://git-lfs.github.com/spec/v"
# HFS+ passes over these in a name (git's own list, from CVE-2014-9390).
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_TWO_ENDS = re.compile(
    rb"(?i)\.(?:pdf|docx?|xlsx?|pptx?|txt|png|jpe?g|gif|csv|md|zip|mp[34])[ .]*"
    rb"\.(?:exe|scr|com|bat|cmd|pif|vbs|js|jse|wsf|ps1|lnk|hta|jar|sh)\Z"
)
_NEW = frozenset("ARC")


def findings(look: Look) -> Iterator[Finding]:
    """Yield files that hide, lead elsewhere, or are taken for others."""
    for file in look.change.files:
        if file.is_deletion:
            continue
        if file.status in _NEW:
            yield from _name(look, file)
        if file.is_submodule:
            yield from _submodule(look, file)
        elif file.is_symlink:
            yield from _link(look, file)
        else:
            yield from _content(look, file)
    yield from _twins(look)


def _read(look: Look, file: FileChange, blob: Blob | None) -> bytes | None:
    try:
        if blob is None:
            raise ContentUnavailableError("the content of the file is not known")
        return blob.read()
    except ContentUnavailableError as error:
        look.missed.setdefault(file.path, NotInspected(file.path, "failed", str(error)))
        return None


def _content(look: Look, file: FileChange) -> Iterator[Finding]:
    if (file.old_mode, file.new_mode) == (MODE_FILE, MODE_EXECUTABLE):
        data = _read(look, file, file.new)
        if data and not data.startswith(b"#!") and b"\0" not in data[:8000]:
            message = (
                "the file became executable, and does not say which program runs it"
            )
            yield look.on_file(_EXECUTABLE, file.path, message, subject=message)
    first = next(iter(file.hunks), None)
    if file.status == "A" or first is None or first.new_start > 1:
        return
    if first.added.head(len(_POINTER_HEAD)) == _POINTER_HEAD and first.removed.head(
        len(_POINTER_HEAD)
    ) not in {_POINTER_HEAD, b""}:
        subject = first.added.head(200).decode("utf-8", "replace")
        message = (
            "the content is gone; a pointer into the LFS store stands in its place"
        )
        yield look.on_file(_POINTER, file.path, message, subject=subject)


def _link(look: Look, file: FileChange) -> Iterator[Finding]:
    data = look.data(_LINK)
    name = file.path.decode("utf-8", "surrogateescape")
    if is_any(file.path, "agent-folder", "editor-folder"):
        return
    target = _read(look, file, file.new)
    if target is None:
        return
    goal = target.decode("utf-8", "surrogateescape").replace("\\", "/")
    end = posixpath.normpath(posixpath.join(posixpath.dirname(name), goal))
    outside = (
        goal.startswith(("/", "~"))
        or re.match(r"[A-Za-z]:", goal)
        or end.split("/")[0] == ".."
    )
    into_git = end.lower().split("/")[0] == ".git"
    if outside or into_git:
        worst = re.search(data["block"], goal) or into_git
        message = f"the link leads to {goal[:200]!a}, which is not of this repository"
        level = Level.BLOCK if worst else None
        yield look.on_file(_LINK, file.path, message, subject=goal, level=level)


def _submodule(look: Look, file: FileChange) -> Iterator[Finding]:
    if file.old_mode == MODE_SUBMODULE:
        message = "the submodule stands for another commit; nobody has looked at what is between"
        yield look.on_file(
            _SUBMODULE, file.path, message, subject=message, level=Level.INFO
        )
    elif file.old_mode:
        message = "a submodule took the place of files of this repository"
        yield look.on_file(_SUBMODULE, file.path, message, subject=message)
    elif not _has_address(look, file.path):
        message = (
            "a submodule without an address in .gitmodules: its code comes from nowhere"
        )
        yield look.on_file(_SUBMODULE, file.path, message, subject=message)


def _has_address(look: Look, path: bytes) -> bool:
    """Whether .gitmodules names the folder, after the change."""
    brought = next((f for f in look.change.files if f.path == b".gitmodules"), None)
    try:
        data = (
            look.context.trusted_file(b".gitmodules")
            if brought is None
            else brought.new and brought.new.read()
        )
    except (GateError, ContentUnavailableError):
        return False  # then it is told: nothing says where the code comes from
    rows = (row.partition(b"=") for row in (data or b"").split(b"\n"))
    return any(
        key.strip().lower() == b"path" and value.strip().strip(b'"') == path
        for key, _, value in rows
    )


def _name(look: Look, file: FileChange) -> Iterator[Finding]:
    text = file.path.decode("utf-8", "surrogateescape")
    parts = text.split("/")
    folded = [_as_git_folder(piece) for part in parts for piece in part.split("\\")]
    if any(part in {".git", "git~1"} for part in folded):
        message = "some file systems take this path for one in git's own folder"
        yield look.on_file(_GIT_FOLDER, file.path, message, subject=text)
    elif any(part != part.rstrip(" .") or part != part.lstrip(" ") for part in parts):
        message = "the name begins or ends in a space or a dot, which lists do not show"
        yield look.on_file(_NAME, file.path, message, subject=text)
    elif _TWO_ENDS.search(file.path):
        message = "the name looks like a document's and ends like a program's"
        yield look.on_file(_NAME, file.path, message, subject=text)


def _as_git_folder(part: str) -> str:
    """Return a name as NTFS and HFS+ would take it: without streams, ends and invisible letters."""
    return _IGNORED.sub("", part.partition(":")[0]).rstrip(" .").lower()


def _twins(look: Look) -> Iterator[Finding]:
    """Yield new names that some file systems take for a name that is there."""
    new = {file.path for file in look.change.files
           if file.status in _NEW and not file.is_deletion}  # fmt: skip
    if not new:
        return
    names = _Names(_after(look, new))
    for path in sorted(new):
        twin = names.twin(path, new)
        if twin is not None:
            shown = twin.decode("utf-8", "backslashreplace")[:200]
            message = (
                f"some file systems take this name for {shown!a}, which is there, too"
            )
            yield look.on_file(_NAME, path, message, subject=shown)


def _after(look: Look, new: set[bytes]) -> Iterator[bytes]:
    """Yield the paths that there are after the change."""
    gone = {file.path for file in look.change.files if file.is_deletion}
    gone |= {
        file.old_path
        for file in look.change.files
        if file.status == "R" and file.old_path
    }
    yield from new
    if look.change.kind != "tree":
        for path in look.context.trusted_paths() or ():
            if path not in gone:
                yield path


class _Names:
    """Files and folders by what a file system without letter case makes of their names."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        self._files: dict[str, set[bytes]] = {}
        self._folders: dict[str, set[bytes]] = {}
        folders: set[bytes] = set()
        for path in paths:
            self._files.setdefault(_folded(path), set()).add(path)
            folder = path.rpartition(b"/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                self._folders.setdefault(_folded(folder), set()).add(folder)
                folder = folder.rpartition(b"/")[0]

    def twin(self, path: bytes, new: set[bytes]) -> bytes | None:
        """Return a file or a folder that is taken for this one; of two new ones the later tells."""
        others = sorted(self._files[_folded(path)] - {path})
        older = [other for other in others if other not in new or other > path]
        if older:
            return older[0]
        folder = path.rpartition(b"/")[0]
        while folder:
            same = sorted(self._folders.get(_folded(folder), set()) - {folder})
            if same and not others:
                return same[0]
            folder = folder.rpartition(b"/")[0]
        return None


def _folded(path: bytes) -> str:
    text = path.decode("utf-8", "surrogateescape")
    return (
        text.lower()
        if text.isascii()
        else unicodedata.normalize("NFKC", text).casefold()
    )
