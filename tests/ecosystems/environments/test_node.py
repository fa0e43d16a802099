"""What is installed in node_modules."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from zt_gate.ecosystems.environments import read_environment
from zt_gate.ecosystems.registries.npm_settings import default_index

if TYPE_CHECKING:
    from zt_gate.ecosystems.environments.base import Environment

CORP = "https://corp.example/npm"


def add(root: Path, place: str, name: str = "", version: str = "1.0.0") -> None:
    folder = root / "node_modules" / place
    folder.mkdir(parents=True, exist_ok=True)
    package = {"name": name or place, "version": version}
    (folder / "package.json").write_text(json.dumps(package))


def read(root: Path) -> Environment:
    found = read_environment(root / "node_modules")
    assert found is not None
    return found


def listed(found: Environment) -> list[tuple[str, str, str]]:
    return [
        (item.entry.key, item.entry.constraint, item.entry.source.kind)
        for item in found.packages
    ]


def test_nested_and_scoped_packages(tmp_path: Path) -> None:
    add(tmp_path, "a")
    add(tmp_path, "a/node_modules/b", "b", "2.0.0")
    add(tmp_path, "b", version="1.0.0")
    add(tmp_path, "@s/c")
    add(tmp_path, "alias", "real", "3.0.0")
    (tmp_path / "node_modules" / ".bin").mkdir()
    (tmp_path / "node_modules" / ".cache").mkdir()
    (tmp_path / "node_modules" / "README").write_text("")
    assert listed(read(tmp_path)) == [
        ("@s/c", "1.0.0", "registry"),
        ("a", "1.0.0", "registry"),
        ("b", "2.0.0", "registry"),
        ("b", "1.0.0", "registry"),
        ("real", "3.0.0", "registry"),
    ]
    assert read_environment(tmp_path) is None


def test_the_hidden_lock_file_gives_the_archives(tmp_path: Path) -> None:
    for name in ("public", "private", "git", "other"):
        add(tmp_path, name)
    public = f"{default_index().url}/public/-/public-1.0.0.tgz"
    resolved = {
        "public": public,
        "private": f"{CORP}/private/-/private-1.0.0.tgz",
        "git": "git+https://h.example/git.git#abc",
        "other": f"{default_index().url}/evil/-/evil-1.0.0.tgz",
    }
    packages = {
        f"node_modules/{name}": {"resolved": url} for name, url in resolved.items()
    }
    lock = tmp_path / "node_modules" / ".package-lock.json"
    lock.write_text(json.dumps({"packages": packages}))
    assert {(key, kind) for key, _, kind in listed(read(tmp_path))} == {
        ("public", "registry"), ("private", "index"), ("git", "vcs"), ("other", "foreign"),
    }  # fmt: skip


def test_members_of_the_workspace_are_links(tmp_path: Path) -> None:
    add(tmp_path, "a")
    member = tmp_path / "packages" / "own"
    member.mkdir(parents=True)
    (member / "package.json").write_text('{"name": "@corp/own"}')
    os.symlink("../packages/own", tmp_path / "node_modules" / "own")
    os.symlink("/nowhere", tmp_path / "node_modules" / "dangling")
    assert listed(read(tmp_path)) == [
        ("@corp/own", "", "path"),
        ("a", "1.0.0", "registry"),
    ]


def test_the_store_of_pnpm(tmp_path: Path) -> None:
    add(tmp_path, ".pnpm/a@1.0.0/node_modules/a", "a")
    add(tmp_path, ".pnpm/@s+b@2.0.0/node_modules/@s/b", "@s/b", "2.0.0")
    store = tmp_path / "node_modules" / ".pnpm"
    os.symlink(
        "../../@s+b@2.0.0/node_modules/@s", store / "a@1.0.0" / "node_modules" / "@s"
    )
    os.symlink(".pnpm/a@1.0.0/node_modules/a", tmp_path / "node_modules" / "a")
    assert listed(read(tmp_path)) == [
        ("@s/b", "2.0.0", "registry"),
        ("a", "1.0.0", "registry"),
    ]


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    add(tmp_path, "a", version="")
    add(tmp_path, "b", "no name!")
    add(tmp_path, "c")
    (tmp_path / "node_modules" / "c" / "package.json").write_text("{")
    add(tmp_path, "d")
    (tmp_path / "node_modules" / "d" / "package.json").unlink()
    os.mkfifo(tmp_path / "node_modules" / "d" / "package.json")
    found = read(tmp_path)
    assert found.packages == ()
    assert [problem.partition(" ")[0] for problem in found.problems] == [*"abcd"]


@given(st.binary(max_size=200))
def test_any_file_is_a_package_or_a_problem(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        add(root, "a")
        (root / "node_modules" / "a" / "package.json").write_bytes(data)
        (root / "node_modules" / ".package-lock.json").write_bytes(data)
        found = read(root)
        assert len(found.packages) + len(found.problems) == 1
