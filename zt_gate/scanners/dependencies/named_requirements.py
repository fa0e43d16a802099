"""Changed files that an unchanged manifest or script names as requirements.

``-r deps.lst`` in a requirements file, ``file:`` in setup.cfg, ``dynamic`` in
pyproject.toml, and ``pip install -r deps.lst`` in a script make a file with any name a
manifest.  Only a changed file whose lines look like requirements is searched for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.ecosystems.manifest_formats import format_of
from zt_gate.ecosystems.manifests import reader_named
from zt_gate.ecosystems.manifests.base import ManifestError, resolve_path
from zt_gate.errors import GateError
from zt_gate.model.change import ContentUnavailableError
from zt_gate.scanners.dependencies.quick_check import may_be_requirements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.model.change import FileChange

#: Manifests whose readers give the files that they include.
_INCLUDING = frozenset(("requirements", "pyproject", "setup_cfg", "tox_ini", "conda"))
#: Files with commands, which name a file relative to a folder that is not known.
_SCRIPTS = frozenset(("shell", "dockerfile", "workflow", "devcontainer"))
_OPTION = lazy_re.compile(
    rb"(?:\s-r|--requirements?|\s-c|--constraints?)(?:[ =\t]|[\"'],[ \t\n]*)[\"']?([\w./-]{1,300})"
)
_MOST_CHANGED = 20
_MOST_FILES = 200
_MOST_BYTES = 1024 * 1024


def named_files(
    changed: Sequence[FileChange],
    trusted: Callable[[bytes], bytes | None],
    paths: Callable[[], Sequence[bytes] | None],
) -> list[FileChange]:
    """Return the changed files, of no format, that files of the repository name."""
    candidates = {file.path: file for file in changed if may_be_requirements(file)}
    if not candidates or len(candidates) > _MOST_CHANGED:
        return []
    names = {path.rpartition(b"/")[2] for path in candidates}
    targets: set[bytes] = set()
    contents = {file.path: file.new for file in changed if not file.is_symlink}

    def read(path: bytes) -> bytes | None:
        if path not in contents:
            return trusted(path)
        blob = contents[path]
        return None if blob is None else blob.read(_MOST_BYTES)

    all_paths = {*(paths() or ()), *contents}
    for path, data in _files_naming(names, read, sorted(all_paths)):
        targets.update(_targets(path, data, candidates))
    return [file for path, file in candidates.items() if path in targets]


def _files_naming(
    names: set[bytes],
    read: Callable[[bytes], bytes | None],
    paths: Sequence[bytes],
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the manifests and scripts of the repository with one of the names."""
    formats = _INCLUDING | _SCRIPTS
    wanted = [path for path in paths if format_of(path) in formats]
    wanted.sort(key=lambda path: (path.count(b"/"), path))
    for path in wanted[:_MOST_FILES]:
        try:
            data = (read(path) or b"")[:_MOST_BYTES]
        except (GateError, ContentUnavailableError):
            continue
        if any(name in data for name in names):
            yield path, data


def _targets(
    path: bytes, data: bytes, candidates: dict[bytes, FileChange]
) -> Iterator[bytes]:
    """Yield the changed files that one file names."""
    format_name = format_of(path) or ""
    if format_name in _INCLUDING:
        try:
            entries = reader_named(format_name).read(path, data)
        except ManifestError:
            entries = ()
        for entry in entries:
            if entry.source.kind == "include":
                yield resolve_path(path, entry.source.target)
    if format_name not in {"requirements", "conda"}:
        for match in _OPTION.finditer(data):
            yield from _of_any_folder(match[1], candidates)


def _of_any_folder(
    written: bytes, candidates: dict[bytes, FileChange]
) -> Iterator[bytes]:
    """Yield the changed files that a command may mean, whatever its folder is."""
    target = re.sub(rb"\A(?:\.{1,2}/)+", b"", written)
    if target.startswith(b"/"):  # in an image: the folders above are not known
        target = target.rpartition(b"/")[2]
    for path in candidates:
        if path == target or path.endswith(b"/" + target):
            yield path
