"""The doctor's checks of local hooks, in real repositories."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.commands.init_files import pre_commit_block
from zt_gate.commands.installed_from import InstallSource
from zt_gate.doctor import examine
from zt_gate.doctor.check import exit_code
from zt_gate.git import hook_files

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.doctor.check import Check

ALL = ("pre-commit", "commit-msg", "pre-push")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repository = Repo.create(tmp_path / "repository")
    repository.write("a.txt", "one\n")
    repository.commit("first")
    return repository


def checks_of(repo: Repo, **env: str) -> dict[str, Check]:
    environ = {**GIT_ENV, "HOME": str(repo.path.parent), **env}
    return {check.name: check for check in examine(repo.path, environ, areas=["hooks"])}


def statuses(repo: Repo) -> list[str]:
    checks = checks_of(repo)
    return [checks[name].status for name in ALL]


def put(repo: Repo, name: str, text: bytes | str, mode: int = 0o755) -> None:
    repo.write(f".git/hooks/{name}", text, mode)


def test_missing_valid_and_broken_hooks(repo: Repo) -> None:
    assert statuses(repo) == ["fault"] * 3
    assert checks_of(repo)["pre-push"].fix == "zt-gate hook install"
    for name in ALL:
        put(repo, name, hook_files.hook_script(name, sys.executable, chain=False))
    assert statuses(repo) == ["ok"] * 3
    put(
        repo,
        "pre-commit",
        hook_files.hook_script("pre-commit", sys.executable, chain=False),
        0o644,
    )
    put(
        repo,
        "commit-msg",
        hook_files.hook_script("commit-msg", "/absent/python", chain=False),
    )
    good = hook_files.hook_script("pre-push", sys.executable, chain=True)
    put(repo, "pre-push", good.replace(b"exit 3", b"exit 0"))
    assert statuses(repo) == ["fault"] * 3
    assert "chmod +x" in checks_of(repo)["pre-commit"].fix


def test_hooks_of_other_tools(repo: Repo) -> None:
    put(repo, "pre-commit", "#!/bin/sh\n# zt-gate scan\nmake lint\n")
    put(repo, "pre-push", "#!/bin/sh\nzt-gate scan --base origin/main\n")
    checks = checks_of(repo)
    assert checks["pre-commit"].status == "fault"
    assert checks["pre-commit"].fix == "zt-gate hook install --chain"
    assert (checks["pre-push"].status, checks["pre-push"].required) == (
        "unknown",
        False,
    )


def test_a_hooks_folder_in_the_work_tree(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".hooks")
    checks = checks_of(repo)
    assert checks["folder"].status == "fault"
    assert list(checks) == ["folder"]


HUSKY = {
    "pre-commit": "zt-gate hook pre-commit",
    "commit-msg": 'zt-gate hook commit-msg "$1"',
    "pre-push": "zt-gate hook pre-push",
}


def with_husky(repo: Repo, lines: dict[str, str], mode: int = 0o755) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    for name, line in lines.items():
        repo.write(f".husky/{name}", f"npm test\n{line}\n")
        repo.write(f".husky/_/{name}", '. "$(dirname "$0")/h"\n', mode)


def test_the_doctor_accepts_a_line_for_husky(repo: Repo) -> None:
    with_husky(repo, HUSKY)
    checks = checks_of(repo)
    assert {checks[name].status for name in ALL} == {"unknown"}
    assert not any(check.required for check in checks.values())
    assert exit_code(checks.values()) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("npm run lint", "its pre-commit does not call zt-gate"),
        ("# zt-gate hook pre-commit", "its pre-commit does not call zt-gate"),
        ("zt-gate hook pre-push", "its pre-commit does not call zt-gate"),
        ("zt-gate hook pre-commit || true", "ignores the exit code"),
        ("zt-gate hook pre-commit; exit 0", "ignores the exit code"),
    ],
)
def test_a_hook_of_husky_without_the_gate(line: str, said: str, repo: Repo) -> None:
    with_husky(repo, {**HUSKY, "pre-commit": line})
    check = checks_of(repo)["pre-commit"]
    assert (check.status, said in check.message) == ("fault", True), check
    assert check.fix == "echo 'zt-gate hook pre-commit' >> .husky/pre-commit"


def test_husky_that_is_not_installed(repo: Repo) -> None:
    with_husky(repo, HUSKY, mode=0o644)
    assert "husky is not installed here" in checks_of(repo)["pre-push"].message
    assert statuses(repo) == ["fault"] * 3


@pytest.mark.parametrize(
    ("file", "text", "status"),
    [
        ("lefthook.yml", "pre-commit:\n  jobs:\n    - run: zt-gate hook pre-commit\n", "unknown"),
        (".lefthook.toml", '[pre-commit.commands.a]\nrun = "zt-gate hook pre-commit"\n', "unknown"),
        ("lefthook.yml", "pre-commit:\n  jobs:\n    - run: npm test\n", "fault"),
        ("lefthook.yml", "pre-commit:\n  jobs:\n    # - run: zt-gate hook pre-commit\n", "fault"),
        ("lefthook.json", '{"pre-commit": {"jobs": [{"run": "zt-gate hook pre-push"}]}}', "fault"),
    ],
)  # fmt: skip
def test_the_doctor_accepts_a_job_of_lefthook(
    file: str, text: str, status: str, repo: Repo
) -> None:
    put(repo, "pre-commit", '#!/bin/sh\ncall_lefthook run "pre-commit" "$@"\n')
    repo.write(file, text)
    check = checks_of(repo)["pre-commit"]
    assert check.status == status, check
    if status == "fault":
        assert check.fix.endswith("- run: zt-gate hook pre-commit")


def test_links_into_the_work_tree(repo: Repo) -> None:
    repo.write(
        "hook.sh",
        hook_files.hook_script("pre-commit", sys.executable, chain=False),
        0o755,
    )
    (repo.path / ".git" / "hooks" / "pre-commit").symlink_to("../../hook.sh")
    check = checks_of(repo)["pre-commit"]
    assert (check.status, "link" in check.message) == ("fault", True)
    (repo.path / ".git" / "hooks").rename(repo.path / "hooks")
    (repo.path / ".git" / "hooks").symlink_to("../hooks")
    assert checks_of(repo)["folder"].status == "fault"


def test_hooks_are_not_checked_in_ci(repo: Repo) -> None:
    checks = checks_of(repo, CI="true")
    assert [(check.status, check.required) for check in checks.values()] == [
        ("unknown", False)
    ]


def test_real_pre_commit(repo: Repo) -> None:
    pytest.importorskip("pre_commit")
    origin = InstallSource("https://github.com/acme/zt-gate", "a1" * 20)
    config = f"repos:\n{pre_commit_block(origin)}"
    repo.write(".pre-commit-config.yaml", config)
    assert checks_of(repo)["pre-push"].fix == "pre-commit install -t pre-push"
    types = [word for name in ALL for word in ("-t", name)]
    words = [sys.executable, "-m", "pre_commit", "install", *types]
    env = {**GIT_ENV, "HOME": str(repo.path.parent)}
    subprocess.run(words, cwd=repo.path, env=env, check=True, capture_output=True)
    assert statuses(repo) == ["ok"] * 3
    local = (
        "repos: [{repo: local, hooks: [{id: x, entry: zt-gate hook pre-commit%s}]}]\n"
    )
    for text, first in (
        (config.replace("    - id: zt-gate\n", ""), "fault"),
        (
            config.replace(
                "- id: zt-gate\n", "- id: zt-gate\n      always_run: false\n"
            ),
            "fault",
        ),
        (
            config.replace(
                "- id: zt-gate\n", "- id: zt-gate\n      stages: [manual]\n"
            ),
            "fault",
        ),
        (local % "", "fault"),
        (local % ", always_run: true", "ok"),
        (local.replace("commit%s", "commit || true%s") % ", always_run: true", "fault"),
        ("repos: [", "unknown"),
    ):
        repo.write(".pre-commit-config.yaml", text)
        assert statuses(repo)[0] == first, text
    os.unlink(repo.path / ".pre-commit-config.yaml")
    os.mkfifo(repo.path / ".pre-commit-config.yaml")
    assert statuses(repo) == ["unknown"] * 3
    os.unlink(repo.path / ".pre-commit-config.yaml")
    repo.write(".pre-commit-config.yaml", config)
    words.append("--allow-missing-config")
    subprocess.run(words, cwd=repo.path, env=env, check=True, capture_output=True)
    assert statuses(repo) == ["fault"] * 3
