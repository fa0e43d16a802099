"""``zt-gate audit`` against a local advisory service: what is found, asked and left out."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.ecosystems.environments.test_python import add, environment
from tests.support.offenders import each_of
from tests.support.registry import Registry
from tests.support.repo import Repo
from tests.test_cli import gate, one_line

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

CORP = "https://corp.example/npm"
LOCK: dict[str, Any] = {
    "lockfileVersion": 3,
    "packages": {
        "": {"dependencies": {"express": "^4"}},
        "node_modules/express": {"version": "4.0.0"},
        "node_modules/a": {"version": "1.0.0"},
        "node_modules/a/node_modules/express": {"version": "3.0.0"},
        "node_modules/@corp/x": {"version": "1.0.0"},
        "node_modules/far": {
            "version": "1.0.0",
            "resolved": f"{CORP}/far/-/far-1.0.0.tgz",
        },
        "node_modules/ours": {"link": True, "resolved": "packages/ours"},
    },
}
NOT_ASKED = "was not asked about"
PRIVATE = ("inhouse", "@corp/x", "far", "ours")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with Registry() as server:
        server.advisory("PYSEC-7", "PyPI", "flask", versions=("1.0",), fixed="1.2")
        server.advisory("PYSEC-8", "PyPI", "requests", withdrawn=True)
        server.advisory(
            "GHSA-cccc", "npm", "express", versions=("3.0.0",), fixed="3.0.9"
        )
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with an environment, a lock file and settings that nobody may follow."""
    folder = tmp_path / "project"
    site = environment(folder / ".venv")
    add(site, "flask")
    add(site, "requests", "2.0")
    editable = {"url": "file:///src/inhouse", "dir_info": {"editable": True}}
    add(site, "inhouse", origin=editable)
    (folder / "package-lock.json").write_text(json.dumps(LOCK))
    (folder / ".npmrc").write_text("registry=http://127.0.0.1:9/\n")
    (folder / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/\n")
    (folder / ".venv" / "pip.conf").write_text("[global]\nindex-url = http://h:9/\n")
    home = tmp_path / "home"
    home.mkdir()
    (home / ".npmrc").write_text(f"@corp:registry={CORP}\n")
    return folder


def audit(
    folder: Path, registry: Registry | None, *words: str, **env: str
) -> subprocess.CompletedProcess[str]:
    settings = registry.environment() if registry is not None else {}
    home = str(folder.parent / "home")
    return gate("audit", *words, cwd=folder, **{**settings, "HOME": home, **env})


def report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def found_in(said: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (one["rule"].partition("/")[2], one["path"], one["message"])
        for one in said["findings"]
    ]


def left_out(said: dict[str, Any]) -> list[tuple[str, str]]:
    listed = said["runs"][0]["not_inspected"]
    return [(one["kind"], one["reason"]) for one in listed]


def test_the_environment_and_the_lock_files_here(
    registry: Registry, project: Path
) -> None:
    done = audit(project, registry, "--format", "json")
    assert done.returncode == 1
    assert done.stderr == (
        "zt-gate: auditing .venv (Python environment, 3 packages), package-lock.json\n"
    )
    said = report(done)
    assert found_in(said) == [
        ("vulnerable", ".venv", "flask 1.0 has a known vulnerability (PYSEC-7)"),
        ("vulnerable", "package-lock.json", "express 3.0.0 has a known vulnerability (GHSA-cccc)"),
    ]  # fmt: skip
    assert [one["remedy"] for one in said["findings"]] == [
        "Use flask 1.2 or later.", "Use express 3.0.9 or later.",
    ]  # fmt: skip
    assert said["findings"][0]["location"] == {"kind": "file"}
    assert said["source"]["head"] == ".venv, package-lock.json"
    other = "it comes from another index than the public one"
    assert left_out(said) == [
        ("not_applicable", f"inhouse 1.0 {NOT_ASKED}: it is installed from a folder"),
        ("not_applicable", f"@corp/x 1.0.0 {NOT_ASKED}: {other}"),
        ("not_applicable", f"far 1.0.0 {NOT_ASKED}: {other}"),
    ]


def test_both_clients_get_public_names_only(registry: Registry, project: Path) -> None:
    audit(project, registry)
    paths = [request.path for request in registry.requests]
    sent = b"\n".join(request.body for request in registry.requests).decode()
    for name in PRIVATE:
        assert f'"{name}"' not in sent
        assert not any(name in path for path in paths)
    # pip-audit asks one by one, npm all at once; express is listed with both versions.
    assert paths.count("/osv/v1/query") == 2
    bulk = [
        json.loads(one.body) for one in registry.requests if one.path.endswith("/bulk")
    ]
    assert bulk == [{"express": ["4.0.0", "3.0.0"], "a": ["1.0.0"]}]
    agents = {
        one.headers.get("user-agent", "").partition("/")[0]
        for one in registry.requests
        if one.path.endswith("/bulk")
    }
    assert agents == {"npm"}


def test_without_npm_its_registry_is_asked(
    registry: Registry, project: Path, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    git = shutil.which("git")
    assert git is not None
    os.symlink(git, programs / "git")
    audit(project, registry, PATH=str(programs))
    bulk = [one for one in registry.requests if one.path.endswith("/bulk")]
    assert [one.headers["user-agent"].partition("/")[0] for one in bulk] == ["zt-gate"]


def test_an_npm_in_the_project_is_not_started(
    registry: Registry, project: Path
) -> None:
    mark = project / "started"
    program = project / "node_modules" / ".bin" / "npm"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {mark}\n")
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    audit(project, registry, PATH=path)
    assert not mark.exists()


@each_of(
    ("broken", "message"),
    [
        ("advisories", "the advisory service returned HTTP status 500: 5 packages were not"),
        ("npm", "npm audit failed (500)"),
    ],
)  # fmt: skip
def test_a_service_that_is_down_is_one_message(
    tmp_path: Path, broken: str, message: str
) -> None:
    folder = tmp_path / broken
    site = environment(folder / ".venv")
    add(site, "flask")
    add(site, "requests", "2.0")
    (folder / "package-lock.json").write_text(json.dumps(LOCK))
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / ".npmrc").write_text(f"@corp:registry={CORP}\n")
    with Registry() as registry:
        paths = ("/npm/-/npm/v1/security/advisories/bulk",
                 "/npm/-/npm/v1/security/audits/quick")  # fmt: skip
        if broken == "advisories":
            paths = ("/osv/v1/querybatch", "/osv/v1/query")
        registry.behaviour.broken = paths
        done = audit(folder, registry, "--format", "json")
    assert done.returncode == 3
    said = report(done)
    failed = [text for kind, text in left_out(said) if kind == "unverified"]
    assert len(failed) == 1
    assert failed[0].startswith(message)
    assert len(said["errors"]) == 1
    assert said["findings"] == []


def test_what_passes(registry: Registry, project: Path) -> None:
    shutil.rmtree(project / ".venv")
    lock = {"lockfileVersion": 3, "packages": {"node_modules/a": {"version": "1.0.0"}}}
    (project / "package-lock.json").write_text(json.dumps(lock))
    done = audit(project, registry)
    assert done.returncode == 0, done.stdout
    assert "PASS" in done.stdout


@each_of("words", [(), ("missing",), ("docs",), ("a.txt",), ("--format", "none")])
def test_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "docs").mkdir(exist_ok=True)
    (tmp_path / "a.txt").write_text("text")
    done = audit(tmp_path, None, *words)
    assert done.returncode == 2
    one_line(done)


