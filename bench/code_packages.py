"""Source distributions of packages, on which ``bench/code.py`` counts false positives.

Python packages are downloaded with pip, npm packages with ``npm pack``, Go modules with
``go mod download``.  Failed downloads are printed and left out, and so are tests, bundles
and vendored code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Extensions by language.
CODE = {
    "python": (".py",),
    "javascript": (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx"),
    "go": (".go",),
}
_SKIPPED_FOLDERS = frozenset(
    ("test", "tests", "testing", "__tests__", "testdata", "dist", "browser", "node_modules",
     "vendor", "_vendor", "docs", "examples", "benchmarks")
)  # fmt: skip
_SKIPPED_SUFFIXES = (".min.js", ".d.ts", "_test.go", ".pb.go")


def fetch(language: str, names: Iterable[str], folder: Path) -> Path:
    """Return a folder with the code of the named packages."""
    archives, code = folder / "archives" / language, folder / language
    archives.mkdir(parents=True)
    code.mkdir()
    for name in names:
        try:
            for archive in _FETCHERS[language](name, archives):
                _unpack(archive, code / name.replace("/", "-"))
        except (
            OSError,
            subprocess.SubprocessError,
            tarfile.TarError,
            ValueError,
        ) as error:
            print(
                f"download failed, left out: {name}: {str(error)[:200]}",
                file=sys.stderr,
            )
    return code


def keep_code(folder: Path, language: str) -> int:
    """Remove all files but the authors' own code in a language; return its line count."""
    lines = 0
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        inside = file.relative_to(folder).parts[1:-1]
        is_own_code = file.name.endswith(CODE[language]) and not file.name.endswith(
            _SKIPPED_SUFFIXES
        )
        if (
            is_own_code
            and not _SKIPPED_FOLDERS.intersection(inside)
            and not file.name.startswith("test_")
        ):
            lines += file.read_bytes().count(b"\n")
        else:
            file.unlink()
    return lines


def _python(name: str, folder: Path) -> Iterator[Path]:
    known = set(folder.iterdir())
    _run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
          "-d", str(folder), name], folder)  # fmt: skip
    yield from set(folder.iterdir()) - known


def _npm(name: str, folder: Path) -> Iterator[Path]:
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is not installed")
    done = _run([npm, "pack", "--json", "--silent", name], folder)
    yield from (folder / package["filename"] for package in json.loads(done))


def _go(name: str, folder: Path) -> Iterator[Path]:
    go = shutil.which("go")
    if go is None:
        raise FileNotFoundError("go is not installed")
    done = _run([go, "mod", "download", "-json", name], folder, GOFLAGS="-mod=mod")
    yield Path(json.loads(done)["Zip"])


_FETCHERS = {"python": _python, "javascript": _npm, "go": _go}


def _run(words: list[str], folder: Path, **environ: str) -> bytes:
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **environ}, capture_output=True, check=False,
        timeout=300,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ValueError(last or f"exit {done.returncode}")
    return done.stdout


def _unpack(archive: Path, into: Path) -> None:
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as content:
            content.extractall(into)
    else:
        with tarfile.open(archive) as packed:
            packed.extractall(into, filter="data")
