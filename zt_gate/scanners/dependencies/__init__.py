"""Dependencies: what a change adds must exist, be of some age, and be used.

``manifests/`` says what was added, ``registries/`` what is known about it, and
``checks`` what that means.  Nothing of it is imported before a manifest changed,
and nothing of the network before a dependency was added.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zt_gate.model.report import ScannerRun

if TYPE_CHECKING:
    from zt_gate.model.change import ChangeSet
    from zt_gate.scanners.base import Context

# What stands in every path that a reader takes (a test holds this): the readers
# look closer, but loading them costs more than a change without a manifest may.
_MARKS = (
    b"require",
    b"constraint",
    b"reqs",
    b"deps",
    b"pyproject.toml",
    b"package.json",
    b".npmrc",
)


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The scanner of manifests."""

    name: str = "dependencies"

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Read the changed manifests and ask the registries about what is new in them."""
        start = time.monotonic()
        if not any(may_be_manifest(file.path) for file in change.files):
            return ScannerRun(self.name, "ok", seconds=time.monotonic() - start)
        from zt_gate.scanners.dependencies.scan import scan

        return scan(change, context, start)


def may_be_manifest(path: bytes) -> bool:
    """Say, without loading a reader, whether one might take the file."""
    lower = path.lower()
    return any(mark in lower for mark in _MARKS)


SCANNER = Dependencies()
