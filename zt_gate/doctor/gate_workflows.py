"""Workflows that run the gate: found at the trusted commit, and held against what disarms them.

A job is judged as it stands; what a runner would make of expressions is not
worked out: a condition that can be false counts as one that is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.doctor.repository_files import UnreadableError, yaml_table
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

_ACTION = re.compile(r"[\w.-]+/zt-gate(?:/[\w./-]+)?@[^\s]+", re.IGNORECASE)
_CALL = re.compile(
    r"\bzt-gate\s+(?:scan|ci|hook)\b|\bzt_gate\s+(?:scan|ci|hook)\b"
    r"|pre-commit\s+run\b.{0,200}\bzt-gate\b"
)
_MODULE = re.compile(r"-m\s*zt_gate\b")
_ISOLATED = re.compile(r"python[\w.\"/}-]{0,80}\s+-I\s+-m\s*zt_gate\b")
_HEAD = re.compile(r"(?i)\bhead\b|head_ref|head_sha|refs/pull/|merge_commit_sha")
_BASE = re.compile(
    r"(?i)\bbase\b[.\w]{0,40}sha|\bbase_ref\b|github\.event\.repository\.default_branch"
)
_SHA = re.compile(r"[0-9a-f]{40}")
#: What makes a failure count as passed behind an operator.
_SUCCEEDS = {"||": ("true", ":", "exit 0", "echo"), ";": ("true", ":", "exit 0")}
_ERRORS_OFF = re.compile(r"set (?:\S+ )*\+[a-z]*e")
_ALWAYS = frozenset({"always()", "!cancelled()", "success() || failure()", "true"})
_PLAIN = re.compile(r"[A-Za-z0-9][\w-]*/[\w.-]+(?=/|\Z)", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9][\w./-]*", re.ASCII)
#: What the gate itself may write with: alerts, checks and its one comment.
_MAY_WRITE = frozenset({"security-events", "checks", "statuses", "pull-requests"})
#: More than any project has: what is beyond is not looked at, and that is said.
_MOST_FILES, _MOST_JOBS, _MOST_STEPS = 300, 200, 300
_NEEDED_TYPES = frozenset({"opened", "synchronize", "reopened"})


@dataclass(frozen=True, slots=True)
class WorkflowFault:
    """What is wrong with a job: which check it belongs to, and what mends it."""

    check: str
    says: str
    mend: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job that runs the gate.

    ``context`` is the name under which its check appears, "" where that
    depends on expressions.
    """

    path: bytes
    name: str
    context: str
    faults: tuple[WorkflowFault, ...]


#: The checks that a job can fail, in the order in which they are told.
CHECKS = ("triggers", "not controlled", "unconditional", "permissions", "pinned")


def jobs_in(
    paths: Sequence[bytes], read: Callable[[bytes], bytes | None]
) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    """Return the jobs that run the gate, and why which workflow could not be read."""
    found: list[Job] = []
    failed: list[str] = []
    named = [path for path in paths if is_workflow(path)]
    if len(named) > _MOST_FILES:
        failed.append(f"of {len(named)} workflows {_MOST_FILES} were looked at")
    for path in named[:_MOST_FILES]:
        shown = path.decode("utf-8", "backslashreplace")
        data = read(path)
        try:
            workflow = Workflow(yaml_table(data or b"", shown))
            _check_size(workflow, shown)
        except UnreadableError as error:
            failed.append(str(error))
            continue
        found += _jobs(path, workflow, read)
    return tuple(found), tuple(failed)


def _check_size(workflow: Workflow, shown: str) -> None:
    """Raise UnreadableError for more than can be looked at; aliases make much of few bytes."""
    jobs = workflow.jobs()
    listed = [job.table.get("steps") for job in jobs[:_MOST_JOBS]]
    longest = max(
        (len(steps) for steps in listed if isinstance(steps, list)), default=0
    )
    if len(jobs) > _MOST_JOBS or longest > _MOST_STEPS:
        raise UnreadableError(f"{shown}: more jobs or steps than can be looked at")


