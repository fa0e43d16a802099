"""Heavy things that the end-to-end tests share: made once per run of the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.planted import INVENTED
from tests.support.action import ActionRun, run_action
from tests.support.registry import Registry
from tests.support.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """Both ecosystems on loopback; INVENTED does not exist there."""
    with Registry() as server:
        for name in ("flask", "requests", "pip", "setuptools"):
            server.pypi(name, days=4000, weekly=1_000_000)
        assert INVENTED not in {"flask", "requests"}
        yield server


@pytest.fixture(scope="session")
def environ(
    registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment of a user whose registries are the local ones."""
    home = tmp_path_factory.mktemp("home")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **registry.environment(),
    }


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Repo:
    """This project's files as they stand, as a repository that pre-commit can clone."""
    repo = Repo.create(tmp_path_factory.mktemp("project") / "zt-gate")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("the project is not in a git checkout here")
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        source = ROOT / name
        if source.is_file():
            target = repo.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    repo.commit("the project")
    return repo


@pytest.fixture(scope="session")
def configuration(project: Repo) -> str:
    """A pre-commit configuration that names the project's own hooks."""
    return (
        "repos:\n"
        f"  - repo: {project.path}\n"
        f"    rev: {project.head()}\n"
        "    hooks:\n      - id: zt-gate\n      - id: zt-gate-push\n"
    )


@pytest.fixture(scope="session")
def precommit_home(
    configuration: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Where pre-commit keeps the hooks' environment, installed once from the real index."""
    home = tmp_path_factory.mktemp("pre-commit")
    repo = Repo.create(tmp_path_factory.mktemp("installing") / "repository")
    repo.write(".pre-commit-config.yaml", configuration)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install-hooks"],
        cwd=repo.path, env={**os.environ, "PRE_COMMIT_HOME": str(home)}, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
    return home


INSTALL = "Install zt-gate from the action's own checkout"
#: The only stand-ins: what they do on a runner is to bring a Python, and files of an earlier job.
USES = ("actions/setup-python", "actions/cache")


@dataclass
class Action:
    """The action of this checkout on one runner, where it installs the gate once."""

    project: Repo
    temp: Path
    used: list[dict[str, Any]] = field(default_factory=list)

    def run(
        self,
        repo: Repo,
        event: dict[str, Any],
        name: str = "pull_request",
        *,
        environ: dict[str, str],
        inputs: dict[str, str] | None = None,
    ) -> ActionRun:
        """Run all steps in a repository; those that install only the first time."""
        self.used.clear()
        mine = {
            key: value for key, value in environ.items() if key not in {"HOME", "PATH"}
        }
        defaults = {
            "GITHUB_SERVER_URL": f"file://{repo.path.parents[1]}",
            "GITHUB_SHA": repo.head(),
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_REF": "refs/pull/7/merge",
        }
        installed = (self.temp / "zt-gate" / "venv" / "bin" / "pysemgrep").exists()
        return run_action(
            self.project.path,
            repo.path,
            event,
            name=name,
            temp=self.temp,
            uses=dict.fromkeys(USES, self.used.append),
            inputs=inputs,
            environ={**defaults, **mine},
            steps_environ={INSTALL: dict(os.environ)},
            skip=(INSTALL,) if installed else (),
        )


@pytest.fixture(scope="session")
def action(project: Repo, tmp_path_factory: pytest.TempPathFactory) -> Action:
    """The action, and the runner's folder."""
    return Action(project, tmp_path_factory.mktemp("runner"))


def run_gate(
    *words: str, cwd: Path, environ: dict[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the gate of this checkout as a user would."""
    return subprocess.run(
        [sys.executable, "-I", "-m", "zt_gate", *words],
        cwd=cwd, env=environ, input=stdin, capture_output=True, check=False, timeout=1800,
    )  # fmt: skip
