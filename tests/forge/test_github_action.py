"""One run in a workflow, in real repositories and against a forge on loopback."""

from __future__ import annotations

import gzip
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.planted import key
from tests.support import forge as make
from tests.support.forge import ADA, AGENT, BOB, EVE, TOKEN, Forge
from tests.support.repo import GIT_ENV, Repo
from zt_gate.errors import GateError
from zt_gate.forge import action_inputs, github_action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = key()
WORKFLOW = ".github/workflows/zt-gate.yml"
#: The base takes every input from a variable, so that each test can choose its values.
GATE_JOB = (
    "name: zt-gate\non: pull_request\njobs:\n  judge:\n    runs-on: ubuntu-latest\n"
    "    steps:\n      - uses: example/zt-gate@v1\n        with:\n"
) + "".join(
    f"          {name}: ${{{{ vars.{name.upper().replace('-', '_')} }}}}\n"
    for name in action_inputs.VARIABLES
)


@pytest.fixture
def forge() -> Iterator[Forge]:
    with Forge(commits=[make.commit()]) as server:
        yield server


class Job:
    """One job: the checkout is a repository with a branch ``topic`` beside ``main``."""

    def __init__(
        self, folder: Path, forge: Forge, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.temp = folder / "temp"
        self.temp.mkdir()
        self.server = folder / "server"
        self.repo = Repo.create(self.server / "acme" / "shop")
        self.forge = forge
        self.monkeypatch = monkeypatch
        self.repo.write("a.txt", "a\n")
        self.repo.write(".zt-gate.toml", 'profile = "standard"\n')
        self.repo.write(WORKFLOW, GATE_JOB)
        self.repo.write(".github/CODEOWNERS", "* @bob\n/docs/ @acme/writers\n")
        self.base = self.repo.commit()
        self.head = self.base
        self.log = b""
        self.outputs: dict[str, str] = {}
        self.inputs: dict[str, str] = {"ZT_TOKEN": TOKEN, "ZT_OFFLINE": "true"}

    def change(
        self, name: str = "b.txt", text: str = "b\n", message: str = "change"
    ) -> str:
        self.repo.git("checkout", "-q", "-B", "topic")
        self.repo.write(name, text)
        self.head = self.repo.commit(message)
        return self.head

    def pull(self, **changed: Any) -> dict[str, Any]:
        data = make.pull(self.base, self.head, **changed)
        self.forge.pulls = [data]
        return {"action": "opened", "pull_request": data, "repository": make.about()}

    def run(
        self,
        event: dict[str, Any],
        name: str = "pull_request",
        *,
        where: Path | None = None,
    ) -> int:
        (self.temp / "event.json").write_text(json.dumps(event))
        for file in ("output", "summary"):
            (self.temp / file).write_text("")
        environ = {
            **GIT_ENV, "HOME": str(self.temp), "RUNNER_TEMP": str(self.temp),
            "GITHUB_EVENT_PATH": str(self.temp / "event.json"), "GITHUB_EVENT_NAME": name,
            "GITHUB_API_URL": self.forge.url, "GITHUB_SERVER_URL": f"file://{self.server}",
            "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": self.head,
            "GITHUB_WORKFLOW_REF": f"acme/shop/{WORKFLOW}@refs/heads/topic",
            "GITHUB_JOB": "judge",
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"), **self.inputs,
        }  # fmt: skip
        said: list[bytes] = []
        self.monkeypatch.chdir(where or self.repo.path)
        try:
            return github_action.run(environ, said.append)
        finally:
            assert "ZT_TOKEN" not in environ
            self.log = b"".join(said)
            rows = (self.temp / "output").read_text().splitlines()
            self.outputs = dict(row.split("=", 1) for row in rows)
            told = self.log.decode() + self.summary + "".join(self.outputs.values())
            assert TOKEN not in told
            assert TOKEN not in "".join(path for _, path, _ in self.forge.asked)

    @property
    def summary(self) -> str:
        return (self.temp / "summary").read_text()

    @property
    def report(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.temp / "zt-gate.json").read_text())
        return data


