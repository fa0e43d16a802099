"""A new package is compared with the import that the change adds it for."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.support.changes import change_of, context
from tests.support.registry import Registry
from zt_gate import rulebook
from zt_gate.model.finding import Level
from zt_gate.scanners.dependencies import SCANNER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from zt_gate.model.report import ScannerRun

RULES = rulebook.load("dependencies")
RULE = "dependencies/unusual-release"
INFO = "tidepool_kit-1.0.0.dist-info/METADATA"
CODE = "import tidepool_kit\n"


def wheel(*names: str, padding: int = 0) -> bytes:
    """Return a wheel with files of these names; ``padding``: bytes before its list."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in (*names, INFO):
            archive.writestr(name, b"x" * (padding if name == names[0] else 1))
    return stream.getvalue()


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        yield server


def scan(
    registry: Registry,
    folder: Path,
    content: bytes,
    code: str = CODE,
    old: dict[str, str] | None = None,
) -> ScannerRun:
    versions = {"1.0.0": 900.0}
    registry.pypi("tidepool-kit", days=900, versions=versions, wheel=content)
    here = context(
        RULES,
        folder,
        environ=registry.environment(),
        cache_dir=folder,
        trusted_paths=lambda: tuple(path.encode() for path in old or {}),
    )
    files = {"requirements.txt": "tidepool-kit\n", "app.py": code}
    return SCANNER.scan(change_of(files, old or {}), here)


def test_a_package_without_the_module_of_its_name_warns(
    registry: Registry, tmp_path: Path
) -> None:
    run = scan(registry, tmp_path, wheel("other/__init__.py", "tool.py", "x.pth"))
    (finding,) = run.findings
    assert (finding.rule, finding.level) == (RULE, Level.WARN)
    assert finding.message == (
        "the change imports tidepool_kit, but version '1.0.0' of tidepool-kit provides"
        " 'other', 'tool' instead"
    )


@pytest.mark.parametrize(
    "names",
    [
        ("tidepool_kit/__init__.py", "other.py"),
        ("tidepool_kit.py",),
        ("tidepool_kit.cpython-311-x86_64-linux-gnu.so",),
        ("tidepool_kit/part/module.py",),  # a namespace
        ("Tidepool_Kit/__init__.py",),
        ("tidepool_kit-1.0.0.data/purelib/tidepool_kit/__init__.py",),
        ("tidepool_kit-1.0.0.data/scripts/run",),  # no module at all
    ],
)
def test_a_package_with_the_module_is_quiet(
    registry: Registry, tmp_path: Path, names: tuple[str, ...]
) -> None:
    run = scan(registry, tmp_path, wheel(*names))
    assert (run.findings, run.not_inspected) == ((), ())


@pytest.mark.parametrize("code", ["import yaml\n", "x = 1\n"])
def test_another_import_asks_for_no_file(
    registry: Registry, tmp_path: Path, code: str
) -> None:
    scan(registry, tmp_path, wheel("other.py"), code)
    assert not any(path.startswith("/files/") for path in registry.asked())


def test_an_import_that_was_there_asks_for_no_file(
    registry: Registry, tmp_path: Path
) -> None:
    scan(registry, tmp_path, wheel("other.py"), f"{CODE}x = 1\n", {"app.py": CODE})
    assert not any(path.startswith("/files/") for path in registry.asked())


def test_only_the_end_of_a_large_wheel_is_requested(
    registry: Registry, tmp_path: Path
) -> None:
    content = wheel("other.py", padding=3 << 20)
    assert len(scan(registry, tmp_path, content).findings) == 1
    parts = [one for one in registry.requests if one.path.startswith("/files/")]
    first, last = parts[0].headers["range"].removeprefix("bytes=").split("-")
    assert (len(parts), int(last) - int(first) + 1) == (1, 1 << 16)


def test_a_long_list_of_files_takes_two_requests(
    registry: Registry, tmp_path: Path
) -> None:
    names = [f"other/part_{number:05}.py" for number in range(2000)]
    assert len(scan(registry, tmp_path, wheel(*names)).findings) == 1
    assert len([path for path in registry.asked() if path.startswith("/files/")]) == 2


def test_an_index_without_sizes(registry: Registry, tmp_path: Path) -> None:
    registry.behaviour.sizes = False
    assert len(scan(registry, tmp_path, wheel("other.py")).findings) == 1


def unknown(run: ScannerRun) -> str:
    assert run.findings == ()
    (note,) = run.not_inspected
    assert note.kind == "not_applicable"
    return note.reason.partition("because the Python index ")[2]


def test_a_server_that_sends_no_part_is_listed(
    registry: Registry, tmp_path: Path
) -> None:
    registry.behaviour.parts_of_files = False
    run = scan(registry, tmp_path, wheel("other.py", padding=3 << 20))
    assert unknown(run) == "does not send a part of a file"


def test_a_package_without_a_wheel_is_listed(
    registry: Registry, tmp_path: Path
) -> None:
    assert unknown(scan(registry, tmp_path, b"")) == "has no wheel of the version"


@pytest.mark.parametrize(
    "content", [b"PK" * 40, wheel("other.py")[:-30], b"\0" * (3 << 20)]
)
def test_a_broken_wheel_is_listed(
    registry: Registry, tmp_path: Path, content: bytes
) -> None:
    assert (
        unknown(scan(registry, tmp_path, content))
        == "has a wheel that is no ZIP archive"
    )


def test_a_list_over_1_mb_is_not_read(registry: Registry, tmp_path: Path) -> None:
    names = [f"other/{'p' * 200}_{number:05}.py" for number in range(5000)]
    run = scan(registry, tmp_path, wheel(*names))
    assert unknown(run) == "has a wheel with a list of files over 1 MB"
