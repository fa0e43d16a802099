"""Every ``run:`` step of action.yml, for each kind of event, as a runner would run it."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.e2e.conftest import INSTALL, ROOT, USES, Action
from tests.e2e.planted import key
from tests.support.action import run_action
from tests.support.forge import BOB, TOKEN, Forge, about, commit, pull
from tests.support.repo import Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.xdist_group("e2e"), pytest.mark.slow]


@pytest.fixture
def forge() -> Iterator[Forge]:
    with Forge(commits=[commit()]) as server:
        yield server


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "acme" / "shop")
    made.write(".zt-gate.toml", 'profile = "standard"\n')
    made.write("CODEOWNERS", "* @bob\n")
    made.commit("before")
    return made


class Runner:
    """A repository with a change on ``topic`` that has a secret, and the action."""

    def __init__(
        self, repo: Repo, action: Action, forge: Forge, environ: dict[str, str]
    ) -> None:
        self.repo, self.action, self.forge = repo, action, forge
        self.base = repo.head()
        repo.git("checkout", "-q", "-b", "topic")
        repo.write("settings.py", f'KEY = "{key()}"\n')
        self.head = repo.commit("Add the settings")
        forge.commits = [{"sha": self.head, **commit()}]
        self.environ = {
            **environ, "GITHUB_API_URL": forge.url,
            "GITHUB_SERVER_URL": f"file://{repo.path.parents[1]}",
        }  # fmt: skip

    def run(
        self, event: dict[str, Any], name: str = "pull_request", **inputs: str
    ) -> Any:
        done = self.action.run(
            self.repo,
            {"repository": about(), **event},
            name,
            environ=self.environ,
            inputs={
                "token": TOKEN,
                **{k.replace("_", "-"): v for k, v in inputs.items()},
            },
        )
        assert TOKEN not in done.log + done.summary
        assert key() not in done.log + done.summary
        return done

    def report(self, done: Any) -> dict[str, Any]:
        with open(done.outputs["json"], encoding="utf-8") as file:
            data: dict[str, Any] = json.load(file)
        return data


@pytest.fixture
def runner(repo: Repo, action: Action, forge: Forge, environ: dict[str, str]) -> Runner:
    return Runner(repo, action, forge, environ)


def test_an_unlabelled_pull_request(runner: Runner) -> None:
    done = runner.run({"pull_request": pull(runner.base, runner.head)})
    assert done.exit_code == 1, done.log
    assert (done.outputs["verdict"], done.outputs["agent"]) == ("fail", "false")
    assert int(done.outputs["blocking"]) >= 1
    assert runner.report(done)["policy"]["profile"] == "standard"
    assert "::error file=settings.py" in done.log
    assert len(runner.forge.comments) == 1


def test_a_labelled_pull_request_and_an_owners_approval(runner: Runner) -> None:
    event = {
        "pull_request": pull(
            runner.base, runner.head, labels=[{"name": "ai-generated"}]
        )
    }
    done = runner.run(event, require_human_approval="true", sarif="true")
    assert (done.exit_code, done.outputs["agent"]) == (1, "true"), done.log
    report = runner.report(done)
    assert report["policy"]["profile"] == "strict"
    assert "gate/not-reviewed" in {found["rule"] for found in report["findings"]}
    assert len(runner.forge.sarifs) == 1
    runner.forge.approve(BOB, runner.head)
    done = runner.run(event, require_human_approval="true")
    assert (done.exit_code, done.outputs["verdict"]) == (0, "pass"), done.log
    assert len(runner.forge.comments) == 1


def test_a_pull_request_from_a_fork(runner: Runner) -> None:
    head = {"sha": runner.head, "ref": "topic", "repo": {"full_name": "eve/shop"}}
    done = runner.run({"pull_request": pull(runner.base, runner.head, head=head)})
    assert done.exit_code == 1
    assert "::error" in done.log
    assert not runner.forge.comments


def test_the_merge_queue(runner: Runner) -> None:
    group = {"head_sha": runner.head, "base_sha": runner.base,
             "head_ref": "refs/heads/gh-readonly-queue/main/x"}  # fmt: skip
    runner.environ["ZT_GATE_CACHE_KEY"] = "k" * 32
    assert runner.run({"merge_group": group}, "merge_group").exit_code == 1
    assert (
        len(runner.action.used) == 3
    )  # with the answers: no change writes what it reads


def test_a_push_and_the_button(runner: Runner) -> None:
    event = {"ref": "refs/heads/main", "before": runner.base, "after": runner.head}
    assert runner.run(event, "push").exit_code == 1
    assert runner.run({"ref": "refs/heads/topic"}, "workflow_dispatch").exit_code == 1


def test_an_event_without_a_base_is_an_error(runner: Runner) -> None:
    done = runner.run({}, "schedule")
    assert (done.exit_code, done.outputs["verdict"]) == (2, "error")
    assert "::error title=zt-gate::" in done.log
    assert done.outputs["json"] == ""


def test_the_caches_of_a_pull_request_hold_nothing_without_a_hash(
    runner: Runner,
) -> None:
    runner.run({"pull_request": pull(runner.base, runner.head)}, comment="false")
    _, kept = runner.action.used
    assert kept["with"]["path"].endswith("/wheels")
    assert re.fullmatch(r"zt-gate-\w+-\w+-py3\.\d+-[0-9a-f]{24}", kept["with"]["key"])


def test_a_poisoned_cache_is_not_installed(runner: Runner, tmp_path: Path) -> None:
    runner.run({"pull_request": pull(runner.base, runner.head)}, comment="false")
    wheels = tmp_path / "zt-gate" / "wheels"
    wheels.mkdir(parents=True)
    good = next((runner.action.temp / "zt-gate" / "wheels").glob("packaging-*.whl"))
    (wheels / good.name).write_bytes(good.read_bytes() + b"\0")
    done = run_action(
        runner.action.project.path, runner.repo.path, {}, temp=tmp_path,
        uses=dict.fromkeys(USES, lambda _: None), environ=runner.environ,
        # No index: what is in the cache is all there is.
        steps_environ={INSTALL: {"PIP_NO_INDEX": "1"}},
    )  # fmt: skip
    assert done.exit_code != 0
    assert "could not be installed" in done.log
    assert done.outputs["verdict"] == "error"
    assert not (tmp_path / "zt-gate" / "venv" / "bin" / "pysemgrep").exists()


def test_the_stand_ins_are_the_only_actions_and_pinned() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_bytes())
    used = [
        step["uses"].partition("@")[0]
        for step in action["runs"]["steps"]
        if "uses" in step
    ]
    assert set(used) == set(USES)
    inputs = {"labels", "profile", "fail-on", "sarif", "comment", "task", "offline", "config",
              "accept", "require-human-approval", "approved-head", "review-command",
              "review-environment", "status", "token"}  # fmt: skip
    assert set(action["inputs"]) == inputs


def test_the_projects_own_workflow_takes_the_action_from_the_base() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/zt-gate.yml").read_bytes())
    job = workflow["jobs"]["judge"]
    change, base, gate = job["steps"]
    assert set(workflow[True]) == {"pull_request", "pull_request_review", "merge_group"}
    assert {"labeled", "unlabeled", "synchronize"} <= set(
        workflow[True]["pull_request"]["types"]
    )
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "pull-requests": "write"}
    for step in (change, base):
        assert re.fullmatch(r"actions/checkout@[0-9a-f]{40}", step["uses"])
        assert step["with"]["persist-credentials"] is False
    assert base["with"]["ref"] == (
        "${{ github.event.pull_request.base.sha || github.event.merge_group.base_sha }}"
    )
    assert gate["uses"] == f"./{base['with']['path']}"
    assert not any(
        "run" in step for step in job["steps"]
    )  # nothing of the change is started


def test_zizmor_and_the_schemas_accept_the_action_and_the_workflows() -> None:
    import subprocess
    import sys

    zizmor = shutil.which("zizmor") or shutil.which("zizmor", path=f"{sys.prefix}/bin")
    if zizmor is None:
        pytest.skip("zizmor is not installed")
    workflows = sorted(ROOT.glob(".github/workflows/*.yml"))
    files = ["action.yml", *(str(path.relative_to(ROOT)) for path in workflows)]
    assert len(files) >= 5
    done = subprocess.run(
        [zizmor, "--offline", "--no-progress", *files],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()
    for schema, checked in (("vendor.github-actions", files[:1]),
                            ("vendor.github-workflows", files[1:])):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *checked],
            cwd=ROOT, capture_output=True, check=False,
        )  # fmt: skip
        if b"No module named check_jsonschema" in done.stderr:
            pytest.skip("check-jsonschema is not installed")
        assert done.returncode == 0, done.stdout.decode()