def _jobs(
    path: bytes, workflow: Workflow, read: Callable[[bytes], bytes | None]
) -> Iterator[Job]:
    for job in workflow.jobs():
        steps = list(job.steps())
        runs = [number for number in range(len(steps)) if _is_gate(steps, number, read)]
        if not runs:
            continue
        shown = str(job.table.get("name") or job.name)
        computed = "${{" in shown or "strategy" in job.table or "uses" in job.table
        faults = [
            *_triggers(workflow),
            *_permissions(workflow, job),
            *_conditions(job.table, "the job"),
        ]
        for number in runs:
            faults += _conditions(steps[number].table, "the step")
            faults += _script(steps[number])
            faults += _controlled(workflow, steps, number)
        faults += _unpinned(steps)
        yield Job(
            path, job.name, "" if computed else shown, tuple(dict.fromkeys(faults))
        )


def _is_gate(
    steps: Sequence[Step], number: int, read: Callable[[bytes], bytes | None]
) -> bool:
    step = steps[number]
    if _ACTION.fullmatch(step.uses):
        return True
    if ActionReference.of(step.uses).is_local:
        checkout = _checkout_of(steps[:number], step.uses)
        return _is_action(_inside(step.uses, checkout), read)
    return bool(_CALL.search(step.run))


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
    """Return the inputs of the checkout that a local action comes from, {} for the default one."""
    best: Mapping[str, Any] = {}
    for step in before:
        if "actions/checkout" not in step.uses:
            continue
        place = text_of(step.inputs.get("path")).strip("/").removeprefix("./")
        if not place or f"{uses[2:]}/".startswith(f"{place}/"):
            best = step.inputs
    return best


def _inside(uses: str, checkout: Mapping[str, Any]) -> str:
    """Return where a local action is in the repository that was checked out."""
    place = text_of(checkout.get("path")).strip("/").removeprefix("./")
    inner = f"{uses[2:].strip('/')}/"
    return inner.removeprefix(f"{place}/").strip("/") if place else inner.strip("/")


def _triggers(workflow: Workflow) -> Iterator[WorkflowFault]:
    on = workflow.triggers()
    asked = on.keys() & {"pull_request", "pull_request_target"}
    if not asked:
        yield WorkflowFault(
            "triggers", "it does not run on pull requests", "add to on: pull_request:"
        )
    for name in sorted(asked):
        given = on[name]
        for key in ("paths", "paths-ignore"):
            if key in given:
                says = f"{key} under {name} leaves pull requests without a verdict"
                yield WorkflowFault(
                    "triggers", says, f"take {key} out; the gate looks at all files"
                )
        types = given.get("types")
        told = set(map(str, types)) if isinstance(types, list) else {str(types)}
        if types is not None and not told >= _NEEDED_TYPES:
            says = f"types under {name} leaves out {', '.join(sorted(_NEEDED_TYPES - told))}"
            mend = "types: [opened, synchronize, reopened, labeled, unlabeled]"
            yield WorkflowFault("triggers", says, mend)


def _permissions(workflow: Workflow, job: WorkflowJob) -> Iterator[WorkflowFault]:
    given = job.table.get("permissions", workflow.root.get("permissions"))
    mend = "permissions: { contents: read }"
    if given is None:
        says = "it says no permissions, so the token has what the repository's default gives"
        yield WorkflowFault("permissions", says, mend)
    elif isinstance(given, str) and given != "read-all":
        yield WorkflowFault("permissions", f"the token has {given}", mend)
    for name, value in table_of(given).items():
        if value == "write" and name not in _MAY_WRITE:
            yield WorkflowFault("permissions", f"the token may write: {name}", mend)


