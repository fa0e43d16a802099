"""Files that mislead: modes, links, names.

``injection/confusable-name`` reports confusable and invisible characters in
names, ``agent_config/agent-folder-link`` links in the folders of agents.
"""

from __future__ import annotations

import posixpath
import re
import unicodedata
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.change import (
    MODE_EXECUTABLE,
    MODE_FILE,
)
from zt_gate.model.finding import Level
from zt_gate.syntax.paths import is_any
from zt_gate.syntax.text import script_head

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.change import FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Comparison

_EXECUTABLE = "tampering/executable-text"
_LINK = "tampering/link-outside"
_NAME = "tampering/misleading-name"
_GIT_FOLDER = "tampering/git-folder-name"
#: Bytes at the start of a file in which a NUL byte marks it as binary.
_BINARY_HEAD = 8000
# HFS+ ignores these characters in a name (git's own list, from CVE-2014-9390).
_IGNORED = lazy_re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
_DOUBLE_EXTENSION = lazy_re.compile(
    rb"(?i)\.(?:pdf|docx?|xlsx?|pptx?|txt|png|jpe?g|gif|csv|md|zip|mp[34])[ .]*"
    rb"\.(?:exe|scr|com|bat|cmd|pif|vbs|js|jse|wsf|ps1|lnk|hta|jar|sh)\Z"
)
_DRIVE = lazy_re.compile(r"[A-Za-z]:")
_NEW_PATH = frozenset("ARC")


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield files that hide content, point elsewhere, or can be mistaken for others."""
    for file in comparison.change.files:
        if file.is_deletion:
            continue
        if file.status in _NEW_PATH:
            yield from _name(comparison, file)
        if file.is_submodule:
            continue
        if file.is_symlink:
            yield from _link(comparison, file)
        else:
            yield from _executable_text(comparison, file)
    yield from _colliding_names(comparison)


def _executable_text(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    if (file.old_mode, file.new_mode) != (MODE_FILE, MODE_EXECUTABLE):
        return
    data = comparison.read(file, file.new)
    if not data or script_head(data[:_BINARY_HEAD]) or b"\0" in data[:_BINARY_HEAD]:
        return
    message = "the text file became executable but has no #! line"
    yield comparison.on_file(_EXECUTABLE, file.path, message, subject=message)


def _link(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    if is_any(file.path, "agent-folder", "editor-folder"):
        return
    content = comparison.read(file, file.new)
    if content is None:
        return
    target = content.decode("utf-8", "surrogateescape").replace("\\", "/")
    folder = posixpath.dirname(file.path.decode("utf-8", "surrogateescape"))
    resolved = posixpath.normpath(posixpath.join(folder, target))
    first = resolved.split("/")[0]
    is_absolute = target.startswith(("/", "~")) or _DRIVE.match(target)
    into_git = first.lower() == ".git"
    if is_absolute or first == ".." or into_git:
        is_sensitive = re.search(comparison.data(_LINK)["block"], target) or into_git
        message = f"the link points outside the repository's content: {target[:200]!a}"
        level = Level.BLOCK if is_sensitive else None
        yield comparison.on_file(_LINK, file.path, message, subject=target, level=level)


def _name(comparison: Comparison, file: FileChange) -> Iterator[Finding]:
    path = file.path.decode("utf-8", "surrogateescape")
    names = path.split("/")
    normalized = [_normalized(name) for name in path.replace("\\", "/").split("/")]
    if any(name in {".git", "git~1"} for name in normalized):
        message = "some file systems treat this path as part of the .git folder"
        yield comparison.on_file(_GIT_FOLDER, file.path, message, subject=path)
    elif any(_has_hidden_ends(name) for name in names):
        message = "the name begins with a space, or ends with a space or dot, which listings hide"
        yield comparison.on_file(_NAME, file.path, message, subject=path)
    elif _DOUBLE_EXTENSION.search(file.path):
        message = "double extension: the name looks like a document but is a program"
        yield comparison.on_file(_NAME, file.path, message, subject=path)


def _has_hidden_ends(name: str) -> bool:
    return name != name.rstrip(" .") or name != name.lstrip(" ")


def _normalized(name: str) -> str:
    """Return a name as NTFS and HFS+ read it: no stream, trailing dots or ignored characters."""
    return _IGNORED.sub("", name.partition(":")[0]).rstrip(" .").lower()


def _colliding_names(comparison: Comparison) -> Iterator[Finding]:
    """Yield new names that some file systems cannot distinguish from existing ones."""
    new = {
        file.path
        for file in comparison.change.files
        if file.status in _NEW_PATH and not file.is_deletion
    }
    if not new:
        return
    names = _NameIndex(_paths_after(comparison, new))
    for path in sorted(new):
        other = names.collision(path, new)
        if other is not None:
            shown = other.decode("utf-8", "backslashreplace")[:200]
            message = f"some file systems cannot distinguish this name from {shown!a}"
            yield comparison.on_file(_NAME, path, message, subject=shown)


def _paths_after(comparison: Comparison, new: set[bytes]) -> Iterator[bytes]:
    """Yield the paths that exist after the change."""
    yield from new
    if comparison.change.kind == "tree":
        return
    removed = set()
    for file in comparison.change.files:
        if file.is_deletion:
            removed.add(file.path)
        if file.status == "R" and file.old_path:
            removed.add(file.old_path)
    for path in comparison.context.trusted_paths() or ():
        if path not in removed:
            yield path


class _NameIndex:
    """Files and folders by their names as a case-insensitive file system reads them."""

    def __init__(self, paths: Iterable[bytes]) -> None:
        self._files: dict[str, set[bytes]] = {}
        self._folders: dict[str, set[bytes]] = {}
        seen: set[bytes] = set()
        for path in paths:
            self._files.setdefault(_folded(path), set()).add(path)
            for folder in _folders_of(path):
                if folder in seen:
                    break
                seen.add(folder)
                self._folders.setdefault(_folded(folder), set()).add(folder)

    def collision(self, path: bytes, new: set[bytes]) -> bytes | None:
        """Return a file or folder with an equivalent name.

        Of two new files with equivalent names, only the first is reported.
        """
        same_files = sorted(self._files[_folded(path)] - {path})
        for other in same_files:
            if other not in new or other > path:
                return other
        if same_files:
            return None
        for folder in _folders_of(path):
            same_folders = sorted(self._folders.get(_folded(folder), set()) - {folder})
            if same_folders:
                return same_folders[0]
        return None


def _folders_of(path: bytes) -> Iterator[bytes]:
    """Yield the folders that contain a path, the innermost first."""
    folder = path.rpartition(b"/")[0]
    while folder:
        yield folder
        folder = folder.rpartition(b"/")[0]


def _folded(path: bytes) -> str:
    text = path.decode("utf-8", "surrogateescape")
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text).casefold()
