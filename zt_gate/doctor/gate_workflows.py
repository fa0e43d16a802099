"""Workflows that run the gate: found at the trusted commit, and held against what disarms them.

A job is judged as it stands; what a runner would make of expressions is not
worked out: a condition that can be false counts as one that is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.doctor.repository_files import UnreadableError, table, tables, yaml_table
from zt_gate.syntax import shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FOLDER = b".github/workflows/"
_ACTION = re.compile(r"[\w.-]+/zt-gate(?:/[\w./-]+)?@[^\s]+", re.IGNORECASE)
_CALL = re.compile(
    r"\bzt-gate\s+(?:scan|ci|hook)\b|\bzt_gate\s+(?:scan|ci|hook)\b"
    r"|pre-commit\s+run\b.{0,200}\bzt-gate\b"
)
_MODULE = re.compile(r"-m\s*zt_gate\b")
_ISOLATED = re.compile(r"python[\w.\"/}-]{0,80}\s+-I\s+-m\s*zt_gate\b")
_PINNED = re.compile(r"@[0-9a-f]{40}\Z|@sha256:[0-9a-f]{64}\Z")
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
class Fault:
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
    faults: tuple[Fault, ...]


#: The checks that a job can fail, in the order in which they are told.
CHECKS = ("triggers", "not controlled", "unconditional", "permissions", "pinned")


def jobs_in(
    paths: Sequence[bytes], read: Callable[[bytes], bytes | None]
) -> tuple[tuple[Job, ...], tuple[str, ...]]:
    """Return the jobs that run the gate, and why which workflow could not be read."""
    found: list[Job] = []
    failed: list[str] = []
    named = [p for p in paths if p.startswith(FOLDER) and p.endswith((b".yml", b".yaml"))]
    if len(named) > _MOST_FILES:
        failed.append(f"of {len(named)} workflows {_MOST_FILES} were looked at")
    for path in named[:_MOST_FILES]:
        shown = path.decode("utf-8", "backslashreplace")
        data = read(path)
        try:
            root = yaml_table(data or b"", shown)
            _check_size(root, shown)
        except UnreadableError as error:
            failed.append(str(error))
            continue
        found += _jobs(path, root, read)
    return tuple(found), tuple(failed)


def _check_size(root: dict[str, Any], shown: str) -> None:
    """Raise UnreadableError for more than can be looked at; aliases make much of few bytes."""
    jobs = table(root.get("jobs"))
    steps = [table(job).get("steps") for job in list(jobs.values())[:_MOST_JOBS]]
    longest = max((len(one) for one in steps if isinstance(one, list)), default=0)
    if len(jobs) > _MOST_JOBS or longest > _MOST_STEPS:
        raise UnreadableError(f"{shown}: more jobs or steps than can be looked at")


def _jobs(
    path: bytes, root: dict[str, Any], read: Callable[[bytes], bytes | None]
) -> Iterator[Job]:
    for name, value in table(root.get("jobs")).items():
        job = table(value)
        steps = tables(job.get("steps")) or ([job] if "uses" in job else [])
        runs = [number for number, step in enumerate(steps) if _is_gate(steps, number, read)]
        if not runs:
            continue
        shown = str(job.get("name") or name)
        context = "" if "${{" in shown or "strategy" in job or "uses" in job else shown
        faults = [*_triggers(root), *_permissions(root, job), *_conditions(job, "the job")]
        for number in runs:
            faults += _conditions(steps[number], "the step")
            faults += _script(steps[number])
            faults += _controlled(root, steps, number)
        faults += _unpinned(steps)
        yield Job(path, str(name), context, tuple(dict.fromkeys(faults)))


def _is_gate(
    steps: Sequence[dict[str, Any]], number: int, read: Callable[[bytes], bytes | None]
) -> bool:
    uses, run = _text(steps[number].get("uses")), _text(steps[number].get("run"))
    if _ACTION.fullmatch(uses):
        return True
    if uses.startswith("./"):
        checkout = _checkout_of(steps[:number], uses)
        inner = _inside(uses, checkout)
        return _is_action(inner, read)
    return bool(_CALL.search(run))


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


def _checkout_of(before: Sequence[dict[str, Any]], uses: str) -> dict[str, Any]:
    """Return the inputs of the checkout that a local action comes from, {} for the default one."""
    best: dict[str, Any] = {}
    for step in before:
        given = table(step.get("with"))
        if "actions/checkout" not in _text(step.get("uses")):
            continue
        place = _text(given.get("path")).strip("/").removeprefix("./")
        if not place or f"{uses[2:]}/".startswith(f"{place}/"):
            best = given
    return best


def _inside(uses: str, checkout: dict[str, Any]) -> str:
    """Return where a local action is in the repository that was checked out."""
    place = _text(checkout.get("path")).strip("/").removeprefix("./")
    inner = f"{uses[2:].strip('/')}/"
    return inner.removeprefix(f"{place}/").strip("/") if place else inner.strip("/")


def _triggers(root: dict[str, Any]) -> Iterator[Fault]:
    from zt_gate.scanners.agent_config import untrusted_input

    names = untrusted_input.triggers(root)
    on = table(root.get("on", root.get("true")))
    asked = names & {"pull_request", "pull_request_target"}
    if not asked:
        yield Fault("triggers", "it does not run on pull requests", "add to on: pull_request:")
    for name in sorted(asked):
        given = table(on.get(name))
        for key in ("paths", "paths-ignore"):
            if key in given:
                says = f"{key} under {name} leaves pull requests without a verdict"
                yield Fault("triggers", says, f"take {key} out; the gate looks at all files")
        types = given.get("types")
        told = set(map(str, types)) if isinstance(types, list) else {str(types)}
        if types is not None and not told >= _NEEDED_TYPES:
            says = f"types under {name} leaves out {', '.join(sorted(_NEEDED_TYPES - told))}"
            mend = "types: [opened, synchronize, reopened, labeled, unlabeled]"
            yield Fault("triggers", says, mend)


def _permissions(root: dict[str, Any], job: dict[str, Any]) -> Iterator[Fault]:
    given = job.get("permissions", root.get("permissions"))
    mend = "permissions: { contents: read }"
    if given is None:
        says = "it says no permissions, so the token has what the repository's default gives"
        yield Fault("permissions", says, mend)
    elif isinstance(given, str) and given != "read-all":
        yield Fault("permissions", f"the token has {given}", mend)
    for name, value in table(given).items():
        if value == "write" and name not in _MAY_WRITE:
            yield Fault("permissions", f"the token may write: {name}", mend)


def _conditions(part: dict[str, Any], what: str) -> Iterator[Fault]:
    condition = part.get("if")
    if condition is not None:
        said = str(condition).lower() if isinstance(condition, bool) else _text(condition)
        bare = said.strip().removeprefix("${{").removesuffix("}}").strip()
        if bare not in _ALWAYS:
            says = f"{what} has the condition {bare[:80]}, and what is skipped counts as passed"
            yield Fault("unconditional", says, "take the if: out")
    if part.get("continue-on-error") not in {None, False}:
        says = f"{what} has continue-on-error, so a failure counts as passed"
        yield Fault("unconditional", says, "take continue-on-error out")
    if what == "the job" and part.get("needs") and "always()" not in _text(part.get("if")):
        says = "the job needs another one; where that fails it is skipped, which counts as passed"
        yield Fault("unconditional", says, "take needs: out")
    if _text(table(part.get("with")).get("profile")) == "advisory":
        says = f"{what} asks for the profile advisory, in which nothing blocks"
        yield Fault("unconditional", says, "take profile: advisory out")


def _script(step: dict[str, Any]) -> Iterator[Fault]:
    """Judge the shell around a call of the gate."""
    found = shell.with_nested(_text(step.get("run"))[: 64 * 1024])
    text = "\n".join(command.text for command in found)
    swallowed = _swallowed(found)
    if swallowed:
        says = f"the script loses the verdict: {swallowed[:80]}"
        yield Fault("unconditional", says, "let the exit code of zt-gate end the step")
    piped = any(_CALL.search(command.text) and command.operator == "|" for command in found)
    if piped and "pipefail" not in text and _text(step.get("shell")) != "bash":
        says = "the script pipes the gate's output, and the pipe's end decides"
        yield Fault("unconditional", says, "set -o pipefail, or use --output FORMAT=FILE")
    if _MODULE.search(text) and not _ISOLATED.search(text):
        says = "python -m zt_gate without -I imports from the pull request's folder"
        yield Fault("not controlled", says, "python -I -m zt_gate")


def _swallowed(found: Sequence[shell.SimpleCommand]) -> str:
    """Return what makes a failure of a script count as passed, "" where nothing does."""
    for command in found:
        if _ERRORS_OFF.match(command.text):
            return command.text
    for command, then in shell.followed_by(found):
        for ending in _SUCCEEDS.get(command.operator, ()):
            if f"{then.program}{then.text[len(then.words[0].text) :]} ".startswith(f"{ending} "):
                return f"{command.operator} {then.text}"
    return ""


def _controlled(
    root: dict[str, Any], steps: Sequence[dict[str, Any]], number: int
) -> Iterator[Fault]:
    """Judge whether the pull request's own code decides what runs."""
    from zt_gate.scanners.agent_config import untrusted_input

    uses = _text(steps[number].get("uses"))
    if uses.startswith("./"):
        given = _checkout_of(steps[:number], uses)
        ref, repository = _text(given.get("ref")), _text(given.get("repository"))
        of_base = _BASE.search(ref) or _SHA.fullmatch(ref)
        if _HEAD.search(f"{ref} {repository}") or not of_base:
            says = f"uses: {uses} comes from the checkout of the pull request, which can rewrite it"
            mend = "check out github.event.pull_request.base.sha into a folder, and use that"
            yield Fault("not controlled", says, mend)
    if "pull_request_target" not in untrusted_input.triggers(root):
        return
    for step in steps:
        given = table(step.get("with"))
        said = f"{_text(given.get('ref'))} {_text(given.get('repository'))}"
        if "actions/checkout" in _text(step.get("uses")) and _HEAD.search(said):
            says = "under pull_request_target it checks out the pull request's own files"
            yield Fault("not controlled", says, "use pull_request, or check out the base")


def _unpinned(steps: Sequence[dict[str, Any]]) -> Iterator[Fault]:
    for step in steps:
        uses = _text(step.get("uses"))
        if uses and not uses.startswith("./") and not _PINNED.search(uses):
            name, _, ref = uses.partition("@")
            says = f"uses {uses[:100]}: its owner can point {ref[:40] or 'it'} at other code"
            mend = "write the commit's id behind the @"
            # Only what a shell takes for plain words: people paste what is printed here.
            plain = _PLAIN.match(name)
            if plain and _REF.fullmatch(ref):
                mend += f"; it says: git ls-remote https://github.com/{plain[0]} {ref}"
            yield Fault("pinned", says, mend)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
