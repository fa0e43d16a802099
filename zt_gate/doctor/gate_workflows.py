"""Finds the workflow jobs that run zt-gate, and what makes them ineffective.

Expressions are not evaluated: a condition that can be false is a fault.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.doctor.repository_files import UnreadableError, yaml_table
from zt_gate.record import dataclass
from zt_gate.syntax import shell
from zt_gate.syntax.workflows import (
    ActionReference,
    Step,
    Workflow,
    WorkflowJob,
    is_workflow,
    table_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_GATE_ACTION = lazy_re.compile(r"[\w.-]+/zt-gate(?:/[\w./-]+)?@[^\s]+", re.IGNORECASE)
_GATE_COMMAND = lazy_re.compile(
    r"\bzt-gate\s+(?:scan|ci|hook)\b|\bzt_gate\s+(?:scan|ci|hook)\b"
    r"|pre-commit\s+run\b.{0,200}\bzt-gate\b"
)
_PYTHON_MODULE = lazy_re.compile(r"-m\s*zt_gate\b")
_ISOLATED_PYTHON = lazy_re.compile(r"python[\w.\"/}-]{0,80}\s+-I\s+-m\s*zt_gate\b")
_HEAD_REF = lazy_re.compile(
    r"(?i)\bhead\b|head_ref|head_sha|refs/pull/|merge_commit_sha"
)
_BASE_REF = lazy_re.compile(
    r"(?i)\bbase\b[.\w]{0,40}sha|\bbase_ref\b|github\.event\.repository\.default_branch"
)
_SHA = lazy_re.compile(r"[0-9a-f]{40}")
#: Operator → commands that succeed and, after it, hide the failure of another.
_SUCCEEDS = {"||": ("true", ":", "exit 0", "echo"), ";": ("true", ":", "exit 0")}
_ERREXIT_OFF = lazy_re.compile(r"set (?:\S+ )*\+[a-z]*e")
_ALWAYS_TRUE = frozenset({"always()", "!cancelled()", "success() || failure()", "true"})
_ACTION_REPOSITORY = lazy_re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+(?=/|\Z)", re.ASCII)
_ACTION_REF = lazy_re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)
#: Permissions that zt-gate needs: for alerts, checks and its comment.
_ALLOWED_WRITE = frozenset({"security-events", "checks", "statuses", "pull-requests"})
#: Limits that no real project reaches; a workflow beyond them is an error.
_MAX_FILES = 300
_MAX_JOBS = 200
_MAX_STEPS = 300
#: Event types of pull requests that change what is scanned.
_NEEDED_TYPES = frozenset({"opened", "synchronize", "reopened"})


@dataclass(frozen=True, slots=True)
class WorkflowFault:
    """A fault of a job, the check that it belongs to, and its fix."""

    check: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs zt-gate.

    ``context`` is the name of its status check, "" if that depends on
    expressions.  ``workflow`` is the name of its workflow, ``triggers`` are the events
    that start it, ``after`` the workflows whose end does.  ``status`` is the name of the
    status that it publishes, "" for none.
    """

    path: bytes
    name: str
    context: str
    faults: tuple[WorkflowFault, ...]
    workflow: str = ""
    triggers: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    status: str = ""

    @property
    def is_after(self) -> bool:
        """Whether it runs on the default branch, after another workflow."""
        return "workflow_run" in self.triggers


#: The checks of a job, in the order of the output.
CHECKS = ("triggers", "not controlled", "unconditional", "permissions", "pinned")


def jobs_in(
    paths: Sequence[bytes], read: Callable[[bytes], bytes | None]
) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    """Return the jobs that run zt-gate, and an error for each unreadable workflow."""
    jobs: list[Job] = []
    errors: list[str] = []
    workflow_paths = [path for path in paths if is_workflow(path)]
    if len(workflow_paths) > _MAX_FILES:
        errors.append(
            f"{len(workflow_paths)} workflows: only {_MAX_FILES} of them were read"
        )
    for path in workflow_paths[:_MAX_FILES]:
        name = path.decode("utf-8", "backslashreplace")
        data = read(path)
        try:
            workflow = Workflow(yaml_table(data or b"", name))
            _check_size(workflow, name)
        except UnreadableError as error:
            errors.append(str(error))
            continue
        jobs += _jobs(path, workflow, read)
    return tuple(jobs), tuple(errors)