@pytest.fixture
def job(tmp_path: Path, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> Job:
    return Job(tmp_path, forge, monkeypatch)


# Which profile, which base


def test_a_clean_change_passes_and_is_told_everywhere(job: Job) -> None:
    job.change()
    assert job.run(job.pull()) == 0
    assert job.outputs["verdict"] == "pass"
    assert (job.outputs["blocking"], job.outputs["agent"]) == ("0", "false")
    assert job.report["policy"]["rev"] == job.base
    assert job.report["policy"]["profile"] == "standard"
    assert b"PASS" in job.log
    assert "no approval of the head commit by a person" in job.summary
    (comment,) = job.forge.comments
    assert comment["body"].startswith("<!-- zt-gate -->\n")


@pytest.mark.parametrize("label", ["ai-generated", "robot"])
def test_a_label_makes_it_strict_and_its_removal_does_not_skip_the_gate(
    label: str, job: Job
) -> None:
    job.inputs["ZT_LABELS"] = "robot, other"
    job.change(text=f'key = "{KEY}"\n')
    assert job.run(job.pull(labels=[{"name": label}])) == 1
    assert job.report["policy"]["profile"] == "strict"
    assert job.report["origin"] == {"ai": True, "evidence": [f"label {label}"]}
    assert job.run(job.pull()) == 1
    assert job.report["policy"]["profile"] == "standard"
    assert KEY not in job.log.decode() + job.summary + job.forge.comments[0]["body"]


def test_the_policy_is_the_bases(job: Job) -> None:
    job.change(".zt-gate.toml", '[levels]\nsecrets = "info"\n')
    job.change(text=f'key = "{KEY}"\n')
    assert job.run(job.pull()) == 1


def test_the_queue_the_push_and_the_button(job: Job) -> None:
    job.change(text=f'key = "{KEY}"\n')
    group = {"head_sha": job.head, "base_sha": job.base, "base_ref": "refs/heads/main",
             "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{job.base}"}  # fmt: skip
    assert (
        job.run({"merge_group": group, "repository": make.about()}, "merge_group") == 1
    )
    for ref in ("refs/heads/main", "refs/heads/topic"):
        event = {
            "ref": ref,
            "before": job.base,
            "after": job.head,
            "repository": make.about(),
        }
        assert job.run(event, "push") == 1, ref
        assert job.report["policy"]["rev"] == job.base
    event = {"ref": "refs/heads/topic", "repository": make.about()}
    assert job.run(event, "workflow_dispatch") == 1
    assert job.report["source"]["base"] == job.base
    job.repo.git("branch", "-f", "main", "topic")
    assert job.run({**event, "ref": "refs/heads/main"}, "workflow_dispatch") == 1
    assert job.report["source"]["kind"] == "tree"


def test_a_push_to_a_branch_is_held_against_the_default_branch(job: Job) -> None:
    job.change(text=f'key = "{KEY}"\n')
    second = job.change("c.txt")
    event = {"ref": "refs/heads/topic", "before": job.repo.git("rev-parse", "HEAD~1").decode()[:40],
             "after": second, "repository": make.about()}  # fmt: skip
    assert job.run(event, "push") == 1  # what was pushed before is judged as well


def test_a_first_push_of_everything_is_judged_by_the_defaults(job: Job) -> None:
    event = {"ref": "refs/heads/main", "before": "0" * 40, "after": job.base,
             "repository": make.about()}  # fmt: skip
    assert job.run(event, "push") == 0
    assert job.report["policy"]["rev"] in {"", None}


@pytest.mark.parametrize("depth", ["1", "2"])
def test_a_shallow_clone_is_deepened(depth: str, job: Job, tmp_path: Path) -> None:
    for number in range(3):
        job.change(f"{number}.txt")
    clone = tmp_path / "clone"
    Repo(tmp_path).git("clone", "-q", f"--depth={depth}", "--branch=topic",
                       f"file://{job.repo.path}", str(clone))  # fmt: skip
    assert job.run(job.pull(commits=1), where=clone) == 0
    assert job.report["source"]["base"] == job.base


def test_a_base_that_cannot_be_found_is_an_error(job: Job) -> None:
    job.change()
    event = job.pull()
    event["pull_request"]["base"]["sha"] = "1" * 40
    with pytest.raises(GateError):
        job.run(event)
    assert job.outputs["verdict"] == "error"


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("schedule", {}),
        ("pull_request", {}),
        ("pull_request", {"pull_request": {"base": {"sha": "--output=x"}, "head": {}}}),
        ("push", {"ref": "refs/heads/topic", "after": "0" * 40}),
    ],
)
def test_an_event_without_a_base_is_an_error(
    name: str, event: dict[str, Any], job: Job
) -> None:
    with pytest.raises(GateError):
        job.run(event, name)
    assert job.outputs == {"verdict": "error"}


