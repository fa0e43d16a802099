"""The doctor's checks of zt-gate itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.registry import Registry
from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate
from zt_gate.commands.doctor import document
from zt_gate.doctor import examine
from zt_gate.doctor.check import Check, exit_code

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repository = Repo.create(tmp_path / "repository")
    repository.write("a.txt", "one\n")
    repository.commit("first")
    return repository


def test_no_faults_with_a_real_engine_and_a_local_registry(
    repo: Repo, tmp_path: Path
) -> None:
    with Registry() as registry:
        environ = {**GIT_ENV, "HOME": str(tmp_path), **registry.environment()}
        found = list(examine(repo.path, environ, areas=["health"]))
    assert {check.name: check.status for check in found} == dict.fromkeys(
        [
            "cache",
            "rules",
            "policy",
            "engine",
            "registry pypi",
            "registry npm",
            "registry osv",
        ],
        "ok",
    )
    assert exit_code(found) == 0


def test_faults_and_unknown_results(repo: Repo, tmp_path: Path) -> None:
    repo.write(".zt-gate.toml", "profil = 1\n")
    repo.commit("wrong policy")
    done = gate(
        "doctor", "--area", "health", "--offline", "--format", "json",
        cwd=repo.path, ZT_GATE_CACHE_DIR=str(repo.path / "cache"),
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    checks = {row["name"]: row for row in json.loads(done.stdout)["checks"]}
    assert checks["cache"]["status"] == "fault"
    assert checks["policy"]["status"] == "fault"
    assert checks["engine"]["status"] == "ok"
    assert checks["registries"]["status"] == "unknown"


def test_a_registry_that_does_not_answer(
    repo: Repo, tmp_path: Path, refusing: str
) -> None:
    environ = {
        **GIT_ENV, "HOME": str(tmp_path), "PIP_INDEX_URL": f"{refusing}/simple",
        "npm_config_registry": refusing, "ZT_GATE_OSV_URL": refusing,
    }  # fmt: skip
    from zt_gate.doctor import health
    from zt_gate.doctor.check import DoctorContext
    from zt_gate.git.run import Git

    found = list(
        health._registries(DoctorContext(Git.open(repo.path, environ), environ))
    )
    assert [check.status for check in found] == ["fault"] * 3
    assert all(refusing not in check.message for check in found)


def test_hostile_names_are_escaped(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", "h\x1b[31m\n::error::x##[group]")
    done = gate("doctor", "--area", "hooks", cwd=repo.path)
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "##[" not in done.stdout
    assert not any(line.lstrip().startswith("::") for line in done.stdout.splitlines())


def test_exit_codes_and_json() -> None:
    ok = Check("a", "b", "ok", "c")
    dim = Check("a", "b", "unknown", "\udcff\x1b", required=False)
    assert exit_code([ok, dim]) == 0
    assert exit_code([ok, Check("a", "b", "unknown", "c")]) == 3
    assert (
        exit_code([Check("a", "b", "unknown", "c"), Check("a", "b", "fault", "c")]) == 1
    )
    assert json.loads(document([dim], 0))["checks"][0]["message"] == "\\xff\x1b"
