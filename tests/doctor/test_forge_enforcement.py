"""The doctor's checks of the forge, with a local server."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.offenders import each_of
from tests.support.repo import GIT_ENV, Repo
from zt_gate.commands.init_files import WORKFLOW, judge_workflow_text, workflow_text
from zt_gate.doctor import examine
from zt_gate.doctor.check import exit_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.doctor.check import Check

ACTION = "acme/zt-gate@" + "0" * 40
GOOD = workflow_text(ACTION)
OWNED = "* @someone\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repository = Repo.create(tmp_path / "repository")
    repository.write(WORKFLOW, GOOD)
    repository.write(".zt-gate.toml", 'profile = "strict"\n')
    repository.write("CODEOWNERS", OWNED)
    repository.commit("first")
    return repository


def checks_of(repo: Repo, **env: str) -> dict[str, Check]:
    environ = {**GIT_ENV, "HOME": str(repo.path.parent), **env}
    return {check.name: check for check in examine(repo.path, environ, areas=["ci"])}


@contextmanager
def forge(answers: dict[str, Any]) -> Iterator[dict[str, str]]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            body = json.dumps(found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield {
            "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
            "GITHUB_REPOSITORY": "a/b",
            "GITHUB_TOKEN": "token",
        }
        server.shutdown()


def rule(kind: str, **parameters: object) -> dict[str, object]:
    return {"type": kind, "parameters": parameters}


TOP = {"/repos/a/b": {"default_branch": "main"}, "/repos/a/b/branches/main": {}}
REQUIRED = rule(
    "required_status_checks", required_status_checks=[{"context": "zt-gate"}]
)
REVIEW = rule("pull_request", require_code_owner_review=True)


@pytest.mark.parametrize(
    ("answers", "required", "review"),
    [
        (
            {
                **TOP,
                "/repos/a/b/rules/branches/main": [
                    REQUIRED,
                    REVIEW,
                    rule("workflows", workflows=[{"path": WORKFLOW}]),
                ],
            },
            "ok",
            "ok",
        ),
        ({**TOP, "/repos/a/b/rules/branches/main": []}, "fault", "unknown"),
        (
            {
                **TOP,
                "/repos/a/b/branches/main": {
                    "protection": {"required_status_checks": {"contexts": ["zt-gate"]}}
                },
            },
            "ok",
            "unknown",
        ),
        (
            {
                **TOP,
                "/repos/a/b/rules/branches/main": [
                    rule("workflows", workflows=[{"path": WORKFLOW}])
                ],
            },
            "ok",
            "unknown",
        ),
        ({"/repos/a/b": {"default_branch": "main"}}, "unknown", "unknown"),
        ({}, "unknown", "unknown"),
        ({**TOP, "/repos/a/b": ["odd"]}, "unknown", "unknown"),
    ],
)
def test_the_rules_of_the_forge(
    answers: dict[str, Any], required: str, review: str, repo: Repo
) -> None:
    with forge(answers) as env:
        checks = checks_of(repo, **env)
    assert checks["required"].status == required, checks["required"]
    assert checks["owners' review"].status == review
    assert exit_code(checks.values()) == (0 if (required, review) == ("ok", "ok") else
                                          1 if checks["base's side"].status == "fault"
                                          else 3)  # fmt: skip


def test_without_a_token_the_forge_is_not_queried(repo: Repo) -> None:
    checks = checks_of(repo)
    assert checks["required"].status == "unknown"
    assert checks["required"].fix
    assert exit_code(checks.values()) == 3


def test_owners_come_from_the_last_matching_line(repo: Repo) -> None:
    assert checks_of(repo)["owners"].status == "ok"
    repo.write("CODEOWNERS", "* @someone\n/.github/*\n.github/workflows/zt-gate.yml\n")
    repo.commit("nobody owns the workflow")
    check = checks_of(repo)["owners"]
    assert check.status == "fault"
    assert WORKFLOW in check.message
    assert ".zt-gate.toml" not in check.message


def test_an_uncommitted_workflow_does_not_count(repo: Repo) -> None:
    repo.git("rm", "-q", "--cached", WORKFLOW)
    repo.git("commit", "-q", "-m", "gone")
    checks = checks_of(repo)
    assert [(check.name, check.status) for check in checks.values()] == [
        ("workflow", "fault")
    ]
    repo.write(".gitlab-ci.yml", "gate: {script: [zt-gate scan]}\n")
    repo.commit("another forge")
    repo.git("rm", "-q", "--cached", WORKFLOW)
    repo.git("commit", "-q", "-m", "gone again")
    assert checks_of(repo)["workflow"].status == "unknown"


def test_the_job_with_the_fewest_faults_is_reported(repo: Repo) -> None:
    repo.write(WORKFLOW, workflow_text("acme/zt-gate@v1"))
    repo.write(".github/workflows/broken.yml", "a: [")
    repo.commit("a tag")
    checks = checks_of(repo)
    assert checks["pinned"].status == "fault"
    assert checks["triggers"].status == "ok"
    assert checks["permissions"].status == "ok"


def test_a_link_in_place_of_a_workflow(repo: Repo) -> None:
    (repo.path / WORKFLOW).unlink()
    (repo.path / WORKFLOW).symlink_to("../../elsewhere.yml")
    repo.commit("a link")
    found = list(examine(repo.path, {**GIT_ENV, "HOME": "/"}, areas=["ci"]))
    assert [check.status for check in found] == ["unknown", "unknown", "fault"]
    assert "symbolic link" in found[1].message


def test_suggested_commands_cannot_be_injected(
    repo: Repo,
) -> None:
    name = ".github/workflows/x'; touch ran; '.yml"
    text = GOOD.replace(ACTION, "o/zt-gate@v1;touch${IFS}ran")
    repo.git("mv", WORKFLOW, name)
    repo.write(name, text)
    repo.write("CODEOWNERS", "# nobody\n")
    repo.commit("hostile")
    checks = checks_of(repo)
    assert "touch" not in checks["pinned"].fix.partition(": ")[2]
    command = checks["owners"].fix
    assert "touch ran" in command
    # Without an owner nothing is written.
    unset = subprocess.run(
        ["sh", "-c", command],
        cwd=repo.path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert unset.returncode != 0
    assert "set it to" in unset.stderr
    assert (repo.path / "CODEOWNERS").read_text() == "# nobody\n"
    environ = {**GIT_ENV, "OWNER": "acme/security"}
    subprocess.run(["sh", "-c", command], cwd=repo.path, check=True, env=environ)
    assert not (repo.path / "ran").exists()
    assert (repo.path / "CODEOWNERS").read_text().count("@acme/security\n") == 3


RULES = "/repos/a/b/rules/branches/main"
DOCS = (Path(__file__).resolve().parents[2] / "docs" / "ci.md").read_text("utf-8")


def recipe() -> str:
    """The second workflow of docs/ci.md, pinned."""
    section = DOCS.partition("### When the gate's own workflow is changed\n")[2]
    text = section.partition("```yaml\n")[2].partition("```")[0]
    return text.replace("FULL_COMMIT_SHA", "0" * 40)


SECOND = ".github/workflows/zt-gate-judge.yml"
STATUS = rule(
    "required_status_checks", required_status_checks=[{"context": "zt-gate/main"}]
)
TARGET = GOOD.replace("pull_request:", "pull_request_target:", 1)


def base_side(repo: Repo, second: str, *rules: object) -> Check:
    repo.write(SECOND, second)
    repo.commit("second workflow")
    with forge({**TOP, RULES: [REQUIRED, *rules]}) as env:
        return checks_of(repo, **env)["base's side"]


def test_the_recipe_of_the_documentation_judges_on_the_base_s_side(repo: Repo) -> None:
    check = base_side(repo, recipe(), STATUS)
    assert check.status == "ok", check
    assert SECOND in check.message
    # The other checks are still about the first workflow.
    assert WORKFLOW in checks_of(repo)["workflow"].message
    assert base_side(repo, recipe()).status == "fault"
    assert checks_of(repo)["base's side"].status == "unknown"  # without a token


def test_the_second_workflow_of_init_judges_on_the_base_s_side(repo: Repo) -> None:
    check = base_side(repo, judge_workflow_text(ACTION), STATUS)
    assert check.status == "ok", check
    assert SECOND in check.message


def test_a_required_workflow_cannot_be_changed_by_a_pull_request(repo: Repo) -> None:
    required = rule("workflows", workflows=[{"path": WORKFLOW}])
    assert base_side(repo, "on: push\n", required).status == "ok"
    other = rule("workflows", workflows=[{"path": ".github/workflows/other.yml"}])
    assert base_side(repo, "on: push\n", other).status == "fault"


@each_of(
    ("old", "new"),
    [
        ("", ""),
        ("status: zt-gate", "comment: false"),
        ("workflows: [zt-gate]", "workflows: [tests]"),
        ("workflow_run:", "push:"),
        (
            "persist-credentials: false",
            "ref: ${{ github.event.workflow_run.head_sha }}",
        ),
        ("status: zt-gate", "status: zt-gate\n          profile: advisory"),
        ("0" * 40, "main"),
        ("permissions:\n      contents: read", "permissions:\n      contents: write"),
        ("- uses: OWNER", "- continue-on-error: true\n        uses: OWNER"),
    ],
)
def test_a_second_workflow_that_does_not_judge_is_a_fault(
    old: str, new: str, repo: Repo
) -> None:
    second = recipe().replace(old, new) if old else "on: workflow_run\n"
    assert not old or second != recipe()
    assert base_side(repo, second, STATUS).status == "fault"


def test_a_workflow_of_the_base_for_the_pull_request_s_event(repo: Repo) -> None:
    repo.write(WORKFLOW, TARGET)
    assert base_side(repo, "on: push\n", REQUIRED).status == "ok"
    both = TARGET.replace(
        "pull_request_target:", "pull_request:\n  pull_request_target:"
    )
    repo.write(WORKFLOW, both)
    assert base_side(repo, "on: push\n", REQUIRED).status == "fault"
    checkout = "with:\n          ref: ${{ github.event.pull_request.head.sha }}"
    repo.write(WORKFLOW, TARGET.replace("with:", checkout, 1))
    assert base_side(repo, "on: push\n", REQUIRED).status == "fault"