@pytest.mark.slow
def test_a_target_is_named(registry: Registry, project: Path) -> None:
    for word in (".venv", str(project / ".venv"), ".venv/lib/python3.11/site-packages"):
        said = report(audit(project, registry, word, "--format", "json"))
        assert [one[0] for one in found_in(said)] == ["vulnerable"]
    outside = project.parent
    said = report(audit(outside, registry, "project", "--format", "json"))
    assert len(said["findings"]) == 2


def test_the_active_environment_comes_first(registry: Registry, project: Path) -> None:
    active = project.parent / "active"
    add(environment(active), "other")
    done = audit(project, registry, VIRTUAL_ENV=str(active))
    assert f"auditing {active} (Python environment, 1 package)" in done.stderr


def test_every_format_is_written(registry: Registry, project: Path) -> None:
    from zt_gate.reports import FORMATS

    words = [
        word
        for name, _ in FORMATS
        for word in ("--output", f"{name}={project.parent / name}")
    ]
    done = audit(project, registry, *words)
    assert done.returncode == 1
    for name, _ in FORMATS:
        assert b"PYSEC-7" in (project.parent / name).read_bytes(), name


def test_an_own_index_without_an_advisory_service_is_an_error(
    registry: Registry, project: Path
) -> None:
    done = audit(project, registry, ".venv", "--format", "json", ZT_GATE_OSV_URL="")
    assert done.returncode == 3
    assert "set ZT_GATE_OSV_URL" in done.stdout
    assert registry.asked() == []


