"""Runs the gate in a GitHub workflow.

    event → base (fetched if the clone lacks it) → reviews → gate → reports, comment, outputs

Reads only git objects of the change.  The policy is the base's, the inputs are at least
as strict as the base's workflow has them, and this code is the base's if the workflow
takes the action from the base or by a pinned commit.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate import lazy_re, reports, rulebook
from zt_gate.errors import GateError, UsageError
from zt_gate.forge import (
    action_inputs,
    gate_job,
    github_event,
    human_review,
    publish,
    pull_request_page,
    review_output,
)
from zt_gate.forge.api_client import ApiError, ForgeClient
from zt_gate.forge.commit_status import CommitStatus
from zt_gate.git import fetch_history, history
from zt_gate.git.trusted_files import read_file
from zt_gate.record import dataclass, replace
from zt_gate.reports.escape import workflow_data
from zt_gate.reports.write import write
from zt_gate.review import authorship
from zt_gate.review import run as review
from zt_gate.syntax import codeowners
from zt_gate.system import ci

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from zt_gate.forge.action_inputs import ActionInputs
    from zt_gate.forge.github_event import Event
    from zt_gate.forge.human_review import Decision
    from zt_gate.git.run import Git
    from zt_gate.model.report import Report, ScannerRun

#: The reports that stay in RUNNER_TEMP: output, file, format.
FILES = (("json", "zt-gate.json", "json"), ("sarif", "zt-gate.sarif", "sarif"))
_OID = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PAGE = "zt-gate.md"
_CHANGED_PATHS = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")


@dataclass(frozen=True, slots=True)
class _Job:
    """The inputs and facts of one run."""

    inputs: ActionInputs
    event: Event
    git: Git
    remote: fetch_history.Remote
    client: ForgeClient | None
    status: CommitStatus
    decision: Decision
    note: str = ""
    review_output: str = ""


def run(environ: MutableMapping[str, str], say: Callable[[bytes], None]) -> int:
    """Judge the change of the event and return the exit code of the verdict.

    ``say`` writes to the job's log.  Removes the token from ``environ``, which children
    inherit.  Raises GateError if there is nothing to report on; the output ``verdict``
    is "error" then.
    """
    publish.outputs(environ, {"verdict": "error"})
    inputs = action_inputs.read(environ)
    ci.set_ci_marker(environ)
    client = _client(environ, inputs)
    data = github_event.payload(environ)
    status = CommitStatus.of(inputs.status, environ, client, github_event.head_of(data))
    try:
        event = github_event.read(environ, data, client)
        status = status.about(event)
        status.pending()  # if it fails, so does the verdict's, which is an error
        return _judge(environ, say, inputs, event, status)
    except GateError as error:
        for failure in status.failed(str(error)):
            say(f"::error title=zt-gate::{workflow_data(failure)}\n".encode())
        raise


def _judge(
    environ: MutableMapping[str, str],
    say: Callable[[bytes], None],
    inputs: ActionInputs,
    event: Event,
    status: CommitStatus,
) -> int:
    """Judge the change of an event, publish the report, return the verdict's exit code."""
    server = environ.get("GITHUB_SERVER_URL", "")
    remote = fetch_history.Remote(f"{server}/{event.repository}", inputs.token)
    event, git = _with_base(environ, event, remote)
    given = action_inputs.texts(environ)
    counting = gate_job.counting_inputs(git, event, environ, given)
    inputs = action_inputs.with_values(inputs, counting.values)
    notes = "; ".join(counting.notes)
    decision = human_review.Decision()
    job = _Job(inputs, event, git, remote, status.client, status, decision, notes)
    job = _with_approved_head(_with_decision(job), is_base_job=counting.is_base_job)
    runs: list[ScannerRun] = []
    with _config_file(job) as config:
        request = _request(job, config)
        report = review.run(request, dict(environ), unmasked=runs.extend)
    if inputs.command.words:
        output = review_output.output_of(inputs.command, git, event, runs, environ)
        job = replace(job, review_output=output)
    return _publish(job, report, environ, say)


def _client(
    environ: MutableMapping[str, str], inputs: ActionInputs
) -> ForgeClient | None:
    if not inputs.token:
        return None
    return ForgeClient.of(environ.get("GITHUB_API_URL", ""), inputs.token)


