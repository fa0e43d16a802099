"""Where a case happens: a folder of its own, a repository, and the gate."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from zt_gate.drill import environment
from zt_gate.drill.outcome import Found, GateOutcome, outcome
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BEFORE = {b"README.md": b"# A small service\n", b"app.py": b"print(1)\n" * 30}


@dataclass(frozen=True, slots=True)
class DrillRepository:
    """A throw-away repository; every call is real git."""

    path: Path
    #: Settings that keep git from doing to the drill what it must not do to the gate.
    safe: tuple[str, ...] = ("-c", "core.fsmonitor=false", "-c", "filter.x.clean=cat")

    def git(
        self,
        *words: str | bytes,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run git and return what it said; raises GateError."""
        said = environment.git(self.path, *self.safe, *words, stdin=stdin, env=env)
        return said.decode("utf-8", "surrogateescape").strip()

    def write(self, name: str | bytes, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file, with its folders."""
        target = os.path.join(os.fsencode(self.path), os.fsencode(name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(target, mode)

    def link(self, name: bytes, target: bytes) -> None:
        """Make a symbolic link, with its folders."""
        place = os.path.join(os.fsencode(self.path), name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.symlink(target, place)

    def stage(self) -> None:
        """Add everything, also what is ignored."""
        self.git("add", "-A", "-f")

    def commit(self, message: str | bytes = "Work on it") -> str:
        """Commit everything in the work tree; return the commit's id."""
        self.stage()
        text = message.encode() if isinstance(message, str) else message
        self.git(
            "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", stdin=text
        )
        return self.head()

    def head(self) -> str:
        """Return the commit of HEAD."""
        return self.git("rev-parse", "HEAD")

    def store(self, content: str | bytes, kind: str = "blob") -> str:
        """Put an object into the database, whatever it says; return its id."""
        data = content.encode() if isinstance(content, str) else content
        return self.git(
            "hash-object", "-w", "-t", kind, "--literally", "--stdin", stdin=data
        )

    def commit_of(
        self,
        tree: str,
        *parents: str,
        message: bytes = b"Work on it\n",
        author: bytes = b"A <a@example.org>",
        headers: bytes = b"",
    ) -> str:
        """Write a commit by hand; return its id."""
        lines = [b"tree " + tree.encode()]
        lines += [b"parent " + parent.encode() for parent in parents]
        lines += [
            who + b" " + author + b" 1700000000 +0000"
            for who in (b"author", b"committer")
        ]
        return self.store(
            b"\n".join(lines) + b"\n" + headers + b"\n" + message, "commit"
        )


@dataclass(slots=True)
class Box:
    """What a case gets: its own folder and the environment of the gate."""

    folder: Path
    environ: Mapping[str, str]
    tools: list[str] = field(default_factory=list)

    def repository(
        self, before: Mapping[bytes, bytes] | None = None, name: str = "repository"
    ) -> DrillRepository:
        """Make a repository with one commit."""
        path = self.folder / name
        path.mkdir(parents=True)
        made = DrillRepository(path)
        made.git("init", "-q", "-b", "main")
        for file, content in (_BEFORE if before is None else before).items():
            made.write(file, content)
        made.commit("A small service")
        return made

    def tool(self, name: str = "tool") -> str:
        """Make a program that leaves a mark when somebody runs it; return its path."""
        program = self.folder / f"{name}.sh"
        program.write_text(f"#!/bin/sh\ntouch '{self.mark(name)}'\ncat\n")
        program.chmod(0o700)
        return str(program)

    def mark(self, name: str) -> str:
        """Return the file that tells that ``name`` ran."""
        self.tools.append(name)
        return str(self.folder / f"ran-{name}")

    def forget(self) -> None:
        """Drop the marks: the drill's own git may have left them."""
        for name in self.tools:
            (self.folder / f"ran-{name}").unlink(missing_ok=True)

    def ran(self) -> tuple[str, ...]:
        """Return the programs that were started."""
        return tuple(
            dict.fromkeys(
                name for name in self.tools if (self.folder / f"ran-{name}").exists()
            )
        )

    def judge(
        self,
        repository: DrillRepository,
        kind: str = "staged",
        *,
        only: tuple[str, ...] = ("secrets",),
        env: Mapping[str, str] | None = None,
        **request: Any,
    ) -> GateOutcome:
        """Run the gate in this process and return what it said."""
        from zt_gate.review import run

        self.forget()
        asked = run.Request(kind=kind, folder=repository.path, only=only, **request)  # type: ignore[arg-type]
        try:
            report = run.run(asked, {**self.environ, **(env or {})})
        except GateError as error:
            word = "refused" if error.exit_code == 2 else "error"
            return GateOutcome(word, errors=(str(error),), ran=self.ran())
        return outcome(report, self.ran())

    def start(
        self,
        repository: DrillRepository,
        *words: str,
        env: Mapping[str, str] | None = None,
    ) -> GateOutcome:
        """Run the gate as a user would, in a process of its own, inside the repository."""
        import subprocess

        self.forget()
        done = subprocess.run(
            [sys.executable, "-I", "-m", "zt_gate", "scan", "--format", "json", *words],
            cwd=repository.path,
            env={**self.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        word = {0: "pass", 1: "fail", 2: "refused"}.get(done.returncode, "error")
        try:
            report = json.loads(done.stdout)
        except ValueError:
            return GateOutcome(
                word, errors=(done.stderr.decode("utf-8", "replace"),), ran=self.ran()
            )
        findings = tuple(
            Found(one["rule"], one["level"], one["state"], _path(one))
            for one in report["findings"]
        )
        return GateOutcome(word, findings, tuple(report["errors"]), self.ran())


def _path(finding: Mapping[str, Any]) -> bytes | None:
    path = finding.get("path")
    return None if path is None else str(path).encode("utf-8", "surrogateescape")
