"""Other guards of agents' commands, asked as their own hooks are.

    python -m bench.guard_peers CASES.json… [--peer NAME]

Each peer is installed into a folder of its own from the package managers' configured
registries, in the version that is named here, with an empty home.  It gets the event that
Claude Code sends before a command, and its answer is read as the client reads it: exit
code 2 or ``deny`` denies, ``ask`` asks, everything else leaves the command to the client.
Cases are JSON files with ``[{"command": …, "hostile": true}]``; see ``bench/guard.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Peer:
    """One other guard: how it is installed, prepared in a project, and asked."""

    name: str
    requirement: str
    manager: str
    hook: tuple[str, ...]
    prepare: tuple[str, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()


PEERS = (
    Peer("nah", "nah==0.11.0", "pip", ("nah", "_claude-hook"), ("nah", "install", "claude")),
    Peer(
        "cc-safety-net, standard",
        "cc-safety-net@2.4.5",
        "npm",
        ("cc-safety-net", "hook", "--claude-code"),
    ),
    Peer(
        "cc-safety-net, paranoid",
        "cc-safety-net@2.4.5",
        "npm",
        ("cc-safety-net", "hook", "--claude-code"),
        environ=(("CC_SAFETY_NET_LEVEL", "paranoid"),),
    ),
    Peer(
        "claude-safety-guard",
        "claude-safety-guard==0.2.0",
        "pip",
        ("claude-safety-guard", "hook"),
    ),
    Peer("azet-guard", "azet-guard==0.2.0", "pip", ("azet-guard", "hook")),
    Peer(
        "paveo",
        "paveo==0.1.11",
        "pip",
        ("paveo", "guard", "claude-code"),
        ("paveo", "init", "claude-code"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installed:
    """A peer that can be asked, with its own home and project."""

    peer: Peer
    programs: Path
    home: Path
    project: Path

    def environment(self) -> dict[str, str]:
        """Return a peer's whole environment."""
        path = f"{self.programs}{os.pathsep}{os.defpath}{os.pathsep}/usr/local/bin"
        return {"PATH": path, "HOME": str(self.home), **dict(self.peer.environ)}

    def answer(self, command: str) -> tuple[str, float]:
        """Return deny, ask or silent, and the CPU seconds of the call."""
        event = {
            "session_id": "bench",
            "transcript_path": os.devnull,
            "cwd": str(self.project),
            "permission_mode": "default",
            "hook_event_name": "PreToolUse",
            "tool_name": "Bash",
            "tool_input": {"command": command, "description": "a command"},
            "tool_use_id": "call",
        }
        before = _children_cpu()
        done = subprocess.run(
            [str(self.programs / self.peer.hook[0]), *self.peer.hook[1:]],
            input=json.dumps(event).encode(),
            capture_output=True,
            timeout=_SECONDS,
            cwd=self.project,
            env=self.environment(),
            check=False,
        )
        return _read(done.returncode, done.stdout), _children_cpu() - before


def _read(code: int, output: bytes) -> str:
    if code == 2:
        return "deny"
    try:
        answer: Any = json.loads(output)
        said = answer["hookSpecificOutput"]["permissionDecision"]
    except (ValueError, KeyError, TypeError):
        return "silent"
    return said if said in {"deny", "ask"} else "silent"


def install(peer: Peer, folder: Path) -> Installed:
    """Install a peer below ``folder``; raises CalledProcessError."""
    home, project = folder / "home", folder / "project"
    home.mkdir(parents=True)
    project.mkdir()
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    if peer.manager == "pip":
        programs = folder / "venv" / "bin"
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        command = [str(programs / "pip"), "install", "-q", peer.requirement]
    else:
        programs = folder / "node_modules" / ".bin"
        command = [
            "npm",
            "install",
            "--silent",
            "--prefix",
            str(folder),
            peer.requirement,
        ]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    installed = Installed(peer, programs, home, project)
    if peer.prepare:
        subprocess.run(
            [str(programs / peer.prepare[0]), *peer.prepare[1:]],
            cwd=project,
            env=installed.environment(),
            check=True,
            capture_output=True,
        )
    return installed


def measured(
    installed: Installed, cases: Sequence[Mapping[str, Any]]
) -> dict[str, float]:
    """Return the counts of answers by kind of case, and the CPU of a call in ms."""
    counts = {
        f"{kind} {answer}": 0.0
        for kind in ("hostile", "honest")
        for answer in ("deny", "ask", "silent")
    }
    seconds = []
    for case in cases:
        answer, spent = installed.answer(case["command"])
        counts[f"{'hostile' if case['hostile'] else 'honest'} {answer}"] += 1
        seconds.append(spent)
    counts["CPU ms, median"] = round(sorted(seconds)[len(seconds) // 2] * 1000, 1)
    return counts


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print one line of JSON for each peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--peer", default="")
    options = parser.parse_args()
    cases = [
        case for file in options.cases for case in json.loads(file.read_text("utf-8"))
    ]
    for peer in PEERS:
        if options.peer and options.peer not in peer.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                installed = install(peer, Path(folder))
            except (OSError, subprocess.CalledProcessError) as error:
                print(json.dumps({"peer": peer.name, "not installed": str(error)}))
                continue
            print(
                json.dumps({"peer": peer.name, **measured(installed, cases)}),
                flush=True,
            )


if __name__ == "__main__":
    main()