def test_config_names_a_file_of_the_base(job: Job) -> None:
    job.inputs["ZT_CONFIG"] = "ci/gate.toml"
    job.repo.write("ci/gate.toml", 'profile = "advisory"\n')
    job.base = job.repo.commit()
    job.change("ci/gate.toml", "profile = 7\n")
    assert job.run(job.pull()) == 0
    assert job.report["policy"]["profile"] == "advisory"
    job.inputs["ZT_CONFIG"] = "b.toml"
    with pytest.raises(GateError, match="has no file"):
        job.run(job.pull())


# What is written where


def test_one_comment_is_updated_and_nobody_elses(job: Job) -> None:
    job.change()
    theirs = {"id": 1, "body": "<!-- zt-gate -->\nPASS, believe me", "user": EVE}
    job.forge.comments += [{"id": 2, "body": "hello", "user": BOB}, theirs]
    assert job.run(job.pull()) == 0
    assert job.run(job.pull()) == 0
    assert len(job.forge.comments) == 3
    assert theirs["body"] == "<!-- zt-gate -->\nPASS, believe me"


def test_a_comment_of_many_findings_fits(job: Job) -> None:
    keys = [f'key{n} = "{KEY[:-4]}{n:02}AA"' for n in range(100)]
    job.change(text="\n".join(keys) + "\n")
    assert job.run(job.pull()) == 1
    body = job.forge.comments[0]["body"]
    assert len(body) <= 65_536
    assert body.count("<details open>") == 1
    assert "and 49 more" in body
    assert body.rstrip().endswith(("by a person**", "every changed file", "</details>"))


def test_a_comment_that_cannot_be_written_is_an_error(job: Job) -> None:
    job.change()
    job.forge.broken = {"/issues/": 403}
    assert job.run(job.pull()) == 3
    assert "pull-requests" in job.summary
    assert job.outputs["verdict"] == "error"
    job.inputs["ZT_COMMENT"] = "false"
    assert job.run(job.pull()) == 0


def test_a_fork_gets_annotations_and_a_summary(job: Job) -> None:
    job.inputs["ZT_SARIF"] = "true"
    job.change(text=f'key = "{KEY}"\n')
    head = {"sha": job.head, "ref": "topic", "repo": {"full_name": "eve/shop"}}
    assert job.run(job.pull(head=head)) == 1
    assert b"::error" in job.log
    assert "no comment" in job.summary
    assert not job.forge.comments
    assert not job.forge.sarifs
    assert all(method == "GET" for method, _, _ in job.forge.asked)


def test_the_second_workflow_publishes_what_a_forks_run_may_not(job: Job) -> None:
    job.inputs["ZT_SARIF"] = "true"
    job.change(text=f'key = "{KEY}"\n')
    head = {"sha": job.head, "ref": "topic", "repo": {"full_name": "eve/shop"}}
    job.forge.pulls = [make.pull(job.base, job.head, head=head)]
    run = {"head_sha": job.head, "head_branch": "topic",
           "head_repository": {"full_name": "eve/shop", "owner": {"login": "eve"}}}  # fmt: skip
    event = {"workflow_run": run, "repository": make.about()}
    assert job.run(event, "workflow_run") == 1
    assert len(job.forge.comments) == 1
    document = json.loads(gzip.decompress(b64decode(job.forge.sarifs[0]["sarif"])))
    assert document["version"] == "2.1.0"
    assert job.forge.sarifs[0]["commit_sha"] == job.head
    job.forge.pulls = []
    with pytest.raises(GateError, match="no open pull request"):
        job.run(event, "workflow_run")


def test_what_no_scanner_judged_is_listed_for_a_person(job: Job) -> None:
    job.change("logo.png", "\x89PNG\r\n\x1a\n" + "\0" * 40)
    assert job.run(job.pull()) == 0
    page = job.summary.partition("### For human review")[2]
    assert "`logo.png`" in page


