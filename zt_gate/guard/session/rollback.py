"""Brings the files of a repository back to what they were before a session changed them.

    snapshot and commit ─▶ plan (a list of steps) ─▶ save what a step replaces ─▶ do it

Nothing is lost: what a step replaces or removes is first copied to a folder of its own.
HEAD, branches and the index stay as they are; git is only asked for objects and names, so
no filter, hook or attribute of the repository counts.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from typing import TYPE_CHECKING

from zt_gate.errors import GateError
from zt_gate.git.blobs import BlobStore
from zt_gate.git.errors import GitError
from zt_gate.git.unsafe_names import is_unsafe_path
from zt_gate.guard.keepers import history_of
from zt_gate.guard.private_file import make_private, write_private
from zt_gate.guard.session.snapshot import (
    MOST_READ,
    Kept,
    SessionSnapshot,
    checked_copy,
    listed_files,
    object_id,
    open_git,
    parsed,
    read_file,
    tree_at,
)
from zt_gate.model.change import MODE_SUBMODULE, MODE_SYMLINK
from zt_gate.record import asdict, dataclass
from zt_gate.sources.folder_files import (
    FolderFoundError,
    NotReadableError,
    OpenFolder,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.git.run import Git
    from zt_gate.guard.history import History
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
#: A removed ``.gitignore`` can show files that it hid: so often it is looked again.
_MOST_ROUNDS = 4


class RollbackError(GateError):
    """Files cannot be brought back; the text says why, and what was done before."""


@dataclass(frozen=True, slots=True)
class RollbackStep:
    """One file that changes; ``action`` is restore, mode, remove, or cannot (with why).

    ``path`` is relative to the root of the repository.
    """

    action: str
    path: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPlan:
    """What a rollback would do, and what it cannot do."""

    snapshot: SessionSnapshot
    steps: tuple[RollbackStep, ...]
    digest: str

    @property
    def changes(self) -> tuple[RollbackStep, ...]:
        """The steps that change a file."""
        return tuple(step for step in self.steps if step.action != "cannot")


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What was done, and the folder that has what was replaced."""

    steps: tuple[RollbackStep, ...]
    saved: str


@dataclass(slots=True)
class _Past:
    """The files of a snapshot: what each one was, and its content."""

    history: History
    session: Session
    snapshot: SessionSnapshot
    git: Git
    tree: dict[bytes, tuple[int, str]]
    blobs: BlobStore

    def kept(self, path: bytes) -> Kept | None:
        """Return what a file was, None if there was none."""
        name = os.fsdecode(path)
        found = self.snapshot.files.get(name)
        if found is not None:
            return found if found.mode else None
        if path not in self.tree:
            return None
        mode, oid = self.tree[path]
        usual = self.snapshot.bits.get(f"{mode:o}", mode & 0o777)
        bits = 0 if mode == MODE_SYMLINK else self.snapshot.odd_bits.get(name, usual)
        return Kept(mode, bits, oid)

    def content(self, kept: Kept) -> bytes:
        """Return the content of a file; raises GateError."""
        if kept.copy:
            return checked_copy(self.history.copy(self.session.id, kept.copy), kept)
        return self.blobs.fetch(kept.oid, MOST_READ)[1]

    def paths(self) -> Iterator[bytes]:
        """Yield every path that had a file."""
        for path in dict.fromkeys((*self.tree, *map(os.fsencode, self.snapshot.files))):
            if self.kept(path) is not None:
                yield path


def plan(places: GuardPlaces, session: Session) -> RollbackPlan:
    """Return what a rollback would do; raises RollbackError, GitError, GuardStateError."""
    past, digest = _past(places, session)
    return RollbackPlan(past.snapshot, tuple(_steps(past)), digest)


def apply(places: GuardPlaces, session: Session, wanted: RollbackPlan) -> RolledBack:
    """Do what a plan says, and look again until nothing is left.

    What is replaced or removed is first copied to a new folder.  Raises RollbackError if
    the files are no longer those of the plan, and for what fails on the way.
    """
    past, _ = _past(places, session)
    steps = tuple(_steps(past))
    if steps != wanted.steps:
        raise RollbackError(
            "the files have changed since they were shown; run it again"
        )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    saved = os.path.join(
        places.state, "rollbacks", f"{session.id}-{stamp}-{os.urandom(2).hex()}"
    )
    make_private(os.path.join(saved, "files"))
    done: list[RollbackStep] = []
    try:
        for _round in range(_MOST_ROUNDS):
            changes = [step for step in steps if step.action != "cannot"]
            if not changes:
                break
            _do(past, changes, saved, done)
            steps = tuple(_steps(past))
    except (OSError, GateError) as error:
        raise RollbackError(
            f"{error}. {len(done)} files were changed before; what they were is in {saved}"
        ) from error
    finally:
        rows = [asdict(step) for step in done]
        write_private(os.path.join(saved, "steps.json"), json.dumps(rows).encode())
    left = [step for step in steps if step.action == "cannot"]
    return RolledBack((*done, *left), saved)


