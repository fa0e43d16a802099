"""``node_modules``: the packages that npm, pnpm, yarn or bun have installed there.

The name and version are those in each package's own ``package.json``, which node reads.
``node_modules/.package-lock.json``, where npm has written it, gives the archives.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zt_gate.ecosystems.environments.base import (
    MOST_PACKAGES,
    Environment,
    InstalledPackage,
)
from zt_gate.ecosystems.manifests.base import (
    ManifestError,
    Source,
    json_object,
    make_dependency,
    quoted,
)
from zt_gate.ecosystems.manifests.npm_spec import locked_source
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MAX_BYTES = 4 * 1024 * 1024
_LOCK_BYTES = 64 * 1024 * 1024
_NAME = "node_modules"
_MOST_LEVELS = 60


def read(path: Path) -> Environment | None:
    """Return the packages of a ``node_modules`` folder, None for any other path."""
    if path.name != _NAME or not path.is_dir():
        return None
    reader = _Reader(path, _resolved(path))
    reader.read(path, 0)
    packages = sorted(
        reader.packages.values(), key=lambda item: (item.entry.key, item.place)
    )
    return Environment("Node.js packages", tuple(packages), tuple(reader.problems))


def _resolved(folder: Path) -> Mapping[str, str]:
    """Return the archive of each folder that npm's hidden lock file names."""
    try:
        table = _object(folder / ".package-lock.json", _LOCK_BYTES)
    except (OSError, ManifestError):
        return {}
    packages = table.get("packages")
    found: dict[str, str] = {}
    for place, package in packages.items() if isinstance(packages, dict) else ():
        if isinstance(package, dict):
            found[place] = str(package.get("resolved") or "")
    return found


@dataclass(slots=True)
class _Reader:
    """Collects the packages; one for each name, version and source."""

    root: Path
    resolved: Mapping[str, str]
    packages: dict[object, InstalledPackage] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def read(self, folder: Path, level: int) -> None:
        """Read the packages of one ``node_modules`` folder, and those inside of them."""
        if level > _MOST_LEVELS or len(self.packages) > MOST_PACKAGES:
            self.problems.append(f"{self._shown(folder)} holds more than can be read")
            return
        for path in _package_folders(folder):
            if path.is_symlink():
                self._link(path)
                continue
            if (path / "package.json").exists():
                self._package(path)
            if (path / _NAME).is_dir() and not (path / _NAME).is_symlink():
                self.read(path / _NAME, level + 1)
        # pnpm keeps every package in a folder of its own and links to it.
        store = folder / ".pnpm"
        if store.is_dir() and not store.is_symlink():
            for name in sorted(os.listdir(store)):
                inner = store / name / _NAME
                if inner.is_dir() and not inner.is_symlink():
                    self.read(inner, level + 1)

    def _link(self, path: Path) -> None:
        """Add a link that leads out of the folder: a member of the workspace."""
        target = Path(os.path.realpath(path))
        root = Path(os.path.realpath(self.root))
        if target.is_relative_to(root) or not (target / "package.json").is_file():
            return
        self._package(path, Source("path", os.path.relpath(target, root.parent)))

    def _package(self, path: Path, source: Source | None = None) -> None:
        shown = self._shown(path)
        try:
            table = _object(path / "package.json", _MAX_BYTES)
            name, version = str(table.get("name", "")), str(table.get("version", ""))
            if source is None:
                place = f"{_NAME}/{path.relative_to(self.root).as_posix()}"
                address = self.resolved.get(place) or str(table.get("_resolved") or "")
                source = locked_source(address, name, version)
            entry = make_dependency("npm", name, (1, 1, 1), "", version, source)
            if not version and source.kind != "path":
                raise ManifestError(0, "it has no version")
        except (OSError, ManifestError) as error:
            self.problems.append(f"{shown} cannot be read: {error}")
            return
        key = (entry.identity, version)
        self.packages.setdefault(key, InstalledPackage(entry, shown))

    def _shown(self, path: Path) -> str:
        return quoted(path.relative_to(self.root).as_posix())[1:-1]


def _package_folders(folder: Path) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):
        path = folder / name
        if name.startswith(".") or not path.is_dir():
            continue
        if name.startswith("@") and not path.is_symlink():
            for inner in sorted(os.listdir(path)):
                if (path / inner).is_dir():
                    yield path / inner
        else:
            yield path


def _object(path: Path, limit: int) -> dict[str, Any]:
    """Return the object in a JSON file; raises OSError, ManifestError."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > limit:
        raise ManifestError(0, f"{path.name} is no file of a usual size")
    value: dict[str, Any] = json_object(path.read_bytes(), limit).value
    return value