# A person's review


def asked(job: Job, kind: str = "true", **changed: Any) -> int:
    job.inputs["ZT_APPROVAL"] = kind
    return job.run(job.pull(labels=[{"name": "ai"}], **changed))


def rules(job: Job) -> set[str]:
    return {
        item["rule"] for item in job.report["findings"] if item["state"] == "active"
    }


def test_what_an_agent_wrote_fails_until_an_owner_approves_the_head(job: Job) -> None:
    first = job.change()
    assert asked(job) == 1
    assert rules(job) == {"gate/not-reviewed"}
    assert "@bob" in job.summary
    job.forge.approve(BOB, first)
    assert asked(job) == 0
    assert "approved by `@bob`" in job.summary
    job.change("c.txt")
    assert asked(job) == 1
    assert "approved another commit" in job.summary


@pytest.mark.parametrize(
    ("who", "why"),
    [(ADA, "wrote"), (AGENT, "bot"), (make.user("Copilot", 198982749), "agent"),
     (make.user("x[bot]", 4), "bot"), (EVE, "missing")],
)  # fmt: skip
def test_an_approval_that_does_not_count(
    who: dict[str, Any], why: str, job: Job
) -> None:
    job.forge.approve(who, job.change())
    assert asked(job) == 1
    assert why in job.summary


def test_a_reviewer_who_may_not_write_does_not_count(job: Job) -> None:
    job.forge.permissions["bob"] = "read"
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1
    assert "no write access" in job.summary


def test_a_reviewer_who_committed_under_a_private_address_does_not_count(
    job: Job,
) -> None:
    job.forge.commits = [make.commit(email="2+whatever@users.noreply.github.com")]
    job.forge.approve(BOB, job.change())
    assert asked(job) == 1


def test_an_approval_that_was_taken_back_does_not_count(job: Job) -> None:
    head = job.change()
    job.forge.approve(BOB, head)
    job.forge.approve(BOB, head, "CHANGES_REQUESTED")
    job.forge.approve(BOB, head, "COMMENTED")
    assert asked(job) == 1


def test_a_team_owns_by_its_members(job: Job) -> None:
    head = job.change("docs/a.txt")
    job.forge.approve(EVE, head)
    assert asked(job) == 1
    assert "acme/writers" in job.summary
    job.forge.members["writers"] = ["eve"]
    assert asked(job) == 0


def test_the_codeowners_of_the_change_do_not_count(job: Job) -> None:
    job.forge.approve(EVE, job.change(".github/CODEOWNERS", "* @eve\n"))
    assert asked(job) == 1


def test_always_asks_for_what_no_mark_is_on(job: Job) -> None:
    head = job.change()
    job.inputs["ZT_APPROVAL"] = "always"
    assert job.run(job.pull()) == 1
    job.inputs["ZT_APPROVAL"] = "true"
    assert job.run(job.pull()) == 0
    job.inputs["ZT_APPROVAL"] = "always"
    job.forge.approve(BOB, head)
    assert job.run(job.pull()) == 0


@pytest.mark.parametrize("part", ["/reviews", "/commits", "/permission"])
@pytest.mark.parametrize("status", [500, 403, 302])
def test_an_interface_that_fails_is_an_error_and_no_pass(
    part: str, status: int, job: Job
) -> None:
    job.forge.approve(BOB, job.change())
    job.forge.broken = {part: status}
    with pytest.raises(GateError):
        asked(job)
    assert job.outputs["verdict"] == "error"
    assert not any("elsewhere" in path for _, path, _ in job.forge.asked)


def test_commits_that_are_not_all_told_are_an_error(job: Job) -> None:
    job.forge.approve(BOB, job.change())
    with pytest.raises(GateError, match="commits"):
        asked(job, commits=251)


def test_without_a_token_nothing_is_approved(job: Job) -> None:
    job.change()
    job.inputs["ZT_TOKEN"] = ""
    with pytest.raises(GateError, match="token"):
        asked(job)
    assert asked(job, kind="false") == 0


def test_no_fail_on_lowers_it_and_no_profile(job: Job) -> None:
    job.change()
    job.inputs |= {"ZT_FAIL_ON": "critical", "ZT_PROFILE": "advisory"}
    assert asked(job, kind="always") == 1