def _with_base(
    environ: MutableMapping[str, str], event: Event, remote: fetch_history.Remote
) -> tuple[Event, Git]:
    """Return the event with its base, and git with the history between both commits."""
    folder = Path.cwd()
    if not event.base:
        if not event.default_branch:
            raise github_event.EventError("the event does not name the default branch")
        base = fetch_history.fetch_branch_tip(
            folder, environ, event.default_branch, remote
        )
        event = replace(event, base=base)
    git = fetch_history.open_with_history(
        folder, environ, event.base, event.head, remote
    )
    return event, git


def _with_decision(job: _Job) -> _Job:
    """Add the decision about the reviews; raises if it is required and unavailable."""
    event = job.event
    if event.kind == "approval":
        return _with_dispatch(job)
    is_pull = event.kind in {"pull", "queue"}
    is_required = is_pull and job.inputs.approval != "false"
    if not is_pull or not event.number:
        if is_required:
            raise UsageError("require-human-approval: the event has no pull request")
        return job
    if job.client is None:
        if is_required:
            raise UsageError(
                "require-human-approval needs the input token to read the reviews"
            )
        return _with_note(job, "reviews were not read: the input token is empty")
    try:
        return replace(job, decision=_decision(job, job.client))
    except ApiError as error:
        if is_required:
            raise
        return _with_note(job, f"reviews could not be read: {error}")


def _with_note(job: _Job, note: str) -> _Job:
    return replace(job, note="; ".join(filter(None, (job.note, note))))


def _with_dispatch(job: _Job) -> _Job:
    """Add the decision about the person who started the run to approve a head."""
    if job.client is None:
        raise UsageError("an approval by workflow_dispatch needs the input token")
    paths = _changed_paths(job.git, job.event)
    owners = codeowners.read(lambda path: read_file(job.git, job.event.base, path))
    marks = authorship.marks_of(rulebook.load("gate")[authorship.RULE], {}, ())
    decision = human_review.decide_dispatch(job.client, job.event, paths, owners, marks)
    return replace(job, decision=decision)


def _with_approved_head(job: _Job, *, is_base_job: bool) -> _Job:
    """Approve the head that the input ``approved-head`` names; say why not, if it does not."""
    approved, head = job.inputs.approved_head, job.event.head
    if not approved:
        return job
    if not _OID.fullmatch(approved):
        return _with_note(job, "approved-head not counted: it is no full commit id")
    if approved != head:
        return _with_note(
            job, f"approved-head not counted: it names {approved[:12]}, not {head[:12]}"
        )
    if not is_base_job:
        return _with_note(
            job,
            "approved-head not counted: the job of the gate differs from the base's",
        )
    decision = replace(
        job.decision, owner="approved-head", missing="", reason=human_review.VARIABLE
    )
    return replace(job, decision=decision)


def _decision(job: _Job, client: ForgeClient) -> Decision:
    """Return the decision about the reviews of the pull request; raises ApiError."""
    git = job.git
    event = job.event
    if event.kind == "queue":
        # The queue made its own commit: the reviews are of the pull request's head.
        answer = client.get(f"/repos/{quote(event.repository)}/pulls/{event.number}")
        pull = answer if isinstance(answer, dict) else {}
        event = github_event.of_pull(pull, event.repository)
    base = "" if history.is_null_revision(git, job.event.base) else job.event.base
    owners = codeowners.read(lambda path: read_file(git, base, path))
    paths = _changed_paths(git, job.event)
    owner_names = {owner for path in paths for owner in owners.of(path)}
    marks = authorship.marks_of(rulebook.load("gate")[authorship.RULE], {}, ())
    facts = human_review.gather(client, event, owner_names, marks)
    decision = human_review.decide(facts, paths, owners, marks)
    if not decision.owner or event.head == job.event.head:
        return decision
    if _is_unchanged(job, event.head, paths):
        return decision
    # Nobody reviewed the content of the queue's commit: its findings stay active.
    return replace(decision, owner="")


def _is_unchanged(job: _Job, reviewed: str, paths: list[bytes]) -> bool:
    """Whether the changed files of the queue's commit equal the reviewed ones."""
    git = job.git
    job.remote.fetch_commit(git, reviewed)
    output = git.run([*_CHANGED_PATHS, reviewed, job.event.head, "--"])
    return not set(output.split(b"\0")).intersection(paths)


def _changed_paths(git: Git, event: Event) -> list[bytes]:
    """Return the changed paths; a renamed file has both names."""
    start = git.empty_tree
    if not history.is_null_revision(git, event.base):
        start = history.merge_base(git, event.base, event.head)
    output = git.run([*_CHANGED_PATHS, start, event.head, "--"])
    return [path for path in output.split(b"\0") if path]


