"""The gate in a process of its own, for the servers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from zt_gate.errors import GateError
from zt_gate.servers.gate_process import GateProcess

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = ("--scanner=secrets", "--format=json")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "r")
    made.write("a.txt", "one\n")
    made.commit()
    return made


def gate(tmp_path: Path, seconds: float = 600, **added: str) -> GateProcess:
    return GateProcess({**GIT_ENV, "HOME": str(tmp_path), **added}, seconds)


def test_a_report_and_what_is_none(repo: Repo, tmp_path: Path) -> None:
    async def all_of() -> None:
        process = gate(tmp_path)
        report = await process.report(("scan", *SECRETS), repo.path)
        assert report["verdict"] == "pass"
        for words, said in (
            (("scan", "--range=no..where", *SECRETS), "revision where does not exist"),
            (("scan", "--frobnicate"), "unrecognized arguments"),
            (("rules", "secrets"), "exit code 0"),  # no report, and no message
        ):
            with pytest.raises(GateError, match=said) as caught:
                await process.report(words, repo.path)
            assert "\n" not in str(caught.value)

    asyncio.run(all_of())


def test_a_check_that_takes_too_long_is_stopped(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"did not end within 0\.001 seconds"):
        asyncio.run(gate(tmp_path, 0.001).report(("scan", *SECRETS), repo.path))


def test_a_folder_that_is_gone(repo: Repo, tmp_path: Path) -> None:
    with pytest.raises(GateError, match="could not be started"):
        asyncio.run(gate(tmp_path).report(("scan", *SECRETS), tmp_path / "gone"))


def test_variables_that_name_another_repository_do_not_count(
    repo: Repo, tmp_path: Path
) -> None:
    """An editor or an agent that git started has GIT_DIR and GIT_INDEX_FILE."""
    other = Repo.create(tmp_path / "other")
    variables = {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(tmp_path / "no index"),
    }
    process = gate(tmp_path, **variables)
    report = asyncio.run(process.report(("scan", *SECRETS), repo.path))
    assert report["source"]["base"] == repo.head()