def _check_size(workflow: Workflow, name: str) -> None:
    """Raise UnreadableError for too many jobs or steps: YAML aliases multiply few bytes."""
    jobs = workflow.jobs()
    steps_of_jobs = [job.table.get("steps") for job in jobs[:_MAX_JOBS]]
    longest = max(
        (len(steps) for steps in steps_of_jobs if isinstance(steps, list)), default=0
    )
    if len(jobs) > _MAX_JOBS or longest > _MAX_STEPS:
        raise UnreadableError(
            f"{name}: more than {_MAX_JOBS} jobs, or {_MAX_STEPS} steps in a job"
        )


def _jobs(
    path: bytes, workflow: Workflow, read: Callable[[bytes], bytes | None]
) -> Iterator[Job]:
    for job in workflow.jobs():
        steps = list(job.steps())
        gate_steps = [
            number for number in range(len(steps)) if _is_gate(steps, number, read)
        ]
        if not gate_steps:
            continue
        triggers = workflow.triggers()
        # Where it is the end of another run that starts the job, its status counts and
        # not its check: a job that is skipped publishes none.
        is_after = "workflow_run" in triggers
        faults = [*_permissions(workflow, job)]
        if not is_after:
            faults += [*_triggers(workflow), *_conditions(job.table, "job")]
        for number in gate_steps:
            faults += _conditions(steps[number].table, "step")
            faults += _script(steps[number])
            faults += _controlled(workflow, steps, number)
        faults += _unpinned(steps)
        yield Job(
            path,
            job.name,
            _context(job),
            tuple(dict.fromkeys(faults)),
            workflow=text_of(workflow.root.get("name"))
            or path.decode("utf-8", "replace"),
            triggers=frozenset(triggers),
            after=_names(triggers.get("workflow_run", {}).get("workflows")),
            status=_status(job, [steps[number] for number in gate_steps]),
        )


def _names(value: Any) -> frozenset[str]:
    items = value if isinstance(value, list) else [value]
    return frozenset(item for item in items if isinstance(item, str))


def _status(job: WorkflowJob, gate_steps: Sequence[Step]) -> str:
    """Return the name of the status that the job publishes, "" for none."""
    for step in gate_steps:
        variables = {**job.env, **step.env}
        name = text_of(step.inputs.get("status") or variables.get("ZT_STATUS"))
        if name:
            return name
    return ""


def _context(job: WorkflowJob) -> str:
    """Return the name of the job's status check, "" if it depends on expressions."""
    name = str(job.table.get("name") or job.name)
    if "${{" in name or "strategy" in job.table or "uses" in job.table:
        return ""
    return name


def _is_gate(
    steps: Sequence[Step], number: int, read: Callable[[bytes], bytes | None]
) -> bool:
    step = steps[number]
    if _GATE_ACTION.fullmatch(step.uses):
        return True
    if ActionReference.of(step.uses).is_local:
        checkout = _checkout_of(steps[:number], step.uses)
        return _is_action(_path_in_checkout(step.uses, checkout), read)
    return bool(_GATE_COMMAND.search(step.run))


def _is_action(folder: str, read: Callable[[bytes], bytes | None]) -> bool:
    for name in ("action.yml", "action.yaml"):
        data = read(f"{folder}/{name}".lstrip("/").encode("utf-8", "surrogateescape"))
        if data is None:
            continue
        try:
            return str(yaml_table(data, name).get("name", "")).lower() == "zt-gate"
        except UnreadableError:
            return False
    return False