def _conditions(part: Mapping[str, Any], what: str) -> Iterator[WorkflowFault]:
    condition = part.get("if")
    if condition is not None:
        said = (
            str(condition).lower()
            if isinstance(condition, bool)
            else text_of(condition)
        )
        bare = said.strip().removeprefix("${{").removesuffix("}}").strip()
        if bare not in _ALWAYS:
            says = f"{what} has the condition {bare[:80]}, and what is skipped counts as passed"
            yield WorkflowFault("unconditional", says, "take the if: out")
    if part.get("continue-on-error") not in {None, False}:
        says = f"{what} has continue-on-error, so a failure counts as passed"
        yield WorkflowFault("unconditional", says, "take continue-on-error out")
    if (
        what == "the job"
        and part.get("needs")
        and "always()" not in text_of(part.get("if"))
    ):
        says = "the job needs another one; where that fails it is skipped, which counts as passed"
        yield WorkflowFault("unconditional", says, "take needs: out")
    if text_of(table_of(part.get("with")).get("profile")) == "advisory":
        says = f"{what} asks for the profile advisory, in which nothing blocks"
        yield WorkflowFault("unconditional", says, "take profile: advisory out")


def _script(step: Step) -> Iterator[WorkflowFault]:
    """Judge the shell around a call of the gate."""
    found = shell.with_nested(step.run[: 64 * 1024])
    text = "\n".join(command.text for command in found)
    swallowed = _swallowed(found)
    if swallowed:
        says = f"the script loses the verdict: {swallowed[:80]}"
        yield WorkflowFault(
            "unconditional", says, "let the exit code of zt-gate end the step"
        )
    piped = any(
        _CALL.search(command.text) and command.operator == "|" for command in found
    )
    if piped and "pipefail" not in text and text_of(step.table.get("shell")) != "bash":
        says = "the script pipes the gate's output, and the pipe's end decides"
        yield WorkflowFault(
            "unconditional", says, "set -o pipefail, or use --output FORMAT=FILE"
        )
    if _MODULE.search(text) and not _ISOLATED.search(text):
        says = "python -m zt_gate without -I imports from the pull request's folder"
        yield WorkflowFault("not controlled", says, "python -I -m zt_gate")


def _swallowed(found: Sequence[shell.SimpleCommand]) -> str:
    """Return what makes a failure of a script count as passed, "" where nothing does."""
    for command in found:
        if _ERRORS_OFF.match(command.text):
            return command.text
    for command, then in shell.consecutive_commands(found):
        for ending in _SUCCEEDS.get(command.operator, ()):
            if f"{then.program}{then.text[len(then.words[0].text) :]} ".startswith(
                f"{ending} "
            ):
                return f"{command.operator} {then.text}"
    return ""


def _controlled(
    workflow: Workflow, steps: Sequence[Step], number: int
) -> Iterator[WorkflowFault]:
    """Judge whether the pull request's own code decides what runs."""
    uses = steps[number].uses
    if ActionReference.of(uses).is_local:
        given = _checkout_of(steps[:number], uses)
        ref, repository = text_of(given.get("ref")), text_of(given.get("repository"))
        of_base = _BASE.search(ref) or _SHA.fullmatch(ref)
        if _HEAD.search(f"{ref} {repository}") or not of_base:
            says = f"uses: {uses} comes from the checkout of the pull request, which can rewrite it"
            mend = "check out github.event.pull_request.base.sha into a folder, and use that"
            yield WorkflowFault("not controlled", says, mend)
    if "pull_request_target" not in workflow.triggers():
        return
    for step in steps:
        named = (text_of(step.inputs.get(key)) for key in ("ref", "repository"))
        source = " ".join(named)
        if "actions/checkout" in step.uses and _HEAD.search(source):
            says = (
                "under pull_request_target it checks out the pull request's own files"
            )
            yield WorkflowFault(
                "not controlled", says, "use pull_request, or check out the base"
            )


def _unpinned(steps: Sequence[Step]) -> Iterator[WorkflowFault]:
    for step in steps:
        action = ActionReference.of(step.uses)
        if step.uses and not action.is_local and not action.is_pinned:
            says = f"uses {step.uses[:100]}: its owner can point {action.ref[:40] or 'it'} at"
            mend = "write the commit's id behind the @"
            # Only what a shell takes for plain words: people paste what is printed here.
            plain = _PLAIN.match(action.name)
            if plain and _REF.fullmatch(action.ref):
                mend += f"; it says: git ls-remote https://github.com/{plain[0]} {action.ref}"
            yield WorkflowFault("pinned", f"{says} other code", mend)
