"""A new manifest format is one file and one line in its ecosystem's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.scratch import Scratch

if TYPE_CHECKING:
    from pathlib import Path

READER = '''"""crates.list: one crate in each line."""

from __future__ import annotations

from zt_gate.ecosystems.manifests.base import Dependency, make_dependency


def read(path: bytes, data: bytes) -> tuple[Dependency, ...]:
    """Read the crates."""
    names = data.decode("utf-8", "replace").splitlines()
    return tuple(
        make_dependency("cargo", name, (number, 1, 1 + len(name)), "list", "")
        for number, name in enumerate(names, 1)
    )
'''
LINE = '        ManifestFormat("crates_list", (b"crates.list",)),'


def test_a_scan_asks_about_what_it_adds(tmp_path: Path) -> None:
    scratch = Scratch.create(tmp_path)
    scratch.write("zt_gate/ecosystems/manifests/crates_list.py", READER)
    scratch.add_line(
        "zt_gate/ecosystems/cargo.py",
        '        ManifestFormat("cargo", (b"cargo.toml",)),',
        LINE,
    )
    scratch.stage("crates.list", "serde-invented-name\n")
    report = scratch.scan("--scanner", "dependencies")
    assert [
        (finding["rule"], finding["path"], finding["line"])
        for finding in report["findings"]
    ] == [("dependencies/unverified", "crates.list", 1)]
