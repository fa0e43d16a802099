"""Decides which inputs of the running job count: those of the base, or stricter ones.

On ``pull_request``, ``merge_group`` and ``push`` GitHub takes the workflow from the
change.  So the base's version of the job is read from git, and the change may only
tighten its inputs.  Where the workflow comes from the trusted side (``workflow_run``,
``pull_request_target``, a dispatch on the default branch, a workflow that a ruleset
takes from another repository), the inputs count as they stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.git.errors import GitError
from zt_gate.git.trusted_files import list_folder, read_file
from zt_gate.record import dataclass
from zt_gate.syntax import gate_inputs, gate_jobs, workflows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.forge.github_event import Event
    from zt_gate.git.run import Git
    from zt_gate.syntax.gate_jobs import GateJob, JobChange

#: Events whose workflow GitHub takes from the default branch or from the base.
_TRUSTED_EVENTS = frozenset(("pull_request_target", "workflow_run", "schedule"))
_OID = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
#: An approval is a commit id, or a variable that no change can write.
#: Text without expressions but those of variables, which a change cannot set.
_VARIABLES = lazy_re.compile(
    r"(?:[^$]|\$(?!\{\{)|\$\{\{\s{0,9}(?:vars|secrets)\.\w{1,200}\s{0,9}\}\})*"
)
_APPROVED_HEAD = lazy_re.compile(
    r"\$\{\{\s{0,9}vars\.\w{1,200}\s{0,9}\}\}|[0-9a-f]{40,64}"
)
_CHANGED_PATHS = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")


@dataclass(frozen=True, slots=True)
class CountingInputs:
    """The inputs that count, by name, and why others do not.

    ``is_base_job``: the job that runs is exactly the base's.
    """

    values: Mapping[str, str]
    notes: tuple[str, ...] = ()
    is_base_job: bool = False


def counting_inputs(
    git: Git, event: Event, environ: Mapping[str, str], given: Mapping[str, str]
) -> CountingInputs:
    """Return the inputs that count for this run; raises GitError.

    ``given`` are the inputs of the running job, "" where one is missing.
    """
    if comes_from_trusted_side(event, environ):
        return CountingInputs(given, is_base_job=True)
    ran = _ran_commit(git, event, environ)
    place = running_place(environ)
    base_side, ran_side = _side(git, event.base, place), _side(git, ran, place)
    changes = gate_jobs.compare(
        base_side, ran_side, _changed_paths(git, event.base, ran)
    )
    running = _running_job(ran_side, place)
    on_base = _running_job(base_side, place)
    # What a job is given by expressions is known only if nothing else of it differs,
    # and if the base has the job, in this workflow.
    is_known = (
        on_base is not None
        and _is_base_job(changes, running)
        and base_side.calls(place[0]) == ran_side.calls(place[0])
    )
    candidates = _base_inputs(base_side.jobs(), changes, running, on_base)
    if not candidates:
        return _by_defaults(given)
    ran_texts = _ran_texts(running, ran_side.jobs())
    if not is_known:
        return _by_all(candidates, given)
    bounded = [_bounded(base, given, ran_texts) for base in candidates]
    # A base with several jobs of the gate allows what one of them has.
    best = min(bounded, key=lambda item: len(item[1]))
    equal = all(change.is_equal for change in changes if change.old)
    return CountingInputs(best[0], tuple(best[1]), is_base_job=equal)


def comes_from_trusted_side(event: Event, environ: Mapping[str, str]) -> bool:
    """Return whether the change cannot have written the workflow that runs."""
    if environ.get("GITHUB_EVENT_NAME", "") in _TRUSTED_EVENTS:
        return True
    repository, _ = _workflow_file(environ)
    if repository and repository.lower() != event.repository.lower():
        return True
    is_dispatch = event.kind in {"manual", "approval"}
    return is_dispatch and event.ref == f"refs/heads/{event.default_branch}"


def running_place(environ: Mapping[str, str]) -> tuple[bytes, str]:
    """Return the path of the workflow that runs and the name of the job, as GitHub says."""
    return _workflow_file(environ)[1], environ.get("GITHUB_JOB", "")


def _by_all(
    candidates: Sequence[Mapping[str, str]], given: Mapping[str, str]
) -> CountingInputs:
    """Return the inputs that are at least as strict as all that the base has."""
    values = given
    notes: dict[str, None] = {}
    for base in candidates:
        values, lost = _bounded(base, values, None)
        notes |= dict.fromkeys(lost)
    return CountingInputs(values, tuple(notes))


def _by_defaults(given: Mapping[str, str]) -> CountingInputs:
    """Return the inputs where the base has no job of the gate: defaults, or stricter."""
    values, lost = _bounded({}, given, None)
    note = (
        "the base has no job that runs zt-gate: inputs count only where they are "
        "stricter than the defaults"
    )
    return CountingInputs(values, (note, *lost) if lost else ())


def _bounded(
    base: Mapping[str, str],
    given: Mapping[str, str],
    ran_texts: Sequence[Mapping[str, str]] | None,
) -> tuple[dict[str, str], list[str]]:
    """Return the inputs that count beside one version of the base's, and what does not.

    ``ran_texts`` are the inputs as they are written in the workflow that runs, None if
    something else of its job differs from the base's.
    """
    values: dict[str, str] = {}
    notes = []
    for name, value in given.items():
        allowed = base.get(name, "")
        if name == "approved-head" and not _APPROVED_HEAD.fullmatch(allowed):
            allowed = ""
        if name == "accept" and not _VARIABLES.fullmatch(allowed):
            # The author of the change can also write its title and comments.
            allowed = ""
        if gate_inputs.has_expression(allowed):
            if any(text.get(name, "") == allowed for text in ran_texts or ()):
                values[name] = value
                continue
            # Nobody can say what the base's expression means in a changed job.
            allowed = gate_inputs.STRICTEST.get(name, "")
        counting = gate_inputs.strictest(name, allowed, value)
        values[name] = counting
        if gate_inputs.normal(name, counting) != gate_inputs.normal(name, value):
            notes.append(f"the input {name} counts as the base's workflow has it")
    return values, notes


def _running_job(
    side: gate_jobs.WorkflowSide, place: tuple[bytes, str]
) -> GateJob | None:
    """Return the job that runs, None if it cannot be told."""
    path, name = place
    if not path or side.content(path) is None:
        return None
    jobs = [job for job in side.jobs() if not job.is_action]
    here = [job for job in jobs if job.path == path]
    found = [job for job in here if job.name == name]
    if not found:
        # In a reusable workflow, GitHub names the caller's file and the called one's job.
        found = [
            job
            for job in jobs
            if job.name == name and any(one.uses_file(job.path) for one in here)
        ]
    # A workflow of another repository has jobs that nobody here can list.
    found = found or here
    return found[0] if len(found) == 1 else None


def _is_base_job(changes: Sequence[JobChange], running: GateJob | None) -> bool:
    """Return whether the running job has a version on the base, and nothing is loosened."""
    if any(change.loosening for change in changes if change.old):
        return False
    # A new job may have the name of the base's, in a workflow that it calls.
    return running is not None and all(change.old for change in changes)


def _base_inputs(
    jobs: Sequence[GateJob],
    changes: Sequence[JobChange],
    running: GateJob | None,
    on_base: GateJob | None,
) -> list[Mapping[str, str]]:
    """Return the inputs of the base's version of the job, else of all its gate jobs."""
    same = [change.old for change in changes if change.new == running and change.old]
    if running is None or not same:
        same = [on_base] if on_base is not None else []
    # A job that calls a local action has the inputs in the action's file.
    found = [inputs for job in same for inputs in job.inputs]
    if found:
        return found
    found = [inputs for job in jobs for inputs in job.inputs]
    return found or [{} for _ in jobs[:1]]


