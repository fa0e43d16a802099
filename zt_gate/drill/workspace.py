"""A case's own folder, its repositories, and the scan."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from zt_gate.drill import environment
from zt_gate.drill.outcome import GateOutcome, OutcomeFinding, outcome
from zt_gate.errors import GateError
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_FIRST_COMMIT = {b"README.md": b"# A small service\n", b"app.py": b"print(1)\n" * 30}


@dataclass(frozen=True, slots=True)
class DrillRepository:
    """A throw-away repository; every call is real git."""

    path: Path
    #: Settings that keep the drill's own git from running a case's programs.
    safe: tuple[str, ...] = ("-c", "core.fsmonitor=false", "-c", "filter.x.clean=cat")

    def git(
        self,
        *words: str | bytes,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
    ) -> str:
        """Run git and return its output; raises GateError."""
        output = environment.git(self.path, *self.safe, *words, stdin=stdin, env=env)
        return output.decode("utf-8", "surrogateescape").strip()

    def write(self, name: str | bytes, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file and create its folders."""
        target = os.path.join(os.fsencode(self.path), os.fsencode(name))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
        os.chmod(target, mode)

    def link(self, name: bytes, target: bytes) -> None:
        """Create a symbolic link and its folders."""
        path = os.path.join(os.fsencode(self.path), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)

    def stage(self) -> None:
        """Stage all files, including ignored ones."""
        self.git("add", "-A", "-f")

    def commit(self, message: str | bytes = "Work on it") -> str:
        """Commit the whole work tree; return the commit's id."""
        self.stage()
        text = message.encode() if isinstance(message, str) else message
        self.git(
            "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-", stdin=text
        )
        return self.head()

    def head(self) -> str:
        """Return the id of the commit at HEAD."""
        return self.git("rev-parse", "HEAD")

    def store(self, content: str | bytes, kind: str = "blob") -> str:
        """Write an object without checking its content; return its id."""
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
        """Write a commit object without git's checks; return its id."""
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
class CaseWorkspace:
    """The folder of a case, and zt-gate's environment there.

    ``tools`` names the programs that must not run.
    """

    folder: Path
    environ: Mapping[str, str]
    tools: list[str] = field(default_factory=list)

    def repository(
        self, before: Mapping[bytes, bytes] | None = None, name: str = "repository"
    ) -> DrillRepository:
        """Create a repository with one commit."""
        path = self.folder / name
        path.mkdir(parents=True)
        repository = DrillRepository(path)
        repository.git("init", "-q", "-b", "main")
        files = _FIRST_COMMIT if before is None else before
        for file, content in files.items():
            repository.write(file, content)
        repository.commit("A small service")
        return repository

    def tool(self, name: str = "tool") -> str:
        """Create a program that leaves a mark if it runs; return its path."""
        program = self.folder / f"{name}.sh"
        program.write_text(f"#!/bin/sh\ntouch '{self.mark(name)}'\ncat\n")
        program.chmod(0o700)
        return str(program)

    def mark(self, name: str) -> str:
        """Return the file that exists after ``name`` ran."""
        self.tools.append(name)
        return str(self.folder / f"ran-{name}")

    def clear_marks(self) -> None:
        """Remove the marks that the drill's own git may have left."""
        for name in self.tools:
            (self.folder / f"ran-{name}").unlink(missing_ok=True)

    def ran(self) -> tuple[str, ...]:
        """Return the names of the programs that ran."""
        names = dict.fromkeys(self.tools)
        return tuple(name for name in names if (self.folder / f"ran-{name}").exists())

    def scan(
        self,
        repository: DrillRepository,
        kind: str = "staged",
        *,
        only: tuple[str, ...] = ("secrets",),
        env: Mapping[str, str] | None = None,
        planted: tuple[str, ...] = (),
        **request: Any,
    ) -> GateOutcome:
        """Scan in this process and return the outcome; ``planted`` must not be shown."""
        from zt_gate.review import run

        self.clear_marks()
        scan_request = run.Request(
            kind=kind,
            folder=repository.path,
            only=only,
            **request,
        )
        try:
            report = run.run(scan_request, {**self.environ, **(env or {})})
        except GateError as error:
            verdict = "refused" if error.exit_code == 2 else "error"
            return GateOutcome(verdict, errors=(str(error),), ran=self.ran())
        return outcome(report, self.ran(), planted)

    def scan_in_process(
        self,
        repository: DrillRepository,
        *words: str,
        env: Mapping[str, str] | None = None,
    ) -> GateOutcome:
        """Run ``zt-gate scan`` in its own process inside the repository."""
        import subprocess

        self.clear_marks()
        done = subprocess.run(
            [sys.executable, "-I", "-m", "zt_gate", "scan", "--format", "json", *words],
            cwd=repository.path,
            env={**self.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        return self._outcome(done.returncode, done.stdout, done.stderr)

    def judge_event(
        self,
        repository: DrillRepository,
        event: Mapping[str, Any],
        env: Mapping[str, str],
    ) -> GateOutcome:
        """Run ``zt-gate ci github`` on an event, in its own process."""
        import subprocess

        payload = self.folder / "event.json"
        payload.write_text(json.dumps(event))
        files = {
            "GITHUB_EVENT_PATH": payload,
            "GITHUB_OUTPUT": self.folder / "output",
            "GITHUB_STEP_SUMMARY": self.folder / "summary.md",
            "RUNNER_TEMP": self.folder,
        }
        # A fetch has no server: the repository has all commits.
        variables = {name: str(path) for name, path in files.items()}
        variables["GITHUB_SERVER_URL"] = f"file://{self.folder}"
        done = subprocess.run(
            [sys.executable, "-I", "-m", "zt_gate", "ci", "github"],
            cwd=repository.path,
            env={**self.environ, **variables, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        try:
            report = (self.folder / "zt-gate.json").read_bytes()
        except OSError:
            report = b""
        return self._outcome(done.returncode, report, done.stderr)

    def _outcome(self, code: int, output: bytes, stderr: bytes) -> GateOutcome:
        """Return the outcome of a process: its exit code, its JSON report, its errors."""
        verdict = {0: "pass", 1: "fail", 2: "refused"}.get(code, "error")
        try:
            report = json.loads(output)
        except ValueError:
            errors = (stderr.decode("utf-8", "replace"),)
            return GateOutcome(verdict, errors=errors, ran=self.ran())
        findings = tuple(
            OutcomeFinding(item["rule"], item["level"], item["state"], _path(item))
            for item in report["findings"]
        )
        listed = tuple(
            (_path(item), item["reason"])
            for run in report["runs"]
            for item in run["not_inspected"]
        )
        errors = tuple(report["errors"])
        return GateOutcome(verdict, findings, errors, self.ran(), listed)


def _path(finding: Mapping[str, Any]) -> bytes | None:
    path = finding.get("path")
    return None if path is None else str(path).encode("utf-8", "surrogateescape")
