"""What is installed in a Python environment, read as text."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import venv
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.support.offenders import each_of
from zt_gate.ecosystems.environments import read_environment
from zt_gate.ecosystems.manifests.base import normalise

if TYPE_CHECKING:
    from zt_gate.ecosystems.environments.base import Environment

SITE = "lib/python3.11/site-packages"


def environment(root: Path, settings: str = "version = 3.11.2\n") -> Path:
    site = root / SITE
    site.mkdir(parents=True)
    (root / "pyvenv.cfg").write_text(settings)
    return site


def add(
    site: Path, name: str, version: str = "1.0", origin: object = None, kind: str = "dist-info"
) -> Path:  # fmt: skip
    folder = site / f"{name}-{version}.{kind}"
    folder.mkdir()
    file = "METADATA" if kind == "dist-info" else "PKG-INFO"
    (folder / file).write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    )
    if origin is not None:
        (folder / "direct_url.json").write_text(json.dumps(origin))
    return folder


def read(path: Path) -> Environment:
    found = read_environment(path)
    assert found is not None
    return found


def names(path: Path) -> dict[str, str]:
    return {
        item.entry.key: f"{item.entry.constraint} {item.entry.source.kind}"
        for item in read(path).packages
    }


def test_the_own_environment_is_read_like_importlib_reads_it() -> None:
    site = next(Path(path) for path in sys.path if path.endswith("site-packages"))
    expected = {
        normalise("pypi", item.metadata["Name"]): item.version
        for item in distributions(path=[str(site)])
    }
    found = {
        item.entry.key: item.entry.constraint.removeprefix("==")
        for item in read(site).packages
    }
    assert found == expected


def test_each_kind_of_path(tmp_path: Path) -> None:
    root = tmp_path / "env"
    site = environment(root)
    add(site, "Some_Kit")
    (root / "bin").mkdir()
    os.symlink(sys.executable, root / "bin" / "python3")
    for path in (root, site, root / "bin" / "python3"):
        assert names(path) == {"some-kit": "==1.0 registry"}
    conda = tmp_path / "conda"
    (conda / "conda-meta").mkdir(parents=True)
    add_to = conda / "lib/python3.12/site-packages"
    add_to.mkdir(parents=True)
    add(add_to, "kit")
    assert names(conda) == {"kit": "==1.0 registry"}
    for path in (tmp_path, root / "pyvenv.cfg", site / "Some_Kit-1.0.dist-info"):
        assert read_environment(path) is None


def test_a_real_virtual_environment(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    found = read(tmp_path / "env")
    assert (found.packages, found.problems) == ((), ())
    assert read(tmp_path / "env" / "bin" / "python").packages == ()


def test_an_interpreter_outside_of_an_environment(tmp_path: Path) -> None:
    site = tmp_path / SITE
    site.mkdir(parents=True)
    add(site, "kit")
    other = tmp_path / "lib/python3.12/site-packages"
    other.mkdir(parents=True)
    add(other, "other")
    debian = tmp_path / "lib/python3/dist-packages"
    debian.mkdir(parents=True)
    add(debian, "packaged", kind="egg-info")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python3.11").write_text("not started")
    os.symlink("python3.11", tmp_path / "bin" / "python3")
    assert set(names(tmp_path / "bin" / "python3")) == {"kit", "packaged"}


def test_system_packages_count_where_the_environment_has_them(tmp_path: Path) -> None:
    base = tmp_path / "usr"
    system = base / SITE
    system.mkdir(parents=True)
    add(system, "kit", "1.0")
    add(system, "shared", "1.0")
    for wanted in ("true", "false"):
        root = tmp_path / wanted
        settings = (
            f"home = {base / 'bin'}\nversion = 3.11.2\n"
            f"include-system-site-packages = {wanted}\n"
        )
        add(environment(root, settings), "shared", "2.0")
        expected = {"shared": "==2.0 registry"}
        if wanted == "true":  # the environment's own version hides the system's
            expected["kit"] = "==1.0 registry"
        assert names(root) == expected


@each_of(
    ("origin", "kind"),
    [
        ({"url": "file:///src/kit", "dir_info": {"editable": True}}, "path"),
        ({"url": "file:///wheels/kit.whl", "archive_info": {}}, "path"),
        ({"url": "https://h.example/kit.whl", "archive_info": {}}, "url"),
        ({"url": "https://h.example/kit", "vcs_info": {"vcs": "git"}}, "vcs"),
        (["no object"], "url"),
        (None, "registry"),
    ],
)
def test_where_a_package_comes_from(tmp_path: Path, origin: object, kind: str) -> None:
    text = None if origin is None else json.dumps(origin)
    assert _kind(tmp_path, text) == kind


def _kind(tmp_path: Path, text: str | None) -> str:
    root = Path(tempfile.mkdtemp(dir=tmp_path))
    folder = add(environment(root / "env"), "kit")
    if text is not None:
        (folder / "direct_url.json").write_text(text)
    return read(root / "env").packages[0].entry.source.kind


def test_an_origin_that_is_no_json_is_no_registry(tmp_path: Path) -> None:
    assert _kind(tmp_path, "{") == "url"


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    root = tmp_path / "env"
    site = environment(root)
    add(site, "good")
    (site / "empty-1.0.dist-info").mkdir()
    (site / "packed-1.0.egg").write_bytes(b"PK")
    (add(site, "huge") / "METADATA").write_bytes(b"\n" * (9 << 20))
    pipe = site / "pipe-1.0.dist-info"
    pipe.mkdir()
    os.mkfifo(pipe / "METADATA")
    found = read(root)
    assert [item.entry.name for item in found.packages] == ["good"]
    assert [problem.split("/")[-1].split("-")[0] for problem in found.problems] == [
        "empty", "huge", "packed", "pipe",
    ]  # fmt: skip


def test_folders_that_a_pth_file_adds_are_read_and_its_code_is_not_run(
    tmp_path: Path,
) -> None:
    root = tmp_path / "env"
    site = environment(root)
    added = tmp_path / "added"
    added.mkdir()
    add(added, "elsewhere")
    mark = tmp_path / "ran"
    (site / "x.pth").write_text(
        f"# a comment\nimport pathlib; pathlib.Path({str(mark)!r}).touch()\n{added}\n"
    )
    assert names(root) == {"elsewhere": "==1.0 registry"}
    assert not mark.exists()


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_any_metadata_is_a_package_or_a_problem(metadata: bytes, origin: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "env"
        made = add(environment(root), "kit")
        (made / "METADATA").write_bytes(metadata)
        (made / "direct_url.json").write_bytes(origin)
        found = read(root)
        assert len(found.packages) + len(found.problems) == 1
