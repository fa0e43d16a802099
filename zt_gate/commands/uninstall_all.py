"""``zt-gate hook uninstall --all``: remove what the gate left, and name the rest."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.git.run import Git
    from zt_gate.system.leftovers import Leftover

#: Files of a project that name the gate.
_PROJECT_FILES = (
    ".zt-gate.toml",
    ".zt-gate-baseline",
    ".github/workflows/zt-gate.yml",
    ".github/workflows/zt-gate-judge.yml",
)
#: What an administrator installs for ``approve`` with a proof.
_ROOT_FILES = (
    "/usr/local/libexec/zt-gate-approve",
    "/etc/zt-gate",
    "/var/lib/zt-gate",
)


def uninstall_all(*, with_state: bool) -> int:
    """Remove hooks and cache; with ``with_state`` also approvals, keys and logs.

    Outside a repository only the user's own folders are looked at.  Returns 0; raises
    GateError if something cannot be removed.
    """
    from zt_gate.git.errors import NotARepositoryError
    from zt_gate.git.run import Git

    try:
        git = Git.open(Path.cwd(), os.environ)
    except NotARepositoryError:
        git = None
        print("no repository here, so no hooks were looked for")
    else:
        from zt_gate.commands import hook_install

        hook_install.uninstall()
    try:
        _cache()
        _state(with_state=with_state)
        if git is not None:
            _audit_logs(git, with_state=with_state)
    except OSError as error:
        name = _visible(str(error.filename or "a folder"))
        raise GateError(f"{name} cannot be removed: {error.strerror}") from error
    left = list(_left(git))
    if left:
        print("\nNot removed:", *left, sep="\n  ")
    return 0


def _cache() -> None:
    from zt_gate.system.leftovers import find_cache, remove_cache

    cache = find_cache(os.environ)
    if cache is None:
        print("cache: none")
        return
    gone = remove_cache(cache)
    others = "" if gone else f"; {cache.others} files of others stay there"
    print(f"cache: removed {_described(cache)}{others}")


def _state(*, with_state: bool) -> None:
    from zt_gate.system.leftovers import find_state, remove_state

    state = find_state(os.environ)
    if state is None:
        print("state folder: none")
    elif with_state:
        remove_state(state)
        print(f"state folder: removed {_described(state)}")
    else:
        print(
            f"state folder: kept {_described(state)}: approvals, keys and logs; to remove "
            "it, run: zt-gate hook uninstall --all --state"
        )


def _audit_logs(git: Git, *, with_state: bool) -> None:
    """Name or remove the audit log of the repository, which lies in git's folder."""
    import shutil

    from zt_gate.audit.record import FOLDER

    folder = os.path.join(git.common_folder, FOLDER)
    if os.path.islink(folder) or not os.path.isdir(folder):
        return
    if with_state:
        shutil.rmtree(folder)
        print(f"audit log: removed {_visible(folder)}")
    else:
        print(f"audit log: kept {_visible(folder)}; --state removes it, too")


def _described(found: Leftover) -> str:
    unit = "file" if len(found.files) == 1 else "files"
    size = f"{found.size / 1_000_000:.1f} MB"
    return f"{_visible(str(found.folder))} ({len(found.files)} {unit}, {size})"


def _left(git: Git | None) -> Iterator[str]:
    """Yield what stays, each with the command that removes it."""
    if git is not None:
        names = [name for name in _PROJECT_FILES if os.path.lexists(git.root / name)]
        if names:
            yield f"files of the project: git rm {' '.join(names)}"
        yield from _pre_commit(git.root)
    own = [name for name in _ROOT_FILES if os.path.lexists(name)]
    if own:
        yield f"files of root: sudo rm -r {' '.join(own)}"
    yield f"the program: {_program_command()}"


def _pre_commit(root: Path) -> Iterator[str]:
    from zt_gate.commands.init import has_hooks
    from zt_gate.commands.init_files import PRE_COMMIT
    from zt_gate.doctor.repository_files import UnreadableError, of_work_tree

    try:
        data = of_work_tree(root, PRE_COMMIT)
    except UnreadableError:
        return
    if data is not None and has_hooks(data):
        yield f"{PRE_COMMIT}: remove the entry of zt-gate, then: pre-commit gc"


def _program_command() -> str:
    """Return the command that removes the program, as it was installed."""
    parts = Path(sys.prefix).parts
    if "pipx" in parts:
        return "pipx uninstall zt-gate"
    if parts[-2:-1] == ("tools",) and "uv" in parts:
        return "uv tool uninstall zt-gate"
    return f"{shlex.quote(sys.executable)} -m pip uninstall zt-gate"


def _visible(text: str) -> str:
    from zt_gate.reports.escape import visible

    return visible(text)