def test_a_name_that_a_private_index_has_stays_there(
    registry: Registry, project: Path
) -> None:
    with Registry() as private:
        private.pypi("requests")
        registry.pypi("flask")
        done = audit(project, registry, ".venv", "--format", "json",
                     PIP_EXTRA_INDEX_URL=private.pypi_url)  # fmt: skip
    said = report(done)
    assert found_in(said)[0][2] == "flask 1.0 has a known vulnerability (PYSEC-7)"
    text = "requests 2.0 was not asked about: it comes from a private index"
    assert ("not_applicable", text) in left_out(said)
    sent = b"".join(request.body for request in registry.requests)
    assert b"requests" not in sent
    assert not any("requests" in path for path in registry.asked())


def test_a_project_of_the_repository_is_not_asked_about(
    registry: Registry, tmp_path: Path
) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.write("lib/pyproject.toml", '[project]\nname = "flask"\n')
    repo.write(".gitignore", ".venv\n")
    repo.commit("start")
    add(environment(repo.path / ".venv"), "flask")
    said = report(audit(repo.path, registry, "--format", "json"))
    assert said["findings"] == []
    assert left_out(said) == [
        ("not_applicable", "flask 1.0 was not asked about: the repository provides it itself")
    ]  # fmt: skip
    assert registry.asked() == []


def test_an_environment_that_cannot_be_read_whole_is_an_error(
    registry: Registry, project: Path
) -> None:
    (project / ".venv/lib/python3.11/site-packages/x-1.dist-info").mkdir()
    shutil.rmtree(project / ".venv/lib/python3.11/site-packages/flask-1.0.dist-info")
    done = audit(project, registry, ".venv")
    assert done.returncode == 3
    assert "x-1.dist-info cannot be read" in " ".join(done.stdout.split())


def test_behind_a_companys_certificate(project: Path) -> None:
    with Registry(tls="good") as registry:
        registry.advisory("PYSEC-7", "PyPI", "flask", versions=("1.0",), fixed="1.2")
        authority = registry.trust()["SSL_CERT_FILE"]
        home = project.parent / "home"
        (home / ".pip").mkdir()
        (home / ".pip" / "pip.conf").write_text(f"[global]\ncert = {authority}\n")
        with (home / ".npmrc").open("a") as file:
            file.write(f"cafile={authority}\n")
        done = audit(project, registry, "--format", "json")
    assert done.returncode == 1, done.stdout
    said = report(done)
    assert [kind for kind, _ in left_out(said)] == ["not_applicable"] * 3
    clients = {one.headers["user-agent"].partition("/")[0] for one in registry.requests}
    assert {"zt-gate", "npm"} < clients


#: One vulnerable package in each format.
YARN = '# yarn lockfile v1\n\nexpress@^3:\n  version "3.0.0"\n'
PNPM = (
    "lockfileVersion: '9.0'\npackages:\n  express@3.0.0:\n"
    "    resolution: {integrity: sha512-x}\n"
)
BUN = json.dumps(
    {
        "lockfileVersion": 1,
        "workspaces": {"": {}},
        "packages": {"express": ["express@3.0.0", "", {}, "sha512-x"]},
    }
)
TOML = '[[package]]\nname = "{}"\nversion = "1.0.0"\n'
GEMS = "GEM\n  specs:\n    rack (1.0.0)\n\nDEPENDENCIES\n  rack\n"
COMPOSER = '{"packages": [{"name": "one/kit", "version": "1.0.0"}], "packages-dev": []}'


@pytest.mark.slow
@each_of(
    ("file", "text", "ecosystem", "name", "version"),
    [
        ("yarn.lock", YARN, "npm", "express", "3.0.0"),
        ("pnpm-lock.yaml", PNPM, "npm", "express", "3.0.0"),
        ("bun.lock", BUN, "npm", "express", "3.0.0"),
        ("uv.lock", "version = 1\n" + TOML.format("flask"), "PyPI", "flask", "1.0.0"),
        ("poetry.lock", TOML.format("flask"), "PyPI", "flask", "1.0.0"),
        ("requirements.txt", "flask==1.0.0\n", "PyPI", "flask", "1.0.0"),
        ("Gemfile.lock", GEMS, "RubyGems", "rack", "1.0.0"),
        ("composer.lock", COMPOSER, "Packagist", "one/kit", "1.0.0"),
    ],
)
def test_each_lock_file(
    tmp_path: Path, file: str, text: str, ecosystem: str, name: str, version: str
) -> None:
    folder = tmp_path / file.partition(".")[0]
    folder.mkdir()
    (folder / file).write_text(text)
    with Registry() as registry:
        known = {"versions": (version,), "fixed": "9.0.0"}
        registry.advisory("GHSA-lock", ecosystem, name, **known)
        done = audit(folder, registry, file, "--format", "json")
    said = report(done)
    assert done.returncode == 1, said
    assert found_in(said) == [
        ("vulnerable", file, f"{name} {version} has a known vulnerability (GHSA-lock)")
    ]
