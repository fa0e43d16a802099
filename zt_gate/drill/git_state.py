"""Cases with special files among git's own, a damaged index, and a hidden staged file."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

from zt_gate.drill.case import Case
from zt_gate.drill.git_hiding import planted

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import GateOutcome
    from zt_gate.drill.workspace import CaseWorkspace, DrillRepository

_GROUP = "state"
_KEY = "block secrets/anthropic-api-key"


def _pipe(path: str) -> None:
    os.mkfifo(path)


def _socket(path: str) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


def _folder(path: str) -> None:
    os.mkdir(path)


def _device(path: str) -> None:
    """Link to a device, because only root can make one."""
    os.symlink("/dev/zero", path)


def _special(
    name: str, make: Callable[[str], None], workspace: CaseWorkspace
) -> GateOutcome:
    """Put a special file in place of one of git's own, and scan a harmless change."""
    repository = workspace.repository()
    repository.write("new.py", "x = 1\n")
    repository.stage()
    path = str(repository.path / ".git" / name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    make(path)
    return workspace.scan(repository)


def _damaged(
    damage: Callable[[bytes], bytes], kind: str, workspace: CaseWorkspace
) -> GateOutcome:
    repository = workspace.repository()
    repository.write("new.py", "x = 1\n")
    repository.stage()
    index = repository.path / ".git" / "index"
    index.write_bytes(damage(index.read_bytes()))
    return workspace.scan(repository, kind)


def _stage_key(repository: DrillRepository, name: str) -> None:
    repository.write(name, planted())
    repository.stage()


def _removed(repository: DrillRepository) -> None:
    _stage_key(repository, "new.py")
    (repository.path / "new.py").unlink()


def _rewritten(repository: DrillRepository) -> None:
    _stage_key(repository, "new.py")
    repository.write("new.py", "x = 1\n")


def _restored(repository: DrillRepository) -> None:
    content = (repository.path / "app.py").read_bytes()
    _stage_key(repository, "app.py")
    repository.write("app.py", content)


def _replaced_by_folder(repository: DrillRepository) -> None:
    _removed(repository)
    repository.write("new.py/x.txt", "x\n")


def _index_alone(repository: DrillRepository) -> None:
    """Add a file to the index that never was in the work tree."""
    oid = repository.store(planted())
    repository.git("update-index", "--add", "--cacheinfo", f"100644,{oid},new.py")


def _unmerged(repository: DrillRepository) -> None:
    """Leave both sides of a merge in the index, and no file in the work tree."""
    oid = repository.store(planted())
    lines = "".join(f"100644 {oid} {stage}\tnew.py\n" for stage in (2, 3))
    repository.git("update-index", "--index-info", stdin=lines.encode())


def _false_object(workspace: CaseWorkspace) -> GateOutcome:
    """Give a staged key's object the content of a harmless file."""
    import zlib

    repository = workspace.repository()
    _stage_key(repository, "new.py")
    oid = repository.store(planted())
    loose = repository.path / ".git" / "objects" / oid[:2] / oid[2:]
    loose.chmod(0o600)
    loose.write_bytes(zlib.compress(b"blob 6\0x = 1\n"))
    return workspace.scan(repository)


def _half_staged(repository: DrillRepository) -> None:
    repository.write("app.py", "print(2)\n")
    repository.stage()
    repository.write("app.py", "print(3)\n")


def _work_tree(
    prepare: Callable[[DrillRepository], None], workspace: CaseWorkspace
) -> GateOutcome:
    repository = workspace.repository()
    prepare(repository)
    return workspace.scan(repository, "worktree")


_SPECIAL: tuple[tuple[str, str, Callable[[str], None]], ...] = (
    ("pipe-as-index", "index", _pipe),
    ("pipe-as-config", "config", _pipe),
    ("pipe-as-packed-refs", "packed-refs", _pipe),
    ("pipe-as-branch", "refs/heads/other", _pipe),
    ("pipe-as-alternates", "objects/info/alternates", _pipe),
    ("folder-as-index", "index", _folder),
    ("device-as-shallow", "shallow", _device),
    ("socket-as-attributes", "info/attributes", _socket),
    ("folder-as-attributes", "info/attributes", _folder),
)

_DAMAGES: tuple[tuple[str, str, Callable[[bytes], bytes], str], ...] = (
    ("index-empty", "an empty index", lambda _data: b"", "staged"),
    ("index-cut-off", "an index that is cut off", lambda data: data[: len(data) // 2], "staged"),
    ("index-name-changed", "an index with a changed name",
     lambda data: data.replace(b"new.py", b"old.py"), "worktree"),
    ("index-time-changed", "an index with a changed byte",
     lambda data: data[:14] + bytes((data[14] ^ 1,)) + data[15:], "staged"),
    ("index-without-end", "an index without its checksum", lambda data: data[:-20], "tree"),
)  # fmt: skip

_STAGED = (
    ("staged-then-removed", "a key that is staged and removed again", _removed),
    ("staged-then-rewritten", "a key that is staged and overwritten", _rewritten),
    ("staged-then-restored", "a key staged in a file that is restored", _restored),
    ("staged-then-folder", "a key staged where a folder is now", _replaced_by_folder),
    ("staged-only", "a key that is only in the index", _index_alone),
)

CASES = (
    *(
        Case(
            name,
            _GROUP,
            f".git/{path} is a {name.partition('-')[0]}",
            "error",
            partial(_special, path, make),
        )
        for name, path, make in _SPECIAL
    ),
    *(
        Case(name, _GROUP, what, "error", partial(_damaged, damage, kind))
        for name, what, damage, kind in _DAMAGES
    ),
    *(
        Case(name, _GROUP, what, _KEY, partial(_work_tree, prepare))
        for name, what, prepare in _STAGED
    ),
    Case(
        "unmerged-paths",
        _GROUP,
        "a key in both sides of a merge that is not resolved",
        "error",
        partial(_work_tree, _unmerged),
    ),
    Case(
        "false-object",
        _GROUP,
        "a staged object with other content than its id says",
        "error",
        _false_object,
    ),
    Case(
        "half-staged",
        "honest",
        "an edit that is staged in part",
        "pass",
        partial(_work_tree, _half_staged),
    ),
    Case(
        "index-without-checksum",
        "honest",
        "an index that git wrote without a checksum",
        "pass",
        partial(_damaged, lambda data: data[:-20] + bytes(20), "staged"),
    ),
)
