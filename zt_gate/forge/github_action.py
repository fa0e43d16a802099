"""One run of the gate in a GitHub workflow: event in; verdict, annotations and pages out.

    event → base (fetched where the clone lacks it) → reviews → the gate → reports, comment, outputs

Only git objects of the change are read.  The policy is the base's, and so is this
code where the workflow takes the action from the base or by a pinned commit.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from zt_gate import reports, rulebook
from zt_gate.errors import GateError, UsageError
from zt_gate.forge import (
    action_inputs as settings,
)
from zt_gate.forge import github_event as events
from zt_gate.forge import (
    human_review,
    publish,
    pull_request_page,
)
from zt_gate.forge import (
    review_command as remarks,
)
from zt_gate.forge.api_client import ApiError, ForgeClient
from zt_gate.git import fetch_history, history
from zt_gate.git.trusted_files import read_file
from zt_gate.reports.write import write
from zt_gate.review import authorship
from zt_gate.review import run as review
from zt_gate.syntax import codeowners
from zt_gate.system import ci

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from zt_gate.forge.action_inputs import ActionInputs
    from zt_gate.forge.github_event import Event
    from zt_gate.forge.human_review import Decision
    from zt_gate.git.run import Git
    from zt_gate.model.report import Report, ScannerRun

#: The reports that are left in RUNNER_TEMP: output, file, format.
FILES = (("json", "zt-gate.json", "json"), ("sarif", "zt-gate.sarif", "sarif"))


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run knows before it judges."""

    settings: ActionInputs
    event: Event
    git: Git
    remote: fetch_history.Remote
    client: ForgeClient | None
    decision: Decision
    note: str = ""
    remarks: str = ""


def run(environ: MutableMapping[str, str], say: Callable[[bytes], None]) -> int:
    """Judge what the event is about and return the exit code of the verdict.

    ``say`` writes to the job's log.  The token is taken out of ``environ``, so that no
    child has it.  Raises GateError where there is nothing to report on; the output
    ``verdict`` is "error" then.
    """
    publish.outputs(environ, {"verdict": "error"})
    told = settings.read(environ)
    ci.mark(environ)
    client = _client(environ, told)
    event = events.read(environ, events.payload(environ), client)
    server = environ.get("GITHUB_SERVER_URL", "")
    remote = fetch_history.Remote(f"{server}/{event.repository}", told.token)
    event, git = _with_base(environ, event, remote)
    known = _Run(told, event, git, remote, client, human_review.Decision())
    known = _reviewed(known)
    with _own_config(known) as config:
        runs: list[ScannerRun] = []
        report = review.run(
            _request(known, config), dict(environ), unmasked=runs.extend
        )
    if told.command.words:
        said = remarks.remarks(told.command, git, event, runs, environ)
        known = replace(known, remarks=remarks.shown(said))
    return _tell(known, report, environ, say)


def _client(
    environ: MutableMapping[str, str], told: ActionInputs
) -> ForgeClient | None:
    if not told.token:
        return None
    return ForgeClient.of(environ.get("GITHUB_API_URL", ""), told.token)


def _with_base(
    environ: MutableMapping[str, str], event: Event, remote: fetch_history.Remote
) -> tuple[Event, Git]:
    """Return the event with its base, and git with the history between both ends."""
    folder = Path.cwd()
    if not event.base:
        if not event.default_branch:
            raise events.EventError(
                "the event does not say which branch is the default one"
            )
        event = replace(
            event, base=fetch_history.tip(folder, environ, event.default_branch, remote)
        )  # fmt: skip
    return event, fetch_history.complete(
        folder, environ, event.base, event.head, remote
    )


def _reviewed(known: _Run) -> _Run:
    """Ask who has approved; an answer that is needed and does not come is an error."""
    event, told = known.event, known.settings
    needed = told.approval != "false" and event.kind in {"pull", "queue"}
    if event.kind not in {"pull", "queue"} or not event.number:
        if needed:
            raise UsageError("require-human-approval: the event names no pull request")
        return known
    if known.client is None:
        if needed:
            raise UsageError(
                "require-human-approval needs the input token, to read the reviews"
            )
        return replace(known, note="without a token reviews could not be read")
    try:
        return replace(known, decision=_decision(known, known.client))
    except ApiError as error:
        if needed:
            raise
        return replace(known, note=f"reviews could not be read: {error}")


def _decision(known: _Run, client: ForgeClient) -> Decision:
    """Return what the reviews of the pull request come to; raises ApiError."""
    event, git = known.event, known.git
    if (
        event.kind == "queue"
    ):  # its commit is the queue's own: the reviews are of the branch
        answer = client.get(f"/repos/{quote(event.repository)}/pulls/{event.number}")
        event = events.of_pull(
            answer if isinstance(answer, dict) else {}, event.repository
        )
    since = "" if history.is_nothing(git, known.event.base) else known.event.base
    lines = codeowners.read(lambda path: read_file(git, since, path))
    paths = _paths(git, known.event)
    named = {owner for path in paths for owner in lines.of(path)}
    facts = human_review.gather(client, event, named)
    marks = authorship.marks_of(rulebook.load("gate")[authorship.RULE], {}, ())
    decision = human_review.decide(facts, paths, lines, marks)
    if (
        decision.owner
        and event.head != known.event.head
        and not _same(known, event.head, paths)
    ):
        # What the queue made of it was never looked at: its findings stay open.
        return replace(decision, owner="")
    return decision


