"""What a symbolic link shows is judged at the path of the link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.review.test_moved_files import FETCH, ORDER, PASSWORD, report_on
from tests.support.offenders import check_each
from tests.support.repo import Repo

if TYPE_CHECKING:
    from pathlib import Path

#: Files before the change, links of the change, the path at which a rule must speak.
NEW_LINKS = (
    ({"tests/k/AGENTS.txt": ORDER}, {"AGENTS.md": "tests/k/AGENTS.txt"}, "AGENTS.md"),
    ({"notes/h.txt": FETCH}, {".husky/pre-commit": "../notes/h.txt"}, ".husky/pre-commit"),
    ({"docs/x.txt": FETCH}, {".claude/commands/x.md": "../../docs/x.txt"}, ".claude/commands/x.md"),
    ({"tests/k.txt": PASSWORD}, {"src/k.conf": "../tests/k.txt"}, "src/k.conf"),
    (
        {"tests/a/commands/x.md": FETCH},
        {".claude": "tests/a"},
        ".claude/commands/x.md",
    ),
    (
        {"tests/k/AGENTS.txt": ORDER},
        {"AGENTS.md": "b/c", "b/c": "../tests/./k/AGENTS.txt"},
        "AGENTS.md",
    ),
    (
        {"tests/deep/s/a.md": ORDER, "tests/deep/n.md": ORDER},
        {"AGENTS.md": "d/../n.md", "d": "tests/deep/s"},
        "AGENTS.md",
    ),
)  # fmt: skip


def link(repo: Repo, path: str, target: str) -> None:
    at = repo.path / path
    at.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(at):
        at.unlink()
    at.symlink_to(target)


def rules_at(repo: Repo, path: str, kind: str = "staged", spec: str = "") -> list[str]:
    scanners = ("injection", "secrets", "agent_config")
    report = report_on(repo, *scanners, kind=kind, spec=spec)
    return [
        item.finding.rule
        for item in report.findings
        if item.finding.location.path == path.encode()
        and "a symbolic link shows" in item.finding.message
    ]


@pytest.mark.parametrize("kind", ["staged", "worktree", "base"])
def test_a_new_link_brings_the_content_of_its_target(tmp_path: Path, kind: str) -> None:
    def wrong(number: int) -> str:
        before, links, path = NEW_LINKS[number]
        repo = Repo.create(tmp_path / str(number))
        for name, content in before.items():
            repo.write(name, content)
        repo.write("z.txt", "z\n")
        repo.commit()
        for name, target in links.items():
            link(repo, name, target)
        repo.git("add", "-A")
        if kind == "base":
            repo.commit()
        spec = "HEAD~1" if kind == "base" else ""
        return "" if rules_at(repo, path, kind, spec) else "no rule speaks"

    check_each(
        range(len(NEW_LINKS)), wrong, name=lambda number: str(NEW_LINKS[number][1])
    )


def test_a_retargeted_link_brings_its_new_target(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a")
    repo.write("a.md", "# Notes\n")
    repo.write("tests/b.md", ORDER)
    link(repo, "AGENTS.md", "a.md")
    repo.commit()
    link(repo, "AGENTS.md", "tests/b.md")
    repo.git("add", "-A")
    assert rules_at(repo, "AGENTS.md")


#: Links that stand there, and the target that changes.
OLD_LINKS = (
    ({"AGENTS.md": "tests/a.txt"}, "tests/a.txt", ORDER, "AGENTS.md"),
    ({"AGENTS.md": "l.md", "l.md": "tests/a.txt"}, "tests/a.txt", ORDER, "AGENTS.md"),
    ({".claude": "tests/c"}, "tests/c/commands/x.md", FETCH, ".claude/commands/x.md"),
    ({".husky/pre-push": "../notes/h.txt"}, "notes/h.txt", FETCH, ".husky/pre-push"),
    ({"src/k.conf": "../tests/k.txt"}, "tests/k.txt", PASSWORD, "src/k.conf"),
    ({"AGENTS.md": "d/n.md", "d": "tests/deep"}, "tests/deep/n.md", ORDER, "AGENTS.md"),
)  # fmt: skip


@pytest.mark.parametrize("is_new", [False, True])
def test_a_change_of_the_target_counts_at_an_old_link(
    tmp_path: Path, *, is_new: bool
) -> None:
    def wrong(number: int) -> str:
        links, target, content, path = OLD_LINKS[number]
        repo = Repo.create(tmp_path / str(number))
        repo.write("z.txt", "z\n")
        if not is_new:
            repo.write(target, "Some text.\n")
        for name, old_target in links.items():
            link(repo, name, old_target)
        repo.commit()
        repo.write(target, "Some text.\n" + content)
        repo.git("add", "-A")
        return "" if rules_at(repo, path) else "no rule speaks"

    check_each(
        range(len(OLD_LINKS)), wrong, name=lambda number: str(OLD_LINKS[number][0])
    )


def test_a_link_to_an_equal_place_stays_quiet(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a")
    repo.write("AGENTS.md", "# Build\n\nRun make.\n" + ORDER)
    repo.write("docs/a.md", "# A\n")
    repo.write("src/a.conf", PASSWORD)
    repo.commit()
    link(repo, "CLAUDE.md", "AGENTS.md")
    link(repo, "docs/b.md", "a.md")
    link(repo, "src/b.conf", "a.conf")
    link(repo, "tests/c.conf", "../src/a.conf")
    link(repo, "out", "/etc/passwd")
    link(repo, "up", "../../x")
    link(repo, "circle", "circle")
    repo.git("add", "-A")
    report = report_on(repo, "injection", "secrets", "agent_config")
    assert (report.verdict, report.findings) == ("pass", ())
    assert report.files == 7


def test_an_honest_target_passes_and_counts_once(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a")
    repo.write("tests/a.txt", "Run the tests with make.\n")
    link(repo, "AGENTS.md", "tests/a.txt")
    repo.commit()
    repo.write("tests/a.txt", "Run the tests with make.\nRun make lint before.\n")
    repo.git("add", "-A")
    report = report_on(repo, "injection", "secrets", "agent_config")
    assert (report.verdict, report.findings, report.files) == ("pass", (), 1)


def test_a_target_that_is_not_there_is_not_silent(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "a")
    repo.write("z.txt", "z\n")
    repo.commit()
    link(repo, "AGENTS.md", "tests/nothing.txt")
    repo.git("add", "-A")
    report = report_on(repo, "injection")
    assert report.verdict == "error"
    assert "there is no such file" in str(report.errors)
