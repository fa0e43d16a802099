"""``zt-gate policy`` says what applies, and from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repo import GIT_ENV, Repo
from tests.test_cli import gate, one_line
from zt_gate.doctor import health
from zt_gate.doctor.check import DoctorContext
from zt_gate.git.run import Git

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """\
profile = "strict"
exclude = ["vendor/"]

[levels]
code = "warn"

[paths]
"docs/**" = { allow = ["injection/*"], reason = "attack texts" }

[[ignore]]
rule = "code/*"
path = "legacy/**"
reason = "to be rewritten"
expires = 2020-01-31

[[ignore]]
rule = "secrets/*-typo"
path = "a.py"
reason = "a rule that never was"

[scanners.secrets]
exclude = ["data/"]

[scope]
allowed = ["src/", "docs/"]
restricted = ["infra/**"]

[tasks.fix]
allowed = ["src/"]
"""


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "repository")
    made.write(".zt-gate.toml", POLICY)
    for name in ("docs/a.md", "legacy/a.py", "a.py"):
        made.write(name, "x = 1\n")
    made.commit()
    return made


def lines_of(repo: Repo, *words: str) -> list[str]:
    done = gate("policy", *words, cwd=repo.path)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_show_lists_each_key_with_its_line(repo: Repo) -> None:
    lines = lines_of(repo, "show")
    assert lines[0] == f"policy: .zt-gate.toml at HEAD ({repo.head()[:12]})"
    expected = (
        "profile = strict  (.zt-gate.toml:1)",
        "exclude = vendor/  (.zt-gate.toml:2)",
        "[levels] code = warn  (.zt-gate.toml:5)",
        "[paths] docs/**: injection/*  (.zt-gate.toml:8)",
        "[scope] restricted = infra/**  (.zt-gate.toml:26)",
        "[tasks.fix] allowed = src/  (.zt-gate.toml:29)",
    )
    assert [line for line in expected if line not in lines] == []


def test_show_names_what_has_no_effect(repo: Repo) -> None:
    text = "\n".join(lines_of(repo, "show"))
    assert "code/* in legacy/** until 2020-01-31  expired" in text
    assert "no rule matches secrets/*-typo" in text


@pytest.mark.parametrize(
    ("rule", "path", "problem"),
    [
        ("secrets/*", "gone/**", "no file matches the path"),
        ("code/*", "src/[a-c].py", "no file matches the path"),
        ("injection/instructions", "Docs/**", "no file matches the path"),
        ("secrets/no-such-rule", "docs/**", "no rule matches secrets/no-such-rule"),
        ("secrets/*", "docs/**", ""),
        ("code/own-x", "**", ""),
        ("gate/unreadable", "*.py", ""),
        ("code", "/a.py", ""),
    ],
)
def test_show_and_the_doctor_name_an_ignore_that_matches_nothing(
    rule: str, path: str, problem: str, repo: Repo
) -> None:
    entry = f'rule = "{rule}"\npath = "{path}"\nreason = "an example"\n'
    repo.write(".zt-gate.toml", f"[[ignore]]\n{entry}")
    repo.commit()
    (line,) = (line for line in lines_of(repo, "show") if "[[ignore]]" in line)
    assert line.startswith(f"[[ignore]] {rule} in {path}")
    assert (problem in line) if problem else line.endswith("(.zt-gate.toml:1)")
    named = [
        check
        for check in health.exceptions(
            DoctorContext(Git.open(repo.path, GIT_ENV), GIT_ENV)
        )
        if problem and problem in check.message
    ]
    assert len(named) == bool(problem)


def test_what_is_only_in_the_work_tree_is_not_shown(repo: Repo) -> None:
    repo.write(".zt-gate.toml", 'profile = "advisory"\n')
    assert "profile = strict  (.zt-gate.toml:1)" in lines_of(repo, "show")
    shown = lines_of(repo, "show", "--config", ".zt-gate.toml")
    assert "profile = advisory  (.zt-gate.toml:1)" in shown


def test_a_repository_without_a_policy_has_the_defaults(tmp_path: Path) -> None:
    made = Repo.create(tmp_path / "empty")
    assert "profile = standard  (default)" in lines_of(made, "show")
    made.write("pyproject.toml", '[tool.zt-gate]\nprofile = "advisory"\n')
    made.commit()
    assert "profile = advisory  (pyproject.toml:2)" in lines_of(made, "show")


def test_a_path_is_answered_with_every_entry_that_names_it(repo: Repo) -> None:
    cases = {
        "vendor/a.js": ": vendor/  (.zt-gate.toml:2)",
        "data/x.txt": "excluded from secrets: data/  (.zt-gate.toml:22)",
        "docs/a.md": "ignored: injection/*: attack texts  (.zt-gate.toml:8)",
        "legacy/a.py": "ignored: code/*: to be rewritten  expired",
        "INFRA/main.tf": "[scope] restricts it: infra/**  (.zt-gate.toml:26)",
        "src/a.py": "[tasks.fix] allows it: src/  (.zt-gate.toml:29)",
        "docs/b.md": "[tasks.fix] does not allow it  (.zt-gate.toml:29)",
    }
    text = "\n".join(lines_of(repo, "test", *cases))
    assert [line for line in cases.values() if line not in text] == []


def test_a_path_that_no_entry_names(tmp_path: Path) -> None:
    made = Repo.create(tmp_path / "empty")
    lines = lines_of(made, "test", "a.py")
    assert lines[0] == "a.py:"
    assert "  no entry of the policy names this path" in lines


def test_a_path_cannot_command_the_terminal(repo: Repo) -> None:
    text = "\n".join(lines_of(repo, "test", "a\x1b[31m\nb"))
    assert "\x1b" not in text


def test_a_path_outside_is_wrong_usage(repo: Repo) -> None:
    for path in ("../a.py", "/etc/passwd", ".", "a/../../b"):
        done = gate("policy", "test", path, cwd=repo.path)
        assert done.returncode == 2
        assert "below the root" in one_line(done)


def test_an_invalid_policy_is_one_line(repo: Repo) -> None:
    repo.write(".zt-gate.toml", "profil = 1\n")
    repo.commit()
    done = gate("policy", "show", cwd=repo.path)
    assert done.returncode == 2
    assert "did you mean 'profile'" in one_line(done)