def _checkout_of(before: Sequence[Step], uses: str) -> Mapping[str, Any]:
    """Return the inputs of the checkout that a local action comes from, {} for the default."""
    inputs: Mapping[str, Any] = {}
    for step in before:
        if "actions/checkout" not in step.uses:
            continue
        folder = _checkout_folder(step.inputs)
        if not folder or f"{uses[2:]}/".startswith(f"{folder}/"):
            inputs = step.inputs
    return inputs


def _checkout_folder(inputs: Mapping[str, Any]) -> str:
    """Return the folder of a checkout, "" for the workspace itself."""
    return text_of(inputs.get("path")).strip("/").removeprefix("./")


def _path_in_checkout(uses: str, inputs: Mapping[str, Any]) -> str:
    """Return the path of a local action in the repository that was checked out."""
    folder = _checkout_folder(inputs)
    path = f"{uses[2:].strip('/')}/"
    if folder:
        path = path.removeprefix(f"{folder}/")
    return path.strip("/")


def _triggers(workflow: Workflow) -> Iterator[WorkflowFault]:
    triggers = workflow.triggers()
    events = triggers.keys() & {"pull_request", "pull_request_target"}
    if not events:
        message = "the workflow does not run on pull requests"
        yield WorkflowFault("triggers", message, "add pull_request: to on:")
    for event in sorted(events):
        settings = triggers[event]
        for key in ("paths", "paths-ignore"):
            if key in settings:
                message = f"{key} under {event} excludes some pull requests"
                fix = f"remove {key}; zt-gate scans all files"
                yield WorkflowFault("triggers", message, fix)
        types = settings.get("types")
        if types is None:
            continue
        listed = set(map(str, types)) if isinstance(types, list) else {str(types)}
        missing = ", ".join(sorted(_NEEDED_TYPES - listed))
        if missing:
            message = f"types under {event} does not have {missing}"
            fix = "types: [opened, synchronize, reopened, labeled, unlabeled]"
            yield WorkflowFault("triggers", message, fix)


def _permissions(workflow: Workflow, job: WorkflowJob) -> Iterator[WorkflowFault]:
    permissions = job.table.get("permissions", workflow.root.get("permissions"))
    fix = "permissions: { contents: read }"
    if permissions is None:
        message = "no permissions are set, so the token has the repository's default"
        yield WorkflowFault("permissions", message, fix)
    elif isinstance(permissions, str) and permissions != "read-all":
        yield WorkflowFault("permissions", f"the token has {permissions}", fix)
    for name, access in table_of(permissions).items():
        if access == "write" and name not in _ALLOWED_WRITE:
            message = f"the token has write access: {name}"
            yield WorkflowFault("permissions", message, fix)


def _conditions(part: Mapping[str, Any], kind: str) -> Iterator[WorkflowFault]:
    """Yield what lets a job or a step count as passed without a verdict."""
    condition = _condition(part)
    if condition is not None and condition not in _ALWAYS_TRUE:
        message = (
            f"the {kind} has the condition {condition[:80]}, "
            f"and a skipped {kind} counts as passed"
        )
        yield WorkflowFault("unconditional", message, "remove if:")
    if part.get("continue-on-error") not in {None, False}:
        message = f"the {kind} has continue-on-error, so a failure counts as passed"
        yield WorkflowFault("unconditional", message, "remove continue-on-error")
    is_dependent = kind == "job" and part.get("needs")
    if is_dependent and "always()" not in text_of(part.get("if")):
        message = "if a job in needs: fails, this one is skipped and counts as passed"
        yield WorkflowFault("unconditional", message, "remove needs:")
    if text_of(table_of(part.get("with")).get("profile")) == "advisory":
        message = f"the {kind} sets the profile advisory, in which nothing blocks"
        yield WorkflowFault("unconditional", message, "remove profile: advisory")


def _condition(part: Mapping[str, Any]) -> str | None:
    """Return the expression of ``if:`` without its braces, None if there is no ``if:``."""
    condition = part.get("if")
    if condition is None:
        return None
    if isinstance(condition, bool):
        return str(condition).lower()
    text = text_of(condition).strip()
    return text.removeprefix("${{").removesuffix("}}").strip()


