"""What a change adds: one reader per format, and the difference of two readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.scanners.dependencies.manifests.npmrc import Npmrc
from zt_gate.scanners.dependencies.manifests.package_json import PackageJson
from zt_gate.scanners.dependencies.manifests.pyproject import Pyproject
from zt_gate.scanners.dependencies.manifests.requirements import Requirements

if TYPE_CHECKING:
    from zt_gate.scanners.dependencies.manifests.base import Reader

#: Every format that is read.  A new one is a file beside these and a line here.
READERS: tuple[Reader, ...] = (Requirements(), Pyproject(), PackageJson(), Npmrc())


def reader_for(path: bytes) -> Reader | None:
    """Return the reader of the file at ``path``, None where it is no manifest."""
    return next((reader for reader in READERS if reader.matches(path)), None)
