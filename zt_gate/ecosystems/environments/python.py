"""Python environments: a virtual environment, a prefix, a package folder, an interpreter.

The metadata of the installed distributions is read as text (``importlib.metadata``).
Nothing is imported from the environment, and its interpreter is not started.
"""

from __future__ import annotations

import json
import os
import re
import stat
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate.ecosystems.environments.base import (
    MOST_PACKAGES,
    Environment,
    InstalledPackage,
)
from zt_gate.ecosystems.manifests.base import (
    ManifestError,
    Source,
    make_dependency,
    quoted,
)
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_BYTES = 8 * 1024 * 1024
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")
_VERSION = re.compile(r"(\d+\.\d+)")
_PYTHON = re.compile(r"(?:python|pypy)(\d+\.\d+)?[a-z]*(?:\.exe)?\Z|(?:python|pypy)3\Z")
_METADATA = ("METADATA", "PKG-INFO")


def read(path: Path) -> Environment | None:
    """Return the distributions of an environment, None if the path is none."""
    folders = _folders_of(path)
    if not folders:
        return None
    reader = _Reader(path if path.is_dir() else folders[0])
    for folder in folders:
        reader.read(folder)
    packages = sorted(reader.packages, key=lambda item: item.entry.key)
    return Environment("Python environment", tuple(packages), tuple(reader.problems))


def _folders_of(path: Path) -> list[Path]:
    """Return the folders with packages, in the order in which Python searches them."""
    if path.is_dir():
        if path.name in _PACKAGE_FOLDERS:
            return [path]
        is_environment = (path / "pyvenv.cfg").is_file()
        if not is_environment and not (path / "conda-meta").is_dir():
            return []
        return _of_prefix(path)
    if not path.is_file() or not _PYTHON.match(path.name.lower()):
        return []
    prefix = path.absolute().parent.parent
    if (prefix / "pyvenv.cfg").is_file():
        return _of_prefix(prefix)
    program = path.resolve()
    version = _VERSION.search(program.name)
    return _in_prefix(program.parent.parent, version[1] if version else "")


def _of_prefix(prefix: Path) -> list[Path]:
    settings = _pyvenv(prefix / "pyvenv.cfg")
    version = _VERSION.match(settings.get("version_info", settings.get("version", "")))
    folders = _in_prefix(prefix, version[1] if version else "")
    if settings.get("include-system-site-packages", "").lower() == "true":
        base = Path(settings.get("home", "")).parent
        if base.is_absolute():
            folders += _in_prefix(base, version[1] if version else "")
    return folders


def _pyvenv(path: Path) -> dict[str, str]:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _in_prefix(prefix: Path, version: str) -> list[Path]:
    """Return the package folders below a prefix, of one version where it is known."""
    pattern = f"python{version}" if version else "python3*"
    places = [
        found / name
        for top in ("lib", "lib64", "local/lib")
        for found in (*sorted((prefix / top).glob(pattern)), prefix / top / "python3")
        for name in _PACKAGE_FOLDERS
    ]
    places.append(prefix / "Lib" / "site-packages")
    if prefix == Path("/usr"):
        places += [path for path in _in_prefix(Path("/usr/local"), version) if version]
    folders: dict[str, Path] = {}
    for place in places:
        if place.is_dir():
            folders.setdefault(os.path.realpath(place), place)
    return list(folders.values())


@dataclass(slots=True)
class _Reader:
    """Collects the distributions of several folders; the first one of a name counts."""

    root: Path
    packages: list[InstalledPackage] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _folders: set[str] = field(default_factory=set)

    def read(self, folder: Path) -> None:
        """Read a folder, and those that its ``.pth`` files add."""
        real = os.path.realpath(folder)
        if real in self._folders:
            return
        self._folders.add(real)
        found = [*self._in(folder)]
        self.packages += found
        self._seen |= {item.entry.key for item in found}
        for added in _added_folders(folder):
            self.read(added)

    def _in(self, folder: Path) -> Iterator[InstalledPackage]:
        for name in sorted(os.listdir(folder))[:MOST_PACKAGES]:
            lower = name.lower()
            path = folder / name
            if lower.endswith((".dist-info", ".egg-info")):
                yield from self._distribution(path)
            elif lower.endswith(".egg") and path.is_dir():
                yield from self._distribution(path / "EGG-INFO")
            elif lower.endswith(".egg"):
                self.problems.append(f"{self._shown(path)} is a packed egg")

    def _distribution(self, path: Path) -> Iterator[InstalledPackage]:
        try:
            name, version, source = _metadata(path)
            if name is None or not version:
                raise ManifestError(0, "it has no name or no version")
            place = (1, 1, 1)
            entry = make_dependency("pypi", name, place, "", f"=={version}", source)
        except (OSError, ValueError, KeyError, ManifestError) as error:
            self.problems.append(f"{self._shown(path)} cannot be read: {error}")
            return
        if entry.key not in self._seen:
            yield InstalledPackage(entry, self._shown(path))

    def _shown(self, path: Path) -> str:
        shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
        return quoted(str(shown))[1:-1]


def _metadata(path: Path) -> tuple[str | None, str, Source]:
    """Return name, version and source of a distribution; raises OSError, ManifestError."""
    files = [path] if path.is_file() else [path / name for name in _METADATA]
    for file in (*files, path / "direct_url.json"):
        if os.path.lexists(file):
            _check_file(file)
    distribution = PathDistribution(path)
    metadata = distribution.metadata
    if metadata is None:
        raise ManifestError(0, "it has no metadata")
    name, version = metadata["Name"], str(metadata["Version"] or "")
    return name, version.strip(), _source(distribution.read_text("direct_url.json"))


def _check_file(path: Path) -> None:
    """Raise ManifestError for what is no regular file of a usual size."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
        raise ManifestError(0, f"{path.name} is no file of a usual size")


def _source(direct_url: str | None) -> Source:
    """Return where a distribution comes from (PEP 610)."""
    if not direct_url:
        return Source()
    try:
        origin = json.loads(direct_url)
    except (ValueError, RecursionError):
        origin = None
    if not isinstance(origin, dict):
        return Source("url", "")
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        return Source("vcs", url)
    is_path = "dir_info" in origin or url.startswith("file:")
    return Source("path" if is_path else "url", url)


def _added_folders(folder: Path) -> Iterable[Path]:
    """Return the folders that the ``.pth`` files of a folder add to the search path."""
    found: list[Path] = []
    for file in sorted(folder.glob("*.pth")):
        try:
            _check_file(file)
            lines = file.read_text("utf-8", "replace").splitlines()
        except (OSError, ManifestError):
            continue
        for line in lines:
            text = line.strip()
            # Python runs lines that begin with ``import``; they are not run here.
            if text and not text.startswith(("#", "import ", "import\t")):
                added = folder / text
                if added.is_dir():
                    found.append(added)
    return found