def _script(step: Step) -> Iterator[WorkflowFault]:
    """Yield what makes the shell script around zt-gate ignore its verdict."""
    commands = shell.with_nested(step.run[: 64 * 1024])
    text = "\n".join(command.text for command in commands)
    hidden_failure = _hidden_failure(commands)
    if hidden_failure:
        message = f"the script ignores the exit code of zt-gate: {hidden_failure[:80]}"
        fix = "let the step end with the exit code of zt-gate"
        yield WorkflowFault("unconditional", message, fix)
    is_piped = any(
        command.operator == "|" and _GATE_COMMAND.search(command.text)
        for command in commands
    )
    # GitHub runs "shell: bash" with pipefail.
    has_pipefail = "pipefail" in text or text_of(step.table.get("shell")) == "bash"
    if is_piped and not has_pipefail:
        message = "zt-gate is in a pipe, whose exit code is that of the last command"
        fix = "set -o pipefail, or use --output FORMAT=FILE"
        yield WorkflowFault("unconditional", message, fix)
    if _PYTHON_MODULE.search(text) and not _ISOLATED_PYTHON.search(text):
        message = "python -m zt_gate without -I imports from the pull request's folder"
        yield WorkflowFault("not controlled", message, "python -I -m zt_gate")


def _hidden_failure(commands: Sequence[shell.SimpleCommand]) -> str:
    """Return the text that makes a script pass although a command fails, "" if none."""
    for command in commands:
        if _ERREXIT_OFF.match(command.text):
            return command.text
    for command, following in shell.consecutive_commands(commands):
        arguments = following.text[len(following.words[0].text) :]
        program_call = f"{following.program}{arguments} "
        for success in _SUCCEEDS.get(command.operator, ()):
            if program_call.startswith(f"{success} "):
                return f"{command.operator} {following.text}"
    return ""


def _controlled(
    workflow: Workflow, steps: Sequence[Step], number: int
) -> Iterator[WorkflowFault]:
    """Yield what lets the pull request choose the code that runs."""
    uses = steps[number].uses
    if ActionReference.of(uses).is_local:
        inputs = _checkout_of(steps[:number], uses)
        ref = text_of(inputs.get("ref"))
        repository = text_of(inputs.get("repository"))
        is_head = _HEAD_REF.search(f"{ref} {repository}")
        is_base = _BASE_REF.search(ref) or _SHA.fullmatch(ref)
        if is_head or not is_base:
            message = (
                f"uses: {uses} comes from the checkout, so a pull request can change it"
            )
            fix = (
                "check out github.event.pull_request.base.sha into a folder, "
                "and use the action there"
            )
            yield WorkflowFault("not controlled", message, fix)
    events = workflow.triggers().keys() & {"pull_request_target", "workflow_run"}
    if not events:
        return
    event = min(events)
    for step in steps:
        refs = (text_of(step.inputs.get(key)) for key in ("ref", "repository"))
        if "actions/checkout" in step.uses and _HEAD_REF.search(" ".join(refs)):
            message = f"a {event} job checks out the pull request's files"
            fix = "check out the base, or use pull_request"
            yield WorkflowFault("not controlled", message, fix)


def _unpinned(steps: Sequence[Step]) -> Iterator[WorkflowFault]:
    for step in steps:
        action = ActionReference.of(step.uses)
        if not step.uses or action.is_local or action.is_pinned:
            continue
        ref = action.ref[:40] or "it"
        message = f"uses {step.uses[:100]}: its owner can move {ref} to other code"
        fix = "pin the action to a commit id"
        # People paste this command, and the repository chooses the words in it.
        repository = _ACTION_REPOSITORY.match(action.name)
        if repository and _ACTION_REF.fullmatch(action.ref):
            url = f"https://github.com/{repository[0]}"
            fix += f"; to get the id: git ls-remote {url} {action.ref}"
        yield WorkflowFault("pinned", message, fix)
