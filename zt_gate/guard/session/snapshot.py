"""What the files of a repository were before a session could change anything.

Git has every file that equals its commit; what differs from it, and untracked files, are
copied into the guard's state, private to the user and bounded.  Git's own comparison is
not used: it runs filters, and believes flags and times.  Ignored files are not copied:
they can be large, and they hold secrets.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.git.errors import GitError
from zt_gate.git.run import Git
from zt_gate.guard.private_file import (
    GuardStateError,
    make_private,
    read_private,
    write_private,
)
from zt_gate.guard.session import records
from zt_gate.model.change import MODE_SUBMODULE
from zt_gate.record import asdict, dataclass, field, replace
from zt_gate.sources.folder_files import (
    Content,
    FolderFoundError,
    NotReadableError,
    OpenFolder,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.records import Session

MANIFEST = "manifest.json"
VERSION = 1
#: Bounds: seconds for all of it, files and bytes that are read, and bytes that are copied.
SECONDS = 8.0
MOST_FILES = 50_000
MOST_READ = 1 << 30
MOST_COPIED = 64 << 20
LARGEST = 8 << 20
_KEPT_DAYS = 30
#: Files of the repository's own folder whose digests are kept, and only compared.
_GIT_FILES = ("config", "config.worktree", "info/exclude", "info/attributes")


@dataclass(frozen=True, slots=True)
class Kept:
    """One file as it was; ``copy`` names its copy, "" if there is none and why not.

    ``mode`` is git's, 0 for a tracked file that was missing; ``bits`` are the permissions.
    ``oid`` is git's id of the bytes that it had.
    """

    mode: int
    bits: int = 0
    oid: str = ""
    copy: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionSnapshot:
    """The state of a repository at a time.

    ``head`` is the commit, ``branch`` the full name of the branch, "" if there is none.
    ``files`` has what differed from ``head``, untracked files included; ``bits`` are the
    permissions of the other files by git's mode, with exceptions in ``odd_bits``.
    ``git_files`` are digests of the repository's own files; ``problem`` says why the
    snapshot is not complete.
    """

    time: float
    root: str
    head: str = ""
    branch: str = ""
    status: str = ""
    files: Mapping[str, Kept] = field(default_factory=dict)
    bits: Mapping[str, int] = field(default_factory=dict)
    odd_bits: Mapping[str, int] = field(default_factory=dict)
    git_files: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def folder_of(places: GuardPlaces, session_id: str) -> str:
    """Return where the snapshot of a session is."""
    return os.path.join(places.state, "snapshots", session_id)


def take(places: GuardPlaces, session: Session) -> str:
    """Take the snapshot of a session that has none; return the manifest's digest.

    A failure is written into the snapshot instead of raised, so that the report names it.
    Raises GuardStateError if nothing can be written.
    """
    target = folder_of(places, session.id)
    new = f"{target}.{os.urandom(4).hex()}"

    def keep(digest: str, data: bytes) -> None:
        write_private(os.path.join(new, "files", digest), data)

    try:
        make_private(new)
        content = taken(places.home, session, keep)
        write_private(os.path.join(new, MANIFEST), content)
        os.rename(new, target)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if os.path.isdir(target):  # another event of the session was first
            return ""
        raise GuardStateError(
            f"{target} cannot be written: {error.strerror}"
        ) from error
    forget_old(places)
    return hashlib.sha256(content).hexdigest()


def taken(
    home: str,
    session: Session,
    keep: Callable[[str, bytes], None],
    lost: Callable[[], Mapping[str, str]] = dict,
) -> bytes:
    """Return the manifest of a session's snapshot, made now.

    ``keep`` takes each content that git does not have, once, with its digest; OSError
    means that it takes no more.  ``lost`` is asked at the end: the digests of contents
    that were not kept after all, with the reason.  A failure is written into the snapshot.
    """
    try:
        snapshot = _taken(home, session.root, keep, lost)
    except (GitError, OSError) as error:
        snapshot = SessionSnapshot(time.time(), session.root, problem=str(error))
    return _manifest(snapshot)


def read_manifest(places: GuardPlaces, session_id: str) -> bytes | None:
    """Return the manifest in a user's files, None if there is none."""
    return read_private(os.path.join(folder_of(places, session_id), MANIFEST))


def read_copy(places: GuardPlaces, session_id: str, name: str) -> bytes | None:
    """Return a copy in a user's files by its name, None if it is missing."""
    return read_private(os.path.join(folder_of(places, session_id), "files", name))


