"""A hook on a laptop without a network: what could not be asked is a warning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.registry import Registry
from tests.support.repo import Repo
from tests.test_cli import gate

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

UNUSUAL = "quartz-lattice-{n}"


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as served:
        for n in range(4):
            served.pypi(UNUSUAL.format(n=n), days=4000, weekly=10**6)
        yield served


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write("a.txt", "one\n")
    made.commit()
    lines = "".join(f"{UNUSUAL.format(n=n)}==1.0\n" for n in range(4))
    made.write("requirements.txt", lines)
    made.git("add", "-A")
    return made


def hook(
    repo: Repo, registry: Registry, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    words = words or ("hook", "pre-commit")
    return gate(*words, cwd=repo.path, **{**registry.environment(), **env})


def test_a_dead_service_is_one_warning_with_the_command_that_asks_later(
    repo: Repo, registry: Registry
) -> None:
    for part in ("index", "downloads", "advisories", "all"):
        registry.heal()
        registry.fault("500", part=part)
        done = hook(repo, registry)
        assert done.returncode == 0, (part, done.stdout, done.stderr)
        text = " ".join(done.stdout.split())
        assert "zt-gate scan --scanner dependencies --range HEAD~1..HEAD" in text
        assert "incomplete" in text
        assert text.count("unverified: dependencies:") == 1, (part, text)


def test_a_machine_without_a_network(repo: Repo, registry: Registry) -> None:
    environment = {
        name: "http://127.0.0.1:9/simple" if value.startswith("http") else value
        for name, value in registry.environment().items()
    }
    done = gate("hook", "pre-commit", cwd=repo.path, **environment)
    assert done.returncode == 0, (done.stdout, done.stderr)


def test_ci_a_scan_by_hand_and_a_strict_key_stay_an_error(
    repo: Repo, registry: Registry
) -> None:
    registry.fault("500", part="all")
    assert hook(repo, registry, CI="true").returncode == 3
    assert hook(repo, registry, "scan", "--staged").returncode == 3
    repo.git("stash", "-q", "--include-untracked")
    repo.write(".zt-gate.toml", '[dependencies]\non-unverified = "error"\n')
    repo.commit()
    repo.git("stash", "pop", "-q")
    repo.git("add", "-A")
    assert hook(repo, registry).returncode == 3


def test_what_is_known_without_the_service_still_blocks(
    repo: Repo, registry: Registry
) -> None:
    for name, part, rule in (
        ("quartz-that-never-was", "downloads", "dependencies/missing"),
        ("quartz-that-never-was", "advisories", "dependencies/missing"),
        ("reqeusts", "index", "dependencies/similar-name"),
        ("reqeusts", "all", "dependencies/similar-name"),
    ):
        registry.heal()
        registry.fault("500", part=part)
        repo.write("requirements.txt", f"{name}==1.0\n")
        repo.git("add", "-A")
        done = hook(repo, registry)
        assert done.returncode == 1, (name, done.stdout)
        assert rule in done.stdout


def test_a_registry_that_answers_is_no_warning(repo: Repo, registry: Registry) -> None:
    done = hook(repo, registry)
    assert done.returncode == 0
    assert "not all packages were checked" not in done.stdout
