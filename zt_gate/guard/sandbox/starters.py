"""What in a project starts programs later, outside the sandbox, and what a command left there.

A mount can hold what exists.  What did not exist, and repositories that a command makes
or moves, are compared afterwards: what would start programs is renamed, so that nothing
outside reads it, and said.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: In a project, what clients, editors, git and shells read and run by themselves.
PROJECT = (
    ".husky", ".githooks", ".devcontainer", ".claude", ".codex", ".cursor", ".gemini",
    ".mcp.json", ".vscode", ".idea", ".pre-commit-config.yaml", "lefthook.yml",
    "lefthook.yaml", ".envrc", ".mise.toml", ".zt-gate.toml", ".zt-gate",
)  # fmt: skip
#: In a git folder.  ``commondir`` makes git read another folder's settings and hooks.
GIT = ("hooks", "config", "info", "config.worktree", "commondir")
_MARK = ".from-sandbox"
_LARGEST = 1 << 20
_MOST_FILES = 2000
#: Settings of a repository that start no program; all others are renamed.
_PLAIN = {
    "core": {
        "repositoryformatversion", "filemode", "bare", "logallrefupdates", "ignorecase",
        "precomposeunicode", "symlinks", "worktree", "autocrlf", "eol",
    },
    "remote": {"url", "fetch", "pushurl", "tagopt", "prune"},
    "branch": {"remote", "merge", "rebase"},
    "submodule": {"url", "active", "branch", "path", "ignore"},
    "user": {"name", "email"},
    "init": {"defaultbranch"},
    "lfs": {"repositoryformatversion"},
    "extensions": {"objectformat", "refstorage"},
}  # fmt: skip


def before(folders: Sequence[str]) -> Mapping[str, str]:
    """Return how everything that starts programs looks, by path."""
    return {path: _print(path) for path in _starters(folders)}


def renamed(folders: Sequence[str], earlier: Mapping[str, str]) -> list[str]:
    """Rename what a command left that would start programs; returns its old paths."""
    found = []
    for path in list(_starters(folders)):
        if earlier.get(path) == _print(path):
            continue
        if os.path.basename(path) in {*GIT, ".git"} and _is_plain(path, folders):
            continue
        found.append(path)
        with suppress(OSError):  # what cannot be renamed is said all the same
            os.rename(path, _free(path + _MARK))
    return found


def _free(path: str) -> str:
    number, found = 1, path
    while os.path.lexists(found):
        number += 1
        found = f"{path}-{number}"
    return found


def _starters(folders: Sequence[str]) -> Iterator[str]:
    """Yield existing paths: the project's own, and those of each repository in it."""
    yield from existing(folders[0], PROJECT)
    found = [one for folder in folders for one in _git_folders(folder)]
    for entry in dict.fromkeys(found):
        if os.path.isdir(entry):
            yield from existing(entry, GIT)
        else:
            yield entry


def existing(folder: str, names: Iterable[str]) -> list[str]:
    """Return the paths of the names that are in a folder."""
    paths = [os.path.join(folder, name) for name in names]
    return [path for path in paths if os.path.lexists(path)]


def _git_folders(root: str) -> Iterator[str]:
    """Yield each git folder of a project, and each file ``.git`` that names one.

    A folder with ``HEAD``, ``objects`` and ``refs`` is one whatever its name is: git
    finds it when it is started there.
    """
    for folder, names, files in os.walk(root):
        entry = os.path.join(folder, ".git")
        if ".git" in names:
            yield entry
        elif ".git" in files:
            yield entry
            named = _named(entry)
            if named.startswith(root + os.sep):
                yield named
        if "HEAD" in files and "objects" in names and "refs" in names:
            yield folder
            names[:] = [name for name in names if name in {"modules", "worktrees"}]
        elif "HEAD" in files and "commondir" in files:
            yield folder


def _named(entry: str) -> str:
    """Return the git folder that a file ``.git`` names, "" for none."""
    text = _text(entry)
    if not text.startswith("gitdir:"):
        return ""
    return os.path.realpath(
        os.path.join(os.path.dirname(entry), text.removeprefix("gitdir:").strip())
    )


def _is_plain(path: str, folders: Sequence[str]) -> bool:
    """Whether a part of a git folder, or a file ``.git``, starts no program."""
    if os.path.islink(path):
        return False
    name = os.path.basename(path)
    folder = os.path.dirname(path)
    if name == "config":
        return _is_plain_config(_text(path))
    if name == "hooks":
        return _has_samples_only(path)
    if name == "commondir":
        named = os.path.realpath(os.path.join(folder, _text(path).strip()))
        return named == os.path.realpath(os.path.join(folder, "..", ".."))
    if name == ".git":
        named = _named(path)
        return any(named.startswith(place + os.sep) for place in folders)
    # Attributes name filters, which only settings can start.
    return name == "info"


def _is_plain_config(text: str) -> bool:
    section = ""
    for line in text.splitlines():
        words = line.strip()
        if not words or words[0] in "#;":
            continue
        if words.startswith("["):
            head, _, rest = words[1:].partition("]")
            section = head.split()[0].lower() if head.split() else ""
            words = rest.strip()
            if not words:
                continue
        key, _, value = words.partition("=")
        if key.strip().lower() not in _PLAIN.get(section, ()) or "::" in value:
            return False
        if words.endswith("\\"):
            return False
    return True


def _has_samples_only(path: str) -> bool:
    try:
        return all(name.endswith(".sample") for name in os.listdir(path))
    except OSError:
        return False


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _print(path: str) -> str:
    """Return what changes whenever a file, or a file in a folder, does."""
    digest = hashlib.sha256()
    for count, one in enumerate(_below(path)):
        if count > _MOST_FILES:
            return ""
        try:
            info = os.lstat(one)
        except OSError:
            continue
        digest.update(os.fsencode(f"{one}\0{stat.S_IFMT(info.st_mode)}\0"))
        digest.update(str(info.st_mode & 0o111).encode())
        if stat.S_ISLNK(info.st_mode):
            digest.update(os.fsencode(os.readlink(one)))
        elif stat.S_ISREG(info.st_mode):
            digest.update(
                hashlib.sha256(_text(one).encode("utf-8", "surrogateescape")).digest()
            )
    return digest.hexdigest()


def _below(path: str) -> Iterator[str]:
    yield path
    if os.path.isdir(path) and not os.path.islink(path):
        for folder, names, files in os.walk(path):
            names.sort()
            yield from (os.path.join(folder, name) for name in sorted((*names, *files)))