def _past(places: GuardPlaces, session: Session) -> tuple[_Past, str]:
    history = history_of(places)
    manifest = history.manifest(session.id)
    if manifest is None:
        raise RollbackError(
            "this session has no snapshot: it changed nothing, or has no repository"
        )
    snapshot, digest = parsed(manifest)
    if not snapshot.head and not snapshot.files:
        raise RollbackError(f"the snapshot is empty: {snapshot.problem or 'no files'}")
    git = open_git(places.home, snapshot.root)
    if os.path.realpath(git.root) != os.path.realpath(snapshot.root):
        raise RollbackError(f"{snapshot.root} is no longer a repository of its own")
    try:
        tree = tree_at(git, snapshot.head)
    except GitError as error:
        raise RollbackError(
            f"the commit {snapshot.head[:12]} of the beginning is gone: {error}"
        ) from error
    return _Past(history, session, snapshot, git, tree, BlobStore(git)), digest


def _steps(past: _Past) -> Iterator[RollbackStep]:
    """Yield the differences between now and then; removals come first."""
    listed = list(listed_files(past.git))
    with OpenFolder(past.git.root) as folder:
        for path in sorted(set(listed)):
            if past.kept(path) is None and not _is_submodule(past, path):
                yield from _removal(past, folder, path)
        for path in sorted(past.paths()):
            step = _difference(past, folder, path)
            if step is not None:
                yield step


def _is_submodule(past: _Past, path: bytes) -> bool:
    return past.tree.get(path, (0, ""))[0] == MODE_SUBMODULE


def _removal(past: _Past, folder: OpenFolder, path: bytes) -> Iterator[RollbackStep]:
    name = os.fsdecode(path)
    if is_unsafe_path(path):
        yield RollbackStep("cannot", name, "the path could lead out of the repository")
        return
    try:
        content = folder.open(path)
    except FolderFoundError:
        return
    except NotReadableError as error:
        yield RollbackStep("cannot", name, f"new, and not readable: {error}")
        return
    if content is None:
        return
    with content:
        pass
    if past.snapshot.problem:
        yield RollbackStep(
            "cannot", name, f"perhaps new: the snapshot has {past.snapshot.problem}"
        )
        return
    yield RollbackStep("remove", name, "it was not there")


def _difference(past: _Past, folder: OpenFolder, path: bytes) -> RollbackStep | None:
    kept = past.kept(path)
    assert kept is not None
    name = os.fsdecode(path)
    if kept.mode == MODE_SUBMODULE:
        return None
    if is_unsafe_path(path):
        return RollbackStep("cannot", name, "the path could lead out of the repository")
    try:
        found = read_file(folder, path)
    except FolderFoundError:
        found = None
    except NotReadableError as error:
        if not _is_unreadable_file(past, path):
            return RollbackStep("cannot", name, f"not readable: {error}")
        found = (0, 0, b"")
    is_same = False
    if found is not None:
        mode, bits, data = found
        is_link = mode == MODE_SYMLINK
        oid = object_id(data, past.git.object_format)
        is_same = oid == kept.oid and is_link == (kept.mode == MODE_SYMLINK)
        if is_same and (is_link or bits == kept.bits):
            return None
    if not is_same and kept.reason:
        what = "changed" if kept.oid else "perhaps changed"
        return RollbackStep(
            "cannot", name, f"{what}, and there is no copy: {kept.reason}"
        )
    if is_same:
        return RollbackStep("mode", name, f"to {kept.bits:o}")
    return RollbackStep(
        "restore", name, "it is gone" if found is None else "it was changed"
    )


def _is_unreadable_file(past: _Past, path: bytes) -> bool:
    """Whether a file is a regular one whose permissions were taken away."""
    try:
        info = os.lstat(os.path.join(os.fsencode(past.git.root), path))
    except OSError:
        return False
    return stat.S_ISREG(info.st_mode) and not info.st_mode & stat.S_IRUSR


def _do(
    past: _Past, steps: Iterable[RollbackStep], saved: str, done: list[RollbackStep]
) -> None:
    top = os.fsencode(past.git.root)
    root = os.open(top, _FOLDER)
    try:
        for step in steps:
            path = os.fsencode(step.path)
            *folders, name = path.split(b"/")
            kept = past.kept(path)
            content = past.content(kept) if kept and step.action == "restore" else b""
            parent = _parent(root, folders, top, saved, makes=step.action == "restore")
            try:
                if step.action != "mode":
                    source = os.path.join(top, path)
                    target = os.path.join(os.fsencode(saved), b"files", path)
                    _save(parent, name, source, target)
                _one(parent, name, kept, content, step.action)
            finally:
                os.close(parent)
            done.append(step)
        for step in done:
            if step.action == "remove":
                _remove_empty(root, os.fsencode(step.path).split(b"/")[:-1])
    finally:
        os.close(root)


def _one(
    parent: int, name: bytes, kept: Kept | None, content: bytes, action: str
) -> None:
    """Do one step in an open folder; what was there is saved."""
    if action == "remove":
        os.unlink(name, dir_fd=parent)
        return
    assert kept is not None
    if action == "restore":
        _write(parent, name, kept, content)
        return
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    handle = os.open(name, flags, dir_fd=parent)
    try:
        os.fchmod(handle, kept.bits)
    finally:
        os.close(handle)


def _write(parent: int, name: bytes, kept: Kept, content: bytes) -> None:
    """Put a file into an open folder in one step."""
    new = b".zt-gate-" + os.urandom(6).hex().encode()
    if kept.mode == MODE_SYMLINK:
        os.symlink(content, new, dir_fd=parent)
    else:
        handle = os.open(new, _NEW, 0o600, dir_fd=parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(handle, kept.bits)
    try:
        os.rename(new, name, src_dir_fd=parent, dst_dir_fd=parent)
    except BaseException:
        os.unlink(new, dir_fd=parent)
        raise


def _save(parent: int, name: bytes, source: bytes, target: bytes) -> None:
    """Copy what is at a name to the saved files; a folder is moved away whole.

    ``source`` is its path, for folders.
    """
    try:
        info = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
    if os.path.lexists(target):  # an earlier round saved one
        target += b"." + os.urandom(3).hex().encode()
    if stat.S_ISLNK(info.st_mode):
        os.symlink(os.readlink(name, dir_fd=parent), target)
    elif stat.S_ISDIR(info.st_mode):
        shutil.copytree(os.fsdecode(source), os.fsdecode(target), symlinks=True)
        shutil.rmtree(name, dir_fd=parent)
    elif stat.S_ISREG(info.st_mode):
        _copy(parent, name, target)
    else:
        raise RollbackError(f"{os.fsdecode(name)} is no regular file")


def _copy(parent: int, name: bytes, target: bytes) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        os.chmod(name, 0o600, dir_fd=parent)
        handle = os.open(name, flags, dir_fd=parent)
    with os.fdopen(handle, "rb") as source:
        new = os.open(target, _NEW, 0o600)
        with os.fdopen(new, "wb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(new)
            os.fchmod(new, os.fstat(handle).st_mode & 0o777)


def _parent(
    root: int, folders: list[bytes], top: bytes, saved: str, *, makes: bool
) -> int:
    """Open the folder of a file without following links, and make it if need be.

    ``root`` is the open folder ``top``.  What is in the way of a folder is saved and taken
    away.  The caller closes it.
    """
    current = os.dup(root)
    for number, folder in enumerate(folders):
        try:
            child = os.open(folder, _FOLDER, dir_fd=current)
        except OSError:
            if not makes:
                os.close(current)
                raise
            try:
                if _exists(current, folder):
                    below = b"/".join(folders[: number + 1])
                    target = os.path.join(os.fsencode(saved), b"files", below)
                    _save(current, folder, os.path.join(top, below), target)
                if _exists(current, folder):
                    os.unlink(folder, dir_fd=current)
                os.mkdir(folder, 0o777, dir_fd=current)
                child = os.open(folder, _FOLDER, dir_fd=current)
            except BaseException:
                os.close(current)
                raise
        os.close(current)
        current = child
    return current


def _exists(folder: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove_empty(root: int, folders: list[bytes]) -> None:
    """Remove the folders of a removed file that are empty now."""
    while folders:
        *above, name = folders
        try:
            parent = _parent(root, above, b"", "", makes=False)
        except OSError:
            return
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError:
            return
        finally:
            os.close(parent)
        folders = above
