"""Build hook: the package names the commit that it was built from.

``zt-gate init`` pins the gate to that commit in the user's workflow. Without git, or if
the packed files differ from the commit, the package names none. The content depends on
the commit alone, so that a build can be repeated.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Files and folders whose changes the package would have.
PACKED = (
    "zt_gate", "rules", "pyproject.toml", "hatch_build.py", "README.md", "LICENSE",
    "docs/policy.schema.json", "docs/zt-gate.1",
)  # fmt: skip


class CommitBuildHook(BuildHookInterface[Any]):
    """Add ``zt_gate/_commit.txt`` to wheel and source distribution."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the file; an editable installation has its clone instead."""
        if version == "editable":
            return
        commit = commit_of(Path(self.root))
        if not commit:
            return
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name, "_commit.txt")
        file.write_text(f"{commit}\n", "ascii")
        build_data["force_include"][str(file)] = "zt_gate/_commit.txt"

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Remove the temporary file."""
        folder = getattr(self, "_folder", None)
        if folder is not None:
            folder.cleanup()


def commit_of(root: Path) -> str:
    """Return the commit that ``root`` has checked out, "" if its files differ from it."""
    # An unpacked source distribution may lie in somebody else's repository.
    if _git(root, "rev-parse", "--show-prefix") != "":
        return ""
    if _git(root, "status", "--porcelain", "--", *PACKED) != "":
        return ""
    return _git(root, "rev-parse", "--verify", "HEAD") or ""


def _git(root: Path, *words: str) -> str | None:
    """Return what git prints, None if it fails."""
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
