"""Finds and removes what the gate keeps in the user's folders.

Files are recognised by their names: ``ZT_GATE_CACHE_DIR`` may name a folder with files of
others.  No link is followed.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.record import dataclass
from zt_gate.system.cache import configured_folder
from zt_gate.system.state_folder import state_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Files of the cache: compiled rules, package names, registry answers, and their parts.
_CACHE_FILE = lazy_re.compile(
    r"\.?(?:rules-[\w-]+(?:\.json)?|snapshot-\w+-[\w-]+\.zlib|registries-\d+\.sqlite3)"
    r"(?:-wal|-shm|-journal|\.\w{8})?"
)
#: Results of the code scanner: code/XX/REST, the two parts of a key.
_RESULTS = "code"
_KEY_START = lazy_re.compile(r"[0-9a-f]{2}")
_KEY_REST = lazy_re.compile(r"\.?[0-9a-f]{30,126}(?:\.\w{8})?")


@dataclass(frozen=True, slots=True)
class Leftover:
    """A folder that the gate made, its own files in it, and their size in bytes.

    ``others`` is the number of entries that are not the gate's.
    """

    folder: Path
    files: tuple[Path, ...]
    size: int
    others: int = 0


def find_cache(environ: Mapping[str, str]) -> Leftover | None:
    """Return the cache, None if there is none; raises OSError."""
    folder = configured_folder(environ)
    if folder is None or not _is_folder(folder):
        return None
    files: list[Path] = []
    others = 0
    for entry in sorted(folder.iterdir()):
        if entry.name == _RESULTS and _is_folder(entry):
            results, unknown = _results(entry)
            files += results
            others += unknown
        elif _CACHE_FILE.fullmatch(entry.name) and _is_file(entry):
            files.append(entry)
        else:
            others += 1
    return Leftover(folder, tuple(files), _size(files), others)


def find_state(environ: Mapping[str, str]) -> Leftover | None:
    """Return the state folder, which is the gate's alone, or None; raises OSError."""
    folder = state_folder(environ, ())
    if folder is None or not _is_folder(folder):
        return None
    files = [
        Path(parent, name)
        for parent, _, names in os.walk(folder)
        for name in sorted(names)
    ]
    return Leftover(folder, tuple(files), _size(files))


def remove_cache(cache: Leftover) -> bool:
    """Remove the files, and then the folders that are empty.

    Returns whether the folder itself is gone.  Raises OSError.
    """
    for file in cache.files:
        file.unlink(missing_ok=True)
    results = cache.folder / _RESULTS
    if _is_folder(results):
        for folder in _key_folders(results):
            _remove_empty(folder)
        _remove_empty(results)
    return _remove_empty(cache.folder)


def remove_state(state: Leftover) -> None:
    """Remove the state folder with everything in it; raises OSError."""
    shutil.rmtree(state.folder)


def _results(folder: Path) -> tuple[list[Path], int]:
    """Return the code scanner's results, and the number of other entries."""
    files: list[Path] = []
    start = list(_key_folders(folder))
    others = len(list(folder.iterdir())) - len(start)
    for part in start:
        for entry in sorted(part.iterdir()):
            if _KEY_REST.fullmatch(entry.name) and _is_file(entry):
                files.append(entry)
            else:
                others += 1
    return files, others


def _key_folders(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if _KEY_START.fullmatch(entry.name) and _is_folder(entry):
            yield entry


def _remove_empty(folder: Path) -> bool:
    """Remove a folder if it is empty; return whether it was."""
    if any(folder.iterdir()):
        return False
    folder.rmdir()
    return True


def _size(files: list[Path]) -> int:
    return sum(os.lstat(file).st_size for file in files)


def _is_folder(path: Path) -> bool:
    return _has(path, stat.S_IFDIR)


def _is_file(path: Path) -> bool:
    return _has(path, stat.S_IFREG)


def _has(path: Path, kind: int) -> bool:
    """Whether a path exists and is of a kind itself, not through a link."""
    try:
        return stat.S_IFMT(os.lstat(path).st_mode) == kind
    except FileNotFoundError:
        return False
