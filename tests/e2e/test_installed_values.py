"""What ``init`` writes after real installations, from PEP 610's record of the installer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.repo import GIT_ENV, Repo
from zt_gate import __version__

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.slow]

URL = "https://github.com/acme/zt-gate"


class Environment:
    """A fresh virtual environment, which finds the dependencies of the running one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
        )
        (site,) = folder.glob("lib/python*/site-packages")
        # Its own packages come first, so the zt-gate of the running one is not found.
        (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
        self.site = site

    def install(self, source: str, **env: str) -> None:
        """Install with pip, which builds with the backend of the running environment."""
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python", str(self.folder / "bin" / "python"),
             "install", "-q", "--no-deps", "--no-index", "--no-build-isolation",
             "--ignore-installed", source],
            env={**os.environ, **GIT_ENV, **env}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    def record(self) -> object:
        (info,) = self.site.glob("zt_gate-*.dist-info")
        file = info / "direct_url.json"
        return json.loads(file.read_text()) if file.exists() else None

    def init(self, folder: Path, *words: str) -> tuple[Repo, str]:
        """Run ``init`` in a new repository; return it and the output."""
        repo = Repo.create(folder)
        done = subprocess.run(
            [str(self.folder / "bin" / "zt-gate"), "init", *words],
            cwd=repo.path, env={**GIT_ENV, "HOME": str(folder.parent)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return repo, done.stdout


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(tmp_path / "venv")


@pytest.fixture
def clone(project: Repo, tmp_path: Path) -> Repo:
    """A clone of the project as a user makes one, whose remote is on a forge."""
    project.git(
        "clone",
        "-q",
        "--no-tags",
        "--no-hardlinks",
        str(project.path),
        str(tmp_path / "clone"),
    )
    repo = Repo(tmp_path / "clone")
    repo.git("remote", "set-url", "origin", f"{URL}.git")
    return repo


def check(repo: Repo, commit: str, tag: str = "") -> None:
    """All four files name the address and the commit."""
    (entry,) = yaml.safe_load((repo.path / ".pre-commit-config.yaml").read_text())[
        "repos"
    ]
    assert (entry["repo"], entry["rev"]) == (URL, commit)
    comment = f" # {tag}" if tag else ""
    for name in ("zt-gate", "zt-gate-judge"):
        text = (repo.path / ".github" / "workflows" / f"{name}.yml").read_text()
        assert f"uses: acme/zt-gate@{commit}{comment}\n" in text
    first = (repo.path / ".zt-gate.toml").read_text().splitlines()[0]
    assert first == (
        f"#:schema https://raw.githubusercontent.com/acme/zt-gate/{commit}"
        "/docs/policy.schema.json"
    )


def through(repo: Repo) -> dict[str, str]:
    """Settings with which git takes the forge's address from this disk."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repo.path}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
    }


@pytest.mark.parametrize("revision", ["", "@main", f"@v{__version__}"])
def test_from_the_address_of_the_repository(
    revision: str, project: Repo, environment: Environment, tmp_path: Path
) -> None:
    project.git("tag", "-f", f"v{__version__}")
    environment.install(f"git+{URL}{revision}", **through(project))
    repo, _ = environment.init(tmp_path / "repo", "--pre-commit", "--github")
    check(repo, project.head(), f"v{__version__}" if "@v" in revision else "")


def wheel_of(clone: Repo, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", "-w", "--no-isolation", "-o", str(folder), str(clone.path)],
        env={**os.environ, **GIT_ENV}, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_from_a_folder_that_is_a_clone(
    clone: Repo, environment: Environment, tmp_path: Path
) -> None:
    environment.install(str(clone.path))
    repo, _ = environment.init(tmp_path / "repo", "--pre-commit", "--github")
    check(repo, clone.head())
    # The clone has moved on; the program is still the commit that it was built from.
    built = clone.head()
    clone.commit("later, and not pushed")
    repo, _ = environment.init(tmp_path / "later", "--pre-commit", "--github")
    check(repo, built)


def test_from_a_wheel_of_a_project_with_coordinates(
    clone: Repo, environment: Environment, tmp_path: Path
) -> None:
    """The release script has filled in the address, which every wheel then names."""
    subprocess.run(
        [sys.executable, str(clone.path / "scripts" / "release.py"), "coordinates", URL],
        cwd=clone.path, check=True, capture_output=True,
    )  # fmt: skip
    commit = clone.commit("name the repository")
    environment.install(str(wheel_of(clone, tmp_path / "dist")))
    repo, _ = environment.init(tmp_path / "repo", "--pre-commit", "--github")
    check(repo, commit)


def test_from_a_wheel_without_coordinates_files_are_left_out(
    clone: Repo, environment: Environment, tmp_path: Path
) -> None:
    environment.install(str(wheel_of(clone, tmp_path / "dist")))
    assert "archive_info" in str(environment.record())
    repo, output = environment.init(tmp_path / "repo", "--pre-commit", "--github")
    assert "does not name its project's address" in output
    assert sorted(os.listdir(repo.path)) == [".git", ".zt-gate.toml"]
    assert not (repo.path / ".zt-gate.toml").read_text().startswith("#:schema")


def test_from_changed_files_no_commit_is_named(
    clone: Repo, environment: Environment, tmp_path: Path
) -> None:
    clone.write("zt_gate/_new.py", "")
    head = clone.head()
    environment.install(str(wheel_of(clone, tmp_path / "dist")))
    assert not (environment.site / "zt_gate" / "_commit.txt").exists()
    repo, _ = environment.init(tmp_path / "repo", "--pre-commit")
    assert head not in (repo.path / ".zt-gate.toml").read_text()


def test_a_wheel_of_the_source_distribution_names_the_commit(
    clone: Repo, environment: Environment, tmp_path: Path
) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "-o", str(tmp_path / "dist"),
         str(clone.path)],
        env={**os.environ, **GIT_ENV}, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    environment.install(str(wheel))
    text = (environment.site / "zt_gate" / "_commit.txt").read_text()
    assert text == f"{clone.head()}\n"