@contextmanager
def _config_file(job: _Job) -> Iterator[str]:
    """Yield a copy of the input ``config`` from the base, "" without that input."""
    name = job.inputs.config
    if not name:
        yield ""
        return
    path = os.fsencode(os.path.normpath(name))
    base = job.event.base
    data = None
    if not history.is_null_revision(job.git, base):
        data = read_file(job.git, base, path)
    if data is None:
        raise UsageError(f"config: the base {base[:12]} has no file {name!a}")
    folder = tempfile.mkdtemp(prefix="zt-gate-")
    try:
        # The name decides the format: a pyproject.toml has the policy in a table.
        target = os.path.join(folder, os.path.basename(name))
        write(target, data)
        yield target
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _request(job: _Job, config: str) -> review.Request:
    event = job.event
    inputs = job.inputs
    # A person who starts an approval expects one, so a refusal must not pass.
    is_required = inputs.approval != "false" or event.kind == "approval"
    is_tree = event.kind == "manual" and event.base == event.head
    policy_rev = event.head if is_tree else event.base
    if config or history.is_null_revision(job.git, event.base):
        policy_rev = ""
    return review.Request(
        kind="tree" if is_tree else "range",
        spec="" if is_tree else f"{event.base}...{event.head}",
        folder=job.git.root,
        profile=inputs.profile,
        fail_on=inputs.fail_on,
        task=inputs.task,
        config=config,
        policy_rev=policy_rev,
        accept=inputs.accept,
        offline=inputs.offline,
        origin_hints=event.origin_hints,
        ai_labels=inputs.labels,
        approver=job.decision.owner,
        approver_reason=job.decision.reason,
        unreviewed=job.decision.missing if is_required else "",
        review_all=inputs.approval == "always" or event.kind == "approval",
    )


def _publish(
    job: _Job,
    report: Report,
    environ: MutableMapping[str, str],
    say: Callable[[bytes], None],
) -> int:
    """Publish the report; a failed upload or comment is an error in the other reports."""
    notes = [job.note]
    errors: list[str] = []
    if job.inputs.sarif:
        note, sarif_errors = _upload_sarif(job, report, environ)
        notes.append(note)
        errors += sarif_errors
    if job.inputs.comment and job.event.kind == "pull":
        if job.event.may_write and job.client is not None:
            context = _page_context(job, notes)
            page = pull_request_page.comment(report.with_errors(errors), context)
            errors += publish.comment(job.client, job.event, page)
        else:
            notes.append(
                "no comment: this job's token may not write to the pull request"
            )
    report = report.with_errors(errors)
    report = report.with_errors(job.status.verdict(report, job.event))
    folder = job.inputs.folder
    output_paths = {}
    for output, name, report_format in FILES:
        output_paths[output] = os.path.join(folder, name)
        write(output_paths[output], reports.render(report_format, report))
    summary = pull_request_page.step_summary(report, _page_context(job, notes))
    output_paths["markdown"] = os.path.join(folder, _PAGE)
    write(output_paths["markdown"], summary)
    publish.summary(environ, summary)
    publish.outputs(environ, {**publish.counts(report), **output_paths})
    say(reports.render("github", report))
    return report.verdict.exit_code


def _page_context(job: _Job, notes: list[str]) -> pull_request_page.PageContext:
    note = "; ".join(note for note in notes if note)
    return pull_request_page.PageContext(
        job.decision.approvers, note, job.review_output
    )


def _upload_sarif(
    job: _Job, report: Report, environ: MutableMapping[str, str]
) -> tuple[str, list[str]]:
    """Upload the report to code scanning; return a note for the page, and errors."""
    event = job.event
    if event.is_fork and not event.may_write:
        return "no upload to code scanning: the head is in a fork", []
    if event.kind == "queue":
        return "", []
    if job.client is None:
        return "", ["sarif: true needs the input token"]
    ref = event.ref or environ.get("GITHUB_REF", "")
    document = reports.render("sarif", report)
    return "", publish.sarif(job.client, event, ref, document)


def forget(environ: MutableMapping[str, str]) -> None:
    """Delete the reports of an earlier step, so that no step publishes them again."""
    folder = environ.get("RUNNER_TEMP", "")
    if not folder:
        return  # the names would be files of the current folder
    for name in (*(name for _, name, _ in FILES), _PAGE):
        with suppress(OSError):
            os.unlink(os.path.join(folder, name))


__all__ = ["GateError", "forget", "run"]