def test_an_owners_review_approves_the_findings_of_this_head(job: Job) -> None:
    head = job.change(text=f'key = "{KEY}"\n')
    job.forge.approve(EVE, head)  # may write, and owns nothing here
    assert job.run(job.pull()) == 1
    job.forge.approve(BOB, head)
    assert job.run(job.pull()) == 0
    (found,) = [item for item in job.report["findings"] if item["level"] == "block"]
    assert (found["state"], found["state_by"]) == ("approved", "@eve, @bob")
    job.change("c.txt")
    assert job.run(job.pull()) == 1


def test_in_the_queue_the_reviews_of_the_pull_request_count(job: Job) -> None:
    head = job.change(text=f'key = "{KEY}"\n')
    job.forge.approve(BOB, head)
    job.pull()
    job.repo.git("checkout", "-q", "-B", "queue", "main")
    job.repo.git("merge", "-q", "--no-ff", "-m", "Merge it", "topic")
    group = {"head_sha": job.repo.head(), "base_sha": job.base,
             "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{job.base}"}  # fmt: skip
    event = {"merge_group": group, "repository": make.about()}
    job.inputs["ZT_APPROVAL"] = "always"
    assert job.run(event, "merge_group") == 0
    assert not job.forge.comments
    job.repo.write("b.txt", f'other = "{KEY}"\n')
    group["head_sha"] = job.repo.commit("not what was reviewed")
    assert job.run(event, "merge_group") == 1
    assert "gate/not-reviewed" not in rules(job)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ZT_APPROVAL", "yes"), ("ZT_OFFLINE", "1"), ("ZT_COMMENT", "no"), ("ZT_ACCEPT", "abc"),
     ("ZT_PROFILE", "loose"), ("ZT_FAIL_ON", "never"), ("ZT_TASK", "none")],
)  # fmt: skip
def test_a_wrong_input_is_an_error(name: str, value: str, job: Job) -> None:
    job.change()
    job.inputs[name] = value
    with pytest.raises(GateError) as caught:
        job.run(job.pull())
    assert caught.value.exit_code == 2
    assert job.outputs["verdict"] == "error"


# A reviewing command


def test_a_reviewing_command_gets_the_masked_diff_and_nothing_else(job: Job) -> None:
    tool = job.temp / "tool"
    tool.write_text(
        "#!/bin/sh\necho PASS '</details> ![x](http://x.example) ::error::x'\n"
        "pwd; ls -A; env | sort; cat\n"
    )
    tool.chmod(0o755)
    job.inputs |= {"ZT_REVIEW_COMMAND": f"{tool} --print", "ZT_REVIEW_ENVIRONMENT": "MODEL_KEY",
                   "MODEL_KEY": "for the tool", "OTHER_KEY": "not for it"}  # fmt: skip
    job.change(text=f'key = "{KEY}"\n')
    assert job.run(job.pull()) == 1
    page = job.summary.partition("### Review command output")[2]
    assert "+key = " in page
    assert "MODEL_KEY=for the tool" in page
    assert "OTHER_KEY" not in page
    assert "ZT_" not in page
    assert KEY not in job.summary + job.forge.comments[0]["body"]
    assert "```text\nPASS </details>" in page
    assert str(job.repo.path) not in page


@pytest.mark.parametrize(
    "command", ["false", "no-such-program", "'", "sleep 1 &", "./b.txt"]
)
def test_a_reviewing_command_that_fails_changes_no_verdict(
    command: str, job: Job
) -> None:
    job.inputs["ZT_REVIEW_COMMAND"] = command
    job.change()
    if command == "'":
        with pytest.raises(GateError, match="review-command"):
            job.run(job.pull())
        return
    assert job.run(job.pull()) == 0
    assert "Review command failed" in job.summary


def test_a_program_of_the_change_is_not_started(job: Job) -> None:
    job.change("tool", "#!/bin/sh\necho started\n")
    (job.repo.path / "tool").chmod(0o755)
    job.inputs["ZT_REVIEW_COMMAND"] = str(job.repo.path / "tool")
    assert job.run(job.pull()) == 0
    assert "a file of the repository" in job.summary
    assert "started" not in job.summary.replace("tool", "")