def _same(known: _Run, reviewed: str, paths: list[bytes]) -> bool:
    """Whether the touched files are in the queue's commit as they were reviewed."""
    git = known.git
    known.remote.bring(git, reviewed)
    words = ["diff-tree", "-r", "-z", "--name-only", "--no-renames"]
    other = git.run([*words, reviewed, known.event.head, "--"]).split(b"\0")
    return not set(other).intersection(paths)


def _paths(git: Git, event: Event) -> list[bytes]:
    """Return both names of every file that the change touches."""
    start = git.empty_tree
    if not history.is_nothing(git, event.base):
        start = history.merge_base(git, event.base, event.head)
    words = [
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--no-renames",
        start,
        event.head,
        "--",
    ]
    return [path for path in git.run(words).split(b"\0") if path]


class _own_config:  # noqa: N801 - used as a context manager, like a function
    """The input ``config`` as a file: the base's text, never the change's."""

    def __init__(self, known: _Run) -> None:
        self._known = known
        self._path = ""

    def __enter__(self) -> str:
        name, git = self._known.settings.config, self._known.git
        if not name:
            return ""
        path = os.fsencode(os.path.normpath(name))
        base = self._known.event.base
        data = None if history.is_nothing(git, base) else read_file(git, base, path)
        if data is None:
            raise UsageError(
                f"config names {name!a}, which is no file of the base {base[:12]}"
            )
        # The name says how it is read: a pyproject.toml has a table of its own.
        self._path = tempfile.mkdtemp(prefix="zt-gate-")
        target = os.path.join(self._path, os.path.basename(name))
        write(target, data)
        return target

    def __exit__(self, *_: object) -> None:
        import shutil

        if self._path:
            shutil.rmtree(self._path, ignore_errors=True)


def _request(known: _Run, config: str) -> review.Request:
    event, told = known.event, known.settings
    nothing = history.is_nothing(known.git, event.base)
    whole = event.kind == "manual" and event.base == event.head
    rev = event.head if whole else event.base
    return review.Request(
        kind="tree" if whole else "range",
        spec="" if whole else f"{event.base}...{event.head}",
        folder=known.git.root,
        profile=told.profile,
        fail_on=told.fail_on,
        task=told.task,
        config=config,
        policy_rev="" if config or nothing else rev,
        accept=told.accept,
        offline=told.offline,
        told=event.told,
        ai_labels=told.labels,
        approver=known.decision.owner,
        unreviewed=known.decision.missing if told.approval != "false" else "",
        review_all=told.approval == "always",
    )


def _tell(
    known: _Run,
    report: Report,
    environ: MutableMapping[str, str],
    say: Callable[[bytes], None],
) -> int:
    """Publish the report everywhere; what cannot be published is an error that the rest tells."""
    event, told = known.event, known.settings
    people, note = known.decision.people, known.note
    failed: list[str] = []
    if told.sarif:
        note, told_sarif = _sarif(known, report, environ, note)
        failed += told_sarif
    if told.comment and event.kind == "pull":
        if not event.may_write or known.client is None:
            note = _joined(
                note, "no comment: this job's token may not write to the pull request"
            )
        else:
            text = pull_request_page.comment(
                report.with_errors(failed),
                pull_request_page.PageContext(people, note, known.remarks),
            )
            failed += publish.comment(known.client, event, text)
    report = report.with_errors(failed)
    paths = {}
    for output, name, kind in FILES:
        target = os.path.join(told.folder, name)
        paths[output] = target
        write(target, reports.render(kind, report))
    summary = pull_request_page.step_summary(
        report, pull_request_page.PageContext(people, note, known.remarks)
    )
    paths["markdown"] = os.path.join(told.folder, "zt-gate.md")
    write(paths["markdown"], summary)
    publish.summary(environ, summary)
    publish.outputs(environ, {**publish.counts(report), **paths})
    say(reports.render("github", report))
    return report.verdict.exit_code


def _sarif(
    known: _Run, report: Report, environ: MutableMapping[str, str], note: str
) -> tuple[str, list[str]]:
    event = known.event
    if event.outside and not event.may_write:
        return _joined(note, "no upload for code scanning: the head lies in a fork"), []
    if event.kind == "queue":
        return note, []
    if known.client is None:
        return note, ["sarif: true needs the input token"]
    ref = event.ref or environ.get("GITHUB_REF", "")
    return note, publish.sarif(
        known.client, event, ref, reports.render("sarif", report)
    )


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def forget(environ: MutableMapping[str, str]) -> None:
    """Remove reports of an earlier step, so that nobody takes them for this one's."""
    temp = environ.get("RUNNER_TEMP", "")
    for name in (*(name for _, name, _ in FILES), "zt-gate.md"):
        with suppress(OSError):
            os.unlink(os.path.join(temp, name))


__all__ = ["GateError", "forget", "run"]
