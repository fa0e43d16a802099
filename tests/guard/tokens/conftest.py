"""A project whose sessions get tokens from a local server."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.guard.test_policy import parse
from tests.guard.tokens.gate import places_below
from tests.support.repo import Repo
from tests.support.token_server import TokenServer
from zt_gate.guard.policy import pin, pin_content
from zt_gate.guard.tokens import records

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.places import GuardPlaces

ROOT = Path(__file__).parents[3]
POLICY = b"""
[guard]
task = "develop"
[tasks.ci]
tools = ["Bash", "Write"]
network = []
ttl = 30
[tasks.asks]
tools = ["Bash", "Write"]
network = []
ttl = 30
token = "vault"
"""


@dataclass
class Vaulted:
    """A home with a project, and a token server."""

    home: Path
    root: Path
    places: GuardPlaces
    server: TokenServer

    def configure(self, text: str) -> None:
        path = self.home / ".config/zt-gate/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, *words: str, **more: Any) -> subprocess.Popen[str]:
        """Start zt-gate in the project, without waiting."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.guard.tokens.gate", str(self.home), *words],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )

    def gate(self, *words: str) -> tuple[int, str, str]:
        """Run zt-gate in the project to its end."""
        with self.start(*words) as process:
            output, errors = process.communicate(timeout=180)
        return process.returncode, output, errors

    def exec(self, script: str, *options: str) -> tuple[int, str, str]:
        words = ("guard", "exec", "--task", "ci", "--token", "vault", *options)
        return self.gate(*words, "--", "sh", "-c", script)

    def records(self) -> list[records.TokenRecord]:
        return records.stored(self.places)


@pytest.fixture
def vaulted(tmp_path: Path) -> Iterator[Vaulted]:
    pytest.importorskip("hvac")
    home = tmp_path / "home"
    repo = Repo.create(home / "project")
    repo.write("src/a.py", "x = 1\n")
    repo.commit("one")
    places = places_below(str(home))
    pin(places, "", pin_content(parse(POLICY, "p.toml"), POLICY, "p.toml", ""))
    server = TokenServer()
    found = Vaulted(home, Path(os.path.realpath(repo.path)), places, server)
    token = home / ".vault-token"
    token.write_text(server.root.value)
    token.chmod(0o600)
    found.configure(
        f'[guard.tokens.vault]\naddress = "{server.address}"\n'
        'policies = { ci = ["ci-read"], develop = ["ci-read"], asks = ["ci-read"] }\n'
    )
    yield found
    server.close()
