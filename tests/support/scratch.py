"""A copy of the package and its rules, for tests that add something to it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.repo import GIT_ENV, Repo

ROOT = Path(__file__).resolve().parents[2]
_RUN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from zt_gate.cli import main; "
_RUN += "import zt_gate; assert zt_gate.__file__.startswith(sys.path[0]); "
_RUN += "sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True)
class Scratch:
    """The copy, and a repository beside it that is scanned."""

    package: Path
    repo: Repo

    @classmethod
    def create(cls, folder: Path) -> Scratch:
        ignore = shutil.ignore_patterns("__pycache__")
        copy = folder / "copy"
        shutil.copytree(ROOT / "zt_gate", copy / "zt_gate", ignore=ignore)
        shutil.copytree(ROOT / "rules", copy / "rules", ignore=ignore)
        (folder / "home").mkdir()
        repo = Repo.create(folder / "repository")
        repo.write("README.md", "# A service\n")
        repo.commit()
        return cls(copy, repo)

    def write(self, name: str, text: str) -> None:
        """Add a file to the copy."""
        target = self.package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        assert not target.exists(), "a new file must be enough"
        target.write_text(text)

    def add_line(self, name: str, after: str, line: str) -> None:
        """Add one line to a file of the copy, below the line ``after``."""
        target = self.package / name
        text = target.read_text()
        assert text.count(f"{after}\n") == 1
        target.write_text(text.replace(f"{after}\n", f"{after}\n{line}\n"))

    def add_entry(self, name: str, registry: str, line: str) -> None:
        """Add one line at the end of the tuple ``registry`` of a file of the copy."""
        target = self.package / name
        head, start, rest = target.read_text().partition(f"\n{registry}")
        body, end, tail = rest.partition("\n)\n")
        assert start
        assert end
        target.write_text(f"{head}{start}{body}\n{line}{end}{tail}")

    def gate(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the copy inside the repository."""
        home = self.package.parent / "home"
        return subprocess.run(
            [sys.executable, "-I", "-c", _RUN, str(self.package), *words],
            cwd=self.repo.path,
            env={**GIT_ENV, "HOME": str(home), "TMPDIR": str(self.package.parent)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def scan(self, *words: str) -> dict[str, Any]:
        """Return the JSON report on the staged change."""
        done = self.gate("scan", "--format", "json", "--offline", *words)
        assert done.returncode in {0, 1, 3}, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def stage(self, name: str, text: str) -> None:
        """Write a file in the repository and add it."""
        self.repo.write(name, text)
        self.repo.git("add", "-A")
