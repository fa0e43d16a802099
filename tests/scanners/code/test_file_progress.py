"""Counts for people: files that are done without the engine, and those it has done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.scanners.code.scanning import BAD, BAD_JS
from zt_gate.scanners.code import inspection, source_parts
from zt_gate.scanners.code.file_progress import FileProgress

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from tests.scanners.code.scanning import Scan


def counts_of(
    scan: Scan, files: Mapping[str, str | bytes], **fields: Any
) -> list[tuple[int, int]]:
    counts: list[tuple[int, int]] = []
    scan(files, count=lambda *count: counts.append(count), **fields)
    return counts


def test_a_file_is_done_with_the_last_of_its_units() -> None:
    counts: list[tuple[int, int]] = []
    progress = FileProgress(lambda *count: counts.append(count), 4)
    progress.file_done()
    progress.wait_for("a.ts", ["a-1", "a-2"])
    progress.wait_for("b.ts", ["b"])
    progress.wait_for("c.ts", [])
    progress.units_done(["a-1"])
    progress.units_done(["b", "of no file"])
    progress.units_done(["a-1"])
    progress.units_done(["a-2"])
    assert counts == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_scan_counts_every_file_of_the_change(
    scan: Scan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_MOST_UNITS", 2)
    monkeypatch.setattr(source_parts, "MIN_BYTES", 0)
    files: dict[str, str | bytes] = {
        "none.txt": "text\n", "other.rs": "fn main() {}\n", "plain.py": "x = 1\n",
        "broken.py": b"\0", "a.py": BAD, "b.js": BAD_JS, "c.js": BAD_JS + "// c\n",
        "d.js": f"{BAD_JS}function g() {{ return crypto.createHash('md5'); }}\n",
    }  # fmt: skip
    for kept in (None, tmp_path / "cache", tmp_path / "cache"):
        fields = {} if kept is None else {"cache_dir": kept}
        counts = counts_of(scan, files, **fields)
        assert counts[0] == (0, len(files))
        assert counts[-1] == (len(files), len(files))
        assert counts == sorted(counts)
        assert len({done for done, _ in counts}) > 4


def test_the_engine_counts_while_it_works(
    scan: Scan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "_MOST_UNITS", 2)
    files = {f"f{n}.py": f"{BAD}x = {n}\n" for n in range(5)}
    done = [number for number, _ in counts_of(scan, files)]
    assert done == sorted(done)
    assert {0, 5} < set(done)


def test_a_change_without_files_has_nothing_to_count(scan: Scan) -> None:
    assert counts_of(scan, {}) == [(0, 0)]
