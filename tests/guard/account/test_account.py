"""A real account, made and removed as root, and what it reaches in a project."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zt_gate.errors import UsageError
from zt_gate.guard.account.apply import AccountError, account_of, apply
from zt_gate.guard.account.check import differences
from zt_gate.guard.account.plan import Grant, account_name, account_plan, commands
from zt_gate.guard.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.guard.account.plan import AccountPlan

PERSON = 61_234
TASK = Task("Night shift", may_write=True, restricted=("secrets/", ".env"))
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or not os.access("/usr/sbin/useradd", os.X_OK),
    reason="only root makes accounts, with useradd",
)


@pytest.fixture
def project() -> Iterator[Path]:
    """A project of a person, in a folder that others can pass through."""
    base = Path(tempfile.mkdtemp(dir="/var/tmp"))
    base.chmod(0o755)
    root = base / "project"
    (root / "src").mkdir(parents=True)
    (root / "secrets").mkdir()
    (root / "secrets/key").write_text("the key")
    (root / ".env").write_text("the value")
    (root / "src/app.py").write_text("app")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".git/hooks/pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (root / ".git/hooks/pre-commit").chmod(0o755)
    (base / "outside").write_text("outside")
    (root / "src/link").symlink_to(base / "outside")
    (root / "src/foreign").write_text("of another user")
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, PERSON, PERSON, follow_symlinks=False)
        os.chown(root / "src/foreign", 0, 0)
    yield root
    shutil.rmtree(base)


@pytest.fixture
def plan(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[AccountPlan]:
    made = account_plan(TASK, str(project))
    import pwd

    person = pwd.struct_passwd(("p", "x", PERSON, PERSON, "", str(tmp_path), "/bin/sh"))
    by_number = pwd.getpwuid
    monkeypatch.setattr(
        pwd, "getpwuid", lambda uid: person if uid == PERSON else by_number(uid)
    )
    yield made
    subprocess.run(["userdel", made.name], capture_output=True, check=False)
    shutil.rmtree(made.home, ignore_errors=True)


class Account:
    """Runs commands of a shell as the account, in the project."""

    def __init__(self, plan: AccountPlan) -> None:
        user = account_of(plan)
        assert user is not None
        self._ids = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._root = plan.root

    def __call__(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", script],
            cwd=self._root,
            env={"PATH": os.defpath},
            capture_output=True,
            text=True,
            check=False,
            **self._ids,  # type: ignore[call-overload]
        )
        return done.returncode, done.stdout + done.stderr


@needs_root
def test_the_account_reads_the_project_and_changes_what_the_task_allows(
    plan: AccountPlan,
) -> None:
    apply(plan)
    run = Account(plan)
    code, output = run(
        "cat src/app.py && echo x >> src/app.py && echo y > src/new && mkdir src/d "
        "&& mv src/new src/d/new && rm src/d/new && echo z > top && mv top src/top"
    )
    assert (code, output) == (0, "app")
    assert list(differences(plan)) == []


@needs_root
@pytest.mark.parametrize(
    "script",
    [
        "cat secrets/key",
        "ls secrets",
        "cat .env",
        "ln .env src/env; cat src/env",
        "mv secrets src/s; cat src/s/key",
        "echo x > .env",
        "rm -f .env",
        "echo x > .git/hooks/pre-commit",
        "chmod -x .git/hooks/pre-commit",
        "echo x > .git/hooks/post-checkout",
        "mv .git g",
        "rm -rf .git/hooks",
        "git config core.hooksPath /tmp",
        "echo x > ../new",
        "echo x > ../outside",
    ],
)
def test_the_account_reaches_nothing_else(
    plan: AccountPlan, project: Path, script: str
) -> None:
    apply(plan)
    hook = project / ".git/hooks/pre-commit"
    code, output = Account(plan)(script)
    assert code != 0, output
    assert "the key" not in output
    assert "the value" not in output
    assert (project / ".env").read_text() == "the value"
    assert hook.read_text() == "#!/bin/sh\nexit 1\n"
    assert hook.stat().st_mode & 0o100


@needs_root
def test_links_and_files_of_others_are_left_alone(
    plan: AccountPlan, project: Path
) -> None:
    outside = (project.parent / "outside").stat()
    foreign = (project / "src/foreign").stat()
    apply(plan)
    assert (project.parent / "outside").stat().st_mode == outside.st_mode
    assert (project.parent / "outside").stat().st_gid == outside.st_gid
    assert (project / "src/foreign").stat().st_gid == foreign.st_gid


@needs_root
def test_a_check_finds_what_has_changed_since(plan: AccountPlan, project: Path) -> None:
    apply(plan)
    (project / "secrets/key").chmod(0o644)
    os.chown(project / "secrets/key", PERSON, -1)
    subprocess.run(["usermod", "-aG", "games", plan.name], check=True)
    found = "\n".join(differences(plan))
    assert f"{project}/secrets/key: group" in found
    assert "(nothing)" in found
    assert f"{plan.name} is in the group games" in found


@needs_root
def test_a_restricted_file_made_later_is_found_and_closed(
    plan: AccountPlan, project: Path
) -> None:
    apply(plan)
    (project / "src/.env").write_text("new value")
    os.chown(project / "src/.env", PERSON, -1)
    assert Account(plan)("cat src/.env")[0] == 0
    later = account_plan(TASK, str(project))
    assert any(
        line.startswith(f"{project}/src/.env:") and line.endswith("(nothing)")
        for line in differences(later)
    )
    apply(later)
    assert Account(plan)("cat src/.env")[0] != 0
    assert list(differences(later)) == []


@needs_root
def test_what_the_account_made_becomes_the_persons(
    plan: AccountPlan, project: Path
) -> None:
    apply(plan)
    assert Account(plan)("echo x > src/new && chmod 4755 src/new")[0] == 0
    assert list(differences(plan)) == []
    apply(plan)
    info = (project / "src/new").stat()
    assert info.st_uid == PERSON
    assert not info.st_mode & stat.S_ISUID


@needs_root
def test_a_second_time_changes_nothing(plan: AccountPlan) -> None:
    assert apply(plan) > 0
    assert apply(plan) == 0


@needs_root
def test_the_printed_commands_do_the_same(plan: AccountPlan) -> None:
    script = "\n".join(commands(plan)).replace(
        f'"$(id -g {PERSON})"', str(PERSON)
    )  # the person of the test is in no table of users
    os.chown(f"{plan.root}/src/foreign", PERSON, PERSON)
    subprocess.run(["sh", "-euc", script], check=True, capture_output=True)
    assert list(differences(plan)) == []


@needs_root
def test_a_folder_above_that_is_closed_is_said(
    plan: AccountPlan, project: Path
) -> None:
    apply(plan)
    project.parent.chmod(0o700)
    assert any(
        f"cannot pass through {project.parent}" in one for one in differences(plan)
    )


@needs_root
def test_credentials_of_the_person_that_it_can_read_are_said(
    plan: AccountPlan, tmp_path: Path
) -> None:
    apply(plan)
    tmp_path.chmod(0o755)
    (tmp_path / ".netrc").write_text("x")
    (tmp_path / ".netrc").chmod(0o644)
    assert any("can read" in one and ".netrc" in one for one in differences(plan))


@needs_root
def test_an_account_that_zt_gate_did_not_make_is_not_taken(plan: AccountPlan) -> None:
    subprocess.run(["useradd", "--system", plan.name], check=True)
    with pytest.raises(AccountError, match="did not make"):
        apply(plan)


def test_without_root_nothing_is_made(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = account_plan(TASK, str(project))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageError, match="needs root"):
        apply(made)
    assert account_of(made) is None
    assert list(differences(made)) == [
        f"there is no account {made.name}: run guard account --apply as root"
    ]


def test_each_task_in_each_project_has_its_own_name() -> None:
    names = {
        account_name(task, root) for task in ("a", "b") for root in ("/one", "/two")
    }
    assert len(names) == 4
    assert account_name("../../ä x;rm", "/one").startswith("zt-x-rm-")
    assert account_name("ä", "/one").startswith("zt-task-")
    assert len(account_name("x" * 100, "/one")) <= 31


def test_a_task_that_only_reads_gets_nothing_to_write(project: Path) -> None:
    plan = account_plan(Task("t", restricted=("secrets/",)), str(project))
    assert {step.grant for step in plan.steps} == {Grant.READ, Grant.NONE}


def test_only_the_allowed_folder_is_written(project: Path) -> None:
    plan = account_plan(Task("t", may_write=True, allowed=("src/",)), str(project))
    assert plan.grant_of(f"{project}/src/app.py") is Grant.WRITE
    assert plan.grant_of(f"{project}/top") is Grant.READ
    assert plan.grant_of(f"{project}/.git/index") is Grant.READ


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["develop"], 0, "useradd --system --user-group --no-create-home"),
        (["develop", "--check"], 1, "there is no account zt-develop-"),
        (["no-such-task"], 3, "has no task 'no-such-task'"),
        (["develop", "--apply", "--check"], 2, "not allowed with argument"),
    ],
)
def test_the_command_prints_and_checks(
    tmp_path: Path, words: list[str], code: int, said: str
) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "zt_gate", "guard", "account", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert said in done.stdout + done.stderr