def load(places: GuardPlaces, session_id: str) -> tuple[SessionSnapshot, str] | None:
    """Return the snapshot of a session and its digest, None if there is none.

    Raises GuardStateError for a damaged one.
    """
    data = read_manifest(places, session_id)
    return None if data is None else parsed(data)


def parsed(data: bytes) -> tuple[SessionSnapshot, str]:
    """Return the snapshot of a manifest and its digest; raises GuardStateError."""
    try:
        table = json.loads(data)
        if table.pop("version") != VERSION:
            raise ValueError("another version")
        files = {name: Kept(**row) for name, row in table.pop("files").items()}
        snapshot = SessionSnapshot(**table, files=files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise GuardStateError(
            "the snapshot is damaged: nothing is rolled back"
        ) from error
    return snapshot, hashlib.sha256(data).hexdigest()


def checked_copy(data: bytes | None, kept: Kept) -> bytes:
    """Return the content of a copy, checked by its name; raises GuardStateError."""
    if data is None or hashlib.sha256(data).hexdigest() != kept.copy:
        raise GuardStateError(
            f"the copy {kept.copy[:16]} of the snapshot is missing or was changed"
        )
    return data


def open_git(home: str, root: str) -> Git:
    """Return git for the repository of a session; raises GitError.

    The environment is not the session's: it could name another repository.
    """
    return Git.open(Path(root), {"PATH": os.defpath, "HOME": home}, 60.0)


def branch_of(git: Git) -> str:
    """Return the full name of the checked out branch, "" if there is none."""
    name = git.run(["symbolic-ref", "-q", "HEAD"], ok=(0, 1))
    return os.fsdecode(name.strip())


def tree_at(git: Git, commit: str) -> dict[bytes, tuple[int, str]]:
    """Return mode and object id of each file of a commit; none for ""."""
    if not commit:
        return {}
    found = {}
    args = ["ls-tree", "-r", "-z", "--full-tree", commit]
    for record in git.run(args).split(b"\0")[:-1]:
        fields, _, path = record.partition(b"\t")
        mode, _kind, oid = fields.split(b" ")
        found[path] = int(mode, 8), oid.decode("ascii")
    return found


def listed_files(git: Git) -> Iterator[bytes]:
    """Yield the paths in the index, and those of untracked files that are not ignored."""
    seen = set()
    for record in git.run(["ls-files", "-z", "--stage"]).split(b"\0")[:-1]:
        path = record.partition(b"\t")[2]
        if path not in seen:
            seen.add(path)
            yield path
    args = ["ls-files", "-z", "--others", "--exclude-standard", "--full-name"]
    for path in git.run(args).split(b"\0")[:-1]:
        if not path.endswith(b"/"):  # a nested repository is its own
            yield path


def read_file(folder: OpenFolder, path: bytes) -> tuple[int, int, bytes] | None:
    """Return git's mode, permissions and content of a file, None if there is none.

    Raises NotReadableError, FolderFoundError.
    """
    content = folder.open(path)
    if content is None:
        return None
    with content:
        if content.size > MOST_READ:
            raise NotReadableError("it is too large")
        return content.mode, permissions(content), b"".join(content.chunks())


def permissions(content: Content) -> int:
    """Return the permission bits of an open file, 0 for a link."""
    if content.descriptor < 0:
        return 0
    return os.fstat(content.descriptor).st_mode & 0o7777


def object_id(data: bytes, object_format: str) -> str:
    """Return git's id of a blob."""
    digest = hashlib.new(object_format, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def git_files(git: Git) -> dict[str, str]:
    """Return digests of the repository's own files and hooks."""
    found = {}
    names = list(_GIT_FILES)
    hooks = os.path.join(git.common_folder, "hooks")
    if os.path.isdir(hooks):
        names += [f"hooks/{name}" for name in sorted(os.listdir(hooks))[:200]]
    with OpenFolder(os.fsencode(git.common_folder)) as folder:
        for name in names:
            try:
                content = folder.open(os.fsencode(name))
            except (NotReadableError, FolderFoundError):
                continue
            if content is None:
                continue
            with content:
                data = b"".join(content.chunks()) if content.size <= LARGEST else b""
            found[name] = hashlib.sha256(data).hexdigest()[:32]
    return found


@dataclass(slots=True)
class _Taker:
    """Reads the files of a work tree and copies what git does not have."""

    git: Git
    keep: Callable[[str, bytes], None]
    deadline: float
    kept: set[str] = field(default_factory=set)
    refused: str = ""
    files: dict[str, Kept] = field(default_factory=dict)
    bits: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    read: int = 0
    copied: int = 0
    problem: str = ""

    def take(self, folder: OpenFolder, path: bytes, recorded: tuple[int, str]) -> None:
        """Keep one file; ``recorded`` is what the commit has of it."""
        name = os.fsdecode(path)
        if recorded[0] == MODE_SUBMODULE:
            return
        try:
            found = read_file(folder, path)
        except (NotReadableError, FolderFoundError) as error:
            reason = str(error) or "it is a folder"
            self.files[name] = Kept(recorded[0], reason=reason)
            return
        if found is None:
            if recorded[1]:
                self.files[name] = Kept(0)
            return
        mode, bits, data = found
        self.read += len(data)
        oid = object_id(data, self.git.object_format)
        if (mode, oid) == recorded:
            self.bits[path] = mode, bits
            return
        self.files[name] = self._copy(Kept(mode, bits, oid), data)

    def _copy(self, kept: Kept, data: bytes) -> Kept:
        if len(data) > LARGEST:
            return replace(kept, reason=f"it is larger than {LARGEST >> 20} MB")
        if self.copied + len(data) > MOST_COPIED:
            reason = f"more than {MOST_COPIED >> 20} MB differ from the commit"
            return replace(kept, reason=reason)
        digest = hashlib.sha256(data).hexdigest()
        if digest in self.kept:
            return replace(kept, copy=digest)
        if not self.refused:
            try:
                self.keep(digest, data)
            except OSError as error:
                self.refused = str(error)
        if self.refused:
            return replace(kept, reason=self.refused)
        self.kept.add(digest)
        self.copied += len(data)
        return replace(kept, copy=digest)

    def without(self, lost: Mapping[str, str]) -> dict[str, Kept]:
        """Return the files; the copies that were lost are none."""
        return {
            name: replace(kept, copy="", reason=lost[kept.copy])
            if kept.copy in lost
            else kept
            for name, kept in self.files.items()
        }

    def is_over(self, number: int) -> bool:
        """Whether a bound is reached; then ``problem`` says which."""
        if time.monotonic() > self.deadline:
            self.problem = f"it takes more than {SECONDS:g} seconds"
        elif number >= MOST_FILES or self.read > MOST_READ:
            self.problem = f"over {MOST_FILES:,} files or {MOST_READ >> 20:,} MB"
        return bool(self.problem)


def _taken(
    home: str,
    root: str,
    keep: Callable[[str, bytes], None],
    lost: Callable[[], Mapping[str, str]],
) -> SessionSnapshot:
    git = open_git(home, root)
    taker = _Taker(git, keep, time.monotonic() + SECONDS)
    recorded = tree_at(git, git.head)
    paths = dict.fromkeys((*recorded, *listed_files(git)))
    with OpenFolder(git.root) as folder:
        for number, path in enumerate(paths):
            if taker.is_over(number):
                break
            taker.take(folder, path, recorded.get(path, (0, "")))
    counts: dict[int, Counter[int]] = {}
    for mode, bits in taker.bits.values():
        counts.setdefault(mode, Counter())[bits] += 1
    usual = {mode: count.most_common(1)[0][0] for mode, count in counts.items()}
    files = taker.without(lost())
    return SessionSnapshot(
        time.time(),
        str(git.root),
        git.head,
        branch_of(git),
        _status(files),
        files,
        {f"{mode:o}": bits for mode, bits in usual.items()},
        {
            os.fsdecode(path): bits
            for path, (mode, bits) in taker.bits.items()
            if bits != usual[mode]
        },
        git_files(git),
        taker.problem,
    )


def _status(files: Mapping[str, Kept]) -> str:
    """Return a digest of what differed from the commit."""
    rows = sorted(f"{name}\0{kept.mode:o}\0{kept.oid}" for name, kept in files.items())
    return hashlib.sha256(
        "\0\0".join(rows).encode("utf-8", "surrogateescape")
    ).hexdigest()


def _manifest(snapshot: SessionSnapshot) -> bytes:
    table: dict[str, Any] = {"version": VERSION, **asdict(snapshot)}
    return json.dumps(table).encode("ascii")


def forget_old(places: GuardPlaces) -> None:
    """Remove snapshots that are older than the sessions are kept.

    A session that is still known keeps its snapshot, whatever the clock says.
    """
    oldest = time.time() - _KEPT_DAYS * 86_400
    with records.opened(places) as sessions:
        known = {session.id for session in sessions.known}
    for entry in os.scandir(os.path.join(places.state, "snapshots")):
        is_old = entry.stat(follow_symlinks=False).st_mtime < oldest
        if is_old and entry.name not in known:
            shutil.rmtree(entry.path, ignore_errors=True)
