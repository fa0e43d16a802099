"""Real repositories, opened the way the gate opens them."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.support.repo import GIT_ENV, Repo
from zt_gate.git.run import Git

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet, FileChange


def environ(repo: Repo, **added: str) -> dict[str, str]:
    return {**GIT_ENV, "HOME": str(repo.path.parent), **added}


def opened(repo: Repo, **added: str) -> Git:
    return Git.open(repo.path, environ(repo, **added))


def by_path(change: ChangeSet) -> dict[bytes, FileChange]:
    found = {file.path: file for file in change.files}
    assert len(found) == len(change.files)
    return found


def added(file: FileChange) -> list[bytes]:
    return [line.data for line in file.added_lines()]


def removed(file: FileChange) -> list[bytes]:
    return [line.data for line in file.removed_lines()]


def canary(folder: Path, name: str = "canary") -> tuple[Path, Path]:
    """A program that creates a file when it runs: (program, file)."""
    program, mark = folder / f"{name}.sh", folder / f"{name}.ran"
    program.write_text(f"#!/bin/sh\necho ran >> '{mark}'\ncat\n")
    program.chmod(0o755)
    return program, mark


def real_git() -> str:
    found = shutil.which("git")
    assert found
    return os.path.abspath(found)


def old_lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines
