"""Real git repositories for the tests."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# The developer's own git settings must not affect a test.
GIT_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
    "LANG": "C.UTF-8",
}


@dataclass(frozen=True)
class Repo:
    """A repository in a folder; every call is real git."""

    path: Path

    @classmethod
    def create(cls, path: Path, *options: str) -> Repo:
        path.mkdir(parents=True, exist_ok=True)
        repo = cls(path)
        repo.git("init", "-q", "-b", "main", *options)
        return repo

    def git(
        self,
        *args: str | bytes,
        stdin: bytes = b"",
        check: bool = True,
        env: dict[str, str] | None = None,
    ) -> bytes:
        done = subprocess.run(
            ["git", *args],
            cwd=self.path,
            env={**GIT_ENV, "HOME": str(self.path.parent), **(env or {})},
            input=stdin,
            capture_output=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def write(
        self, name: str | bytes, content: str | bytes, mode: int | None = None
    ) -> None:
        target = os.path.join(os.fsencode(self.path), os.fsencode(name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if mode is not None:
            os.chmod(target, mode)

    def commit(self, message: str = "change", env: dict[str, str] | None = None) -> str:
        """Commit everything in the work tree; return the new commit's id."""
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message, env=env)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").decode().strip()
