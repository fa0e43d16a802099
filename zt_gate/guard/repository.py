"""Finds the repository around a folder by its files; git is not started."""

from __future__ import annotations

import os

from zt_gate.record import record

_MAX_BYTES = 4096
_DEFAULT_BRANCHES = ("main", "master", "trunk", "develop")


@record
class ProjectPlace:
    """The project around a folder.

    ``root`` is the top of the work tree, or the folder itself without a repository.
    ``common`` is the git folder that all its work trees share, "" without a repository;
    ``git_folder`` is that of this work tree.
    """

    root: str
    common: str = ""
    git_folder: str = ""

    @property
    def key(self) -> str:
        """What names the project: the same for all its work trees."""
        return self.common or self.root


def surroundings(folder: str) -> ProjectPlace:
    """Return the project around an existing folder, with real paths."""
    place = os.path.realpath(folder)
    while True:
        found = _git_folder(os.path.join(place, ".git"))
        if found:
            return ProjectPlace(place, _common(found), found)
        above = os.path.dirname(place)
        if above == place:
            return ProjectPlace(os.path.realpath(folder))
        place = above


def own_branch(place: ProjectPlace) -> str:
    """Return the branch of the work tree, "" if it is the default one or none."""
    head = _line(os.path.join(place.git_folder, "HEAD")) if place.git_folder else ""
    branch = head.removeprefix("ref: refs/heads/")
    if branch == head or not branch:
        return ""
    default = _line(os.path.join(place.common, "refs/remotes/origin/HEAD"))
    name = default.removeprefix("ref: refs/remotes/origin/")
    if branch == name or branch in _DEFAULT_BRANCHES:
        return ""
    return branch


def git_identity(place: ProjectPlace, home: str) -> str:
    """Return ``user.email`` of the repository or the user, "" if their files name none.

    Files that these include are not read.
    """
    files = (
        os.path.join(place.common, "config") if place.common else "",
        os.path.join(home, ".gitconfig"),
        os.path.join(home, ".config", "git", "config"),
    )
    for file in files:
        address = _address_in(file) if file else ""
        if address:
            return address
    return ""


def _git_folder(path: str) -> str:
    if os.path.isfile(os.path.join(path, "HEAD")):
        return os.path.realpath(path)
    text = _line(path)
    target = text.removeprefix("gitdir: ")
    if target == text:
        return ""
    folder = os.path.realpath(os.path.join(os.path.dirname(path), target))
    return folder if os.path.isfile(os.path.join(folder, "HEAD")) else ""


def _common(git_folder: str) -> str:
    text = _line(os.path.join(git_folder, "commondir"))
    if not text:
        return git_folder
    return os.path.realpath(os.path.join(git_folder, text))


def _line(path: str) -> str:
    """Return the first line of a small file, "" if it cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_BYTES)
    except OSError:
        return ""
    return os.fsdecode(data.partition(b"\n")[0]).strip()


def _address_in(path: str) -> str:
    try:
        with open(path, "rb") as file:
            text = file.read(64 * 1024).decode("utf-8", "replace")
    except OSError:
        return ""
    section = ""
    for line in text.splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words.strip("[]").strip().lower()
            continue
        key, _, value = words.partition("=")
        if section == "user" and key.strip().lower() == "email":
            return value.strip().strip('"')[:200]
    return ""