def _ran_texts(
    running: GateJob | None, jobs: Iterable[GateJob]
) -> Sequence[Mapping[str, str]]:
    """Return the inputs as they are written in the job, or in the actions that it calls."""
    if running is not None and running.inputs:
        return running.inputs
    return [inputs for job in jobs for inputs in job.inputs]


def _workflow_file(environ: Mapping[str, str]) -> tuple[str, bytes]:
    """Return repository and path of the workflow that runs; empty if unknown."""
    name = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]
    owner, _, rest = name.partition("/")
    repository, _, path = rest.partition("/")
    if not path:
        return "", b""
    return f"{owner}/{repository}", path.encode("utf-8", "surrogateescape")


def _ran_commit(git: Git, event: Event, environ: Mapping[str, str]) -> str:
    """Return the commit whose workflow runs; the head where that commit is not here."""
    oid = environ.get("GITHUB_WORKFLOW_SHA", "")
    if not _OID.fullmatch(oid):
        return event.head
    try:
        git.run(["cat-file", "-e", f"{oid}^{{commit}}"])
    except GitError:
        return event.head
    return oid


def _side(git: Git, commit: str, place: tuple[bytes, str]) -> gate_jobs.WorkflowSide:
    from zt_gate.git import history
    from zt_gate.git.blobs import BlobStore

    if history.is_null_revision(git, commit):
        return gate_jobs.WorkflowSide((), lambda _path: None)
    store = BlobStore(git)

    def read(path: bytes) -> bytes | None:
        try:
            return read_file(git, commit, path, store)
        except GitError:
            if workflows.is_workflow(path) or gate_jobs.is_action_file(path):
                raise
            return None  # a link or a folder: no file that a job could start

    paths = list_folder(git, commit, workflows.FOLDER, store)
    return gate_jobs.WorkflowSide(paths, read, place)


def _changed_paths(git: Git, base: str, head: str) -> list[bytes]:
    from zt_gate.git import history

    start = git.empty_tree if history.is_null_revision(git, base) else base
    output = git.run([*_CHANGED_PATHS, start, head, "--"])
    return [path for path in output.split(b"\0") if path]
