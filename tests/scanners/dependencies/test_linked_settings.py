"""Settings of the trusted side that are symbolic links."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.registry import Registry
from tests.support.repo import Repo
from zt_gate.api import scan

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.report import Report

PACKAGE = '{"dependencies": {"@corp/box": "1.0.0"}}'


def scanned(repo: Repo, registry: Registry) -> Report:
    repo.write("app/package.json", PACKAGE)
    repo.git("add", "-A")
    environ = {**os.environ, **registry.environment()}
    return scan(repo.path, scanners=("dependencies",), environ=environ)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        (".npmrc", "config/npmrc"),
        ("app/.npmrc", "../config/npmrc"),
        ("app/.npmrc", "../.npmrc"),
        (".npmrc", "config/again"),
    ],
)
def test_a_linked_setting_is_read(tmp_path: Path, link: str, target: str) -> None:
    """A link at .npmrc on the trusted side ended the scanner in an error."""
    with Registry() as public, Registry() as private:
        private.npm("@corp/box", days=900)
        repo = Repo.create(tmp_path / "r")
        setting = f"@corp:registry={private.url}/npm/\n"
        repo.write("config/npmrc", setting)
        os.symlink("npmrc", repo.path / "config/again")
        repo.write("app/x", "")
        if target == "../.npmrc":
            repo.write(".npmrc", setting)
        os.symlink(target, repo.path / link)
        repo.commit()
        report = scanned(repo, public)
    assert report.runs[0].status == "ok", report.runs[0].reason
    assert [judged.finding.rule for judged in report.findings] == []
    assert private.asked()
    assert not any("corp" in path for path in public.asked())


@pytest.mark.parametrize("target", ["/etc/npmrc", "../../npmrc", "nothing", ".npmrc"])
def test_a_setting_that_cannot_be_read_leaves_the_registry_unknown(
    tmp_path: Path, target: str
) -> None:
    """Nobody is asked: the file may name a private registry."""
    with Registry() as public:
        repo = Repo.create(tmp_path / "r")
        repo.write("x", "")
        os.symlink(target, repo.path / ".npmrc")
        repo.commit()
        report = scanned(repo, public)
    assert report.runs[0].status == "ok", report.runs[0].reason
    assert [judged.finding.rule for judged in report.findings] == [
        "dependencies/unverified"
    ]
    assert "symbolic link" in report.findings[0].finding.message
    assert not any("corp" in path for path in public.asked())
