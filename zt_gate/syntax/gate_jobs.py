"""The jobs that run the gate in GitHub workflows, and how two versions of one differ.

A job runs the gate if one of its steps uses the action, starts ``zt-gate``, or calls a
local action, a script or a reusable workflow that does.  What a difference is: the
inputs of the gate's step, one by one, and everything else that decides whether and how
the job runs.  Comments, the order of keys and formatting are none.

Pure: the caller reads the files.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass, field
from zt_gate.syntax import gate_inputs, workflows
from zt_gate.syntax.document import SyntaxReadError
from zt_gate.syntax.workflows import FOLDER, ActionReference, Step, Workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from zt_gate.syntax.workflows import WorkflowJob

#: A mention of the gate, in the bytes of a file.
MENTION = lazy_re.compile(rb"zt[-_]gate", re.IGNORECASE)
#: What posts a commit status or a check, or writes a variable that the gate may read.
_STATUS = lazy_re.compile(
    rb"statuses|check-runs|create_?commit_?status|checks\.create|commit-status"
    rb"|variable\s{1,9}set|actions/variables|(?:create|update)(?:Repo|Org)Variable",
    re.IGNORECASE,
)
#: What may refer to another file of the repository, in the bytes of a workflow.
_REFERENCE = lazy_re.compile(rb"\./|\.(?:sh|bash|py|js|mjs|cjs|ts|ps1|rb|pl)\b")
_NAMED = lazy_re.compile(r"zt[-_]gate", re.IGNORECASE)
#: Inputs that only the gate has: whoever passes them runs it, whatever its name.
_OWN_INPUTS = frozenset(("require-human-approval", "approved-head"))
_OWN_INPUT = lazy_re.compile(rb"require-human-approval|approved-head")
_COMMAND = lazy_re.compile(
    r"zt[-_]gate[^\s;&|]{0,200}(?:[ \t]|\\\r?\n){1,20}(?:scan|hook|ci|merge|audit)\b"
    r"|-m[\"',\s]{1,4}zt_gate\b"
    r"|\bZT_GATE\b[\"'}]{0,3}[ \t]{1,20}(?:scan|hook|ci|merge|audit)\b"
)
_CHANGES_FOLDER = lazy_re.compile(r"\b(?:cd|pushd)\b")
_ASSIGNMENT = lazy_re.compile(r"[A-Za-z_]\w*\+?=")
_PREFIXES = frozenset(
    ("sudo", "exec", "command", "env", "time", "nice", "nohup", "if", "then", "else",
     "do", "while", "until", "!", "{")
)  # fmt: skip
_INTERPRETERS = frozenset(
    ("bash", "sh", "zsh", "dash", "ksh", "python", "python3", "node", "ruby", "perl",
     "pwsh", "powershell", "source", "deno", "bun", "php", "lua")
)  # fmt: skip
_MAX_COMMANDS = 2_000
_HAS_QUOTE = lazy_re.compile(r"[\"'`]")
_PRINTED = lazy_re.compile(r"\s*(?:echo|printf|:|#|true)\b")
_SCRIPT_WORD = lazy_re.compile(r"[\w./-]{1,300}")
_SCRIPT_NAME = lazy_re.compile(r"\.(?:sh|bash|zsh|py|js|mjs|cjs|ts|ps1|rb|pl)\Z")
_PATH_WORD = lazy_re.compile(rb"[\w.@/-]{1,300}")
_LOCAL_USES = lazy_re.compile(rb"\buses[\"']?\s*:\s*[\"']?(\./[^\s\"'@#]{0,300})")
_ACTION_FILES = (b"action.yml", b"action.yaml")
#: Values of one document, levels of references, and scripts of one job that are read.
_MAX_VALUES = 50_000
_MAX_DEPTH = 5
_MAX_SCRIPTS = 50
#: Settings of a workflow that apply to all of its jobs.
_WORKFLOW_PARTS = ("name", "env", "defaults", "permissions", "concurrency")
#: Texts of an action that only people read.
_PROSE = frozenset(("name", "description", "author", "branding"))
#: Settings for which a single word is the same as a list of one.
_LISTS = frozenset(("needs", "runs-on"))
_MAX_SHOWN = 8
#: Steps of a job that are aligned one by one, and jobs that are searched for elsewhere.
_MAX_STEPS = 200
_MAX_SEARCHED = 200


class TooManyValuesError(Exception):
    """A document is too large to be compared."""


@dataclass(frozen=True, slots=True)
class GateJob:
    """One job, or one composite action, that runs the gate.

    ``name`` is its key under ``jobs``, "runs" for an action.  ``inputs`` has the table
    ``with`` of each of its gate steps, as text.  ``parts`` maps everything else to its
    canonical form.  ``steps`` are the steps in canonical form, without the inputs of
    the gate, with what a person calls them.  ``files`` are the files and folders of the
    repository that it uses.
    """

    path: bytes
    name: str
    inputs: tuple[Mapping[str, str], ...] = ()
    steps: tuple[tuple[str, str], ...] = ()
    commands: tuple[str, ...] = ()
    parts: Mapping[str, str] = field(default_factory=dict)
    files: frozenset[bytes] = frozenset()
    #: Ends of paths of scripts that it starts in a folder that cannot be told.
    started: frozenset[bytes] = frozenset()

    @property
    def is_action(self) -> bool:
        """Whether it is a composite action."""
        return not workflows.is_workflow(self.path)

    @property
    def digest(self) -> str:
        """A digest of the whole job, so that an approval covers exactly this content."""
        inputs = [
            sorted(
                (name, gate_inputs.normal(name, value)) for name, value in each.items()
            )
            for each in self.inputs
        ]
        content = json.dumps(
            [self.name, inputs, self.steps, self.commands, sorted(self.parts.items())]
        )
        return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()

    def uses_file(self, path: bytes) -> bool:
        """Return whether the job uses a file of the repository."""
        if any(path == used or path.startswith(used + b"/") for used in self.files):
            return True
        return any(path == end or path.endswith(b"/" + end) for end in self.started)


@dataclass(frozen=True, slots=True)
class JobChange:
    """How a job differs; ``new`` is None if no job of the new side corresponds to it.

    ``loosening`` are differences that may make the gate weaker, ``tightening`` those
    that can only make it stricter.
    """

    old: GateJob | None
    new: GateJob | None
    loosening: tuple[str, ...] = ()
    tightening: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Whether both versions are the same."""
        return not self.loosening and not self.tightening


class WorkflowSide:
    """The workflows of one revision, and the files that they use.

    ``paths`` are the paths of the workflows; ``read`` returns a file, None if it does
    not exist.  ``running`` is the path and the name of the job that runs this code, if
    it is known: it runs the gate, whatever the gate is called there.
    """

    def __init__(
        self,
        paths: Iterable[bytes],
        read: Callable[[bytes], bytes | None],
        running: tuple[bytes, str] | None = None,
    ) -> None:
        self._running = running
        self._paths = tuple(path for path in paths if workflows.is_workflow(path))
        self._read = read
        self._contents: dict[bytes, bytes | None] = {}
        self._roots: dict[bytes, Mapping[str, Any] | None] = {}
        self._runs_gate: dict[bytes, bool] = {}
        self._units: tuple[GateJob, ...] | None = None

    def content(self, path: bytes) -> bytes | None:
        """Return a file, None if it does not exist."""
        if path not in self._contents:
            self._contents[path] = self._read(path)
        return self._contents[path]

    def root(self, path: bytes) -> Mapping[str, Any] | None:
        """Return the table of a YAML file; None if there is none that can be read."""
        if path not in self._roots:
            self._roots[path] = _root(self.content(path))
        return self._roots[path]

    def jobs(self) -> tuple[GateJob, ...]:
        """Return the jobs that run the gate, then the composite actions that they use."""
        if self._units is None:
            found: dict[tuple[bytes, str], GateJob] = {}
            pending = [path for path in self._paths if self._may_run(path)]
            seen = set(pending)
            while pending:
                for unit in self._units_of(pending.pop(0)):
                    found[unit.path, unit.name] = unit
                    for path in sorted(self._gate_actions(unit) - seen):
                        seen.add(path)
                        pending.append(path)
            self._units = tuple(found.values())
        return self._units

    @property
    def paths(self) -> tuple[bytes, ...]:
        """The paths of the workflows."""
        return self._paths

    def check_names(self, path: bytes) -> Mapping[str, frozenset[str]]:
        """Return, by job, the names of its check in lower case: its key, and its name.

        A name that is only an expression may be any text of the job's ``strategy``.
        """
        root = self.root(path)
        jobs = Workflow(root).jobs() if root is not None else ()
        names = {}
        for job in jobs:
            texts = [job.name, workflows.text_of(job.table.get("name"))]
            if texts[1].strip().startswith("${{"):
                texts += _texts(job.table.get("strategy"))
            names[job.name] = frozenset(
                text.strip().lower() for text in texts if text.strip()
            )
        return names

    def status_writers(self, path: bytes, names: Collection[str]) -> frozenset[str]:
        """Return the jobs that post a status or a check named like the gate, or set its variable.

        ``names`` are those of the gate's checks, in lower case.
        """
        content = self.content(path)
        if content is None or not _STATUS.search(content):
            return frozenset()
        root = self.root(path)
        found = set()
        for job in Workflow(root).jobs() if root is not None else ():
            text = "\n".join(_texts(job.table)).encode("utf-8", "surrogateescape")
            if not _STATUS.search(text):
                continue
            words = set(re.findall(r"[\w-]+", text.decode("utf-8", "replace").lower()))
            if MENTION.search(text) or words & set(names):
                found.add(job.name)
        return frozenset(found)

    def calls(self, path: bytes) -> str:
        """Return, as text, what the jobs of a workflow that call others run.

        GitHub names such a job like a job of the called workflow.
        """
        root = self.root(path)
        rows = []
        for job in Workflow(root).jobs() if root is not None else ():
            if "uses" in job.table:
                files = sorted(self._files(job.steps()))
                texts = [canonical_file(file, self.content(file)) for file in files]
                rows.append([job.name, canonical(dict(job.table)), *texts])
        return json.dumps(rows)

    def _gate_actions(self, unit: GateJob) -> set[bytes]:
        """Return the local actions of a job that run the gate."""
        folders = {b"" if path in _ACTION_FILES else path for path in unit.files}
        paths = map(self._action_file, folders)
        return {
            path for path in paths if path is not None and self._file_runs_gate(path)
        }

    def _may_run(self, path: bytes) -> bool:
        content = self.content(path)
        if content is None:
            return False
        if self._running is not None and self._running[0] == path:
            return True
        return any(
            pattern.search(content) for pattern in (MENTION, _REFERENCE, _OWN_INPUT)
        )

    def _is_running(self, path: bytes, workflow: Workflow, group: WorkflowJob) -> bool:
        """Return whether a job is the one that runs, or may call it."""
        if self._running is None or self._running[0] != path:
            return False
        name = self._running[1]
        if any(job.name == name for job in workflow.jobs()):
            return group.name == name and group.path != ("runs",)
        return "uses" in group.table

    def _units_of(self, path: bytes) -> Iterator[GateJob]:
        root = self.root(path)
        if root is None:
            return
        workflow = Workflow(root)
        for group in workflow.groups():
            steps = tuple(group.steps())
            gate_steps = [self._step_runs_gate(step, 0) for step in steps]
            if not any(gate_steps):
                if not self._is_running(path, workflow, group):
                    continue
                gate_steps = [_has_gate_input(step) for step in steps]
            try:
                yield self._unit(path, workflow, group, steps, gate_steps)
            except TooManyValuesError:
                yield GateJob(path, group.name, parts={"size": "too large to compare"})

    def _unit(
        self,
        path: bytes,
        workflow: Workflow,
        group: WorkflowJob,
        steps: tuple[Step, ...],
        gate_steps: list[bool],
    ) -> GateJob:
        budget = [_MAX_VALUES]
        rows, inputs, commands = [], [], []
        for number, (step, is_gate) in enumerate(
            zip(steps, gate_steps, strict=True), 1
        ):
            table = dict(step.table)
            if is_gate and (_is_gate_action(step) or _has_gate_input(step)):
                table.pop("with", None)
                inputs.append(
                    {name: _text(value) for name, value in step.inputs.items()}
                )
            elif is_gate and step.run:
                table["run"] = ""
                commands.append(_script(step.run))
            rows.append((canonical(table, budget), _step_label(step, number)))
        needed = _needed_jobs(workflow, group)
        used = [*steps]  # a script of a job that it needs decides whether it runs
        for job in workflow.jobs():
            used += job.steps() if job.name in needed else ()
        ends = dict(self._started(used))
        started = frozenset(ends)
        unknown = frozenset(end for end, is_unknown in ends.items() if is_unknown)
        return GateJob(
            path=path,
            name=group.name,
            inputs=tuple(inputs),
            steps=tuple(rows),
            commands=tuple(commands),
            parts=_parts(workflow, group, budget),
            files=frozenset(self._files(used)) | (started - unknown),
            started=unknown,
        )

    def _files(self, steps: Iterable[Step], depth: int = 0) -> Iterator[bytes]:
        """Yield the files and folders of the repository that the steps use."""
        for step in steps:
            yield from _script_paths(step.run, self.content)
            if not ActionReference.of(step.uses).is_local:
                continue
            folder = _local_path(step.uses)
            if folder:
                yield folder
            else:  # the root's action: not every file of the repository is a part of it
                yield from _ACTION_FILES
            target = self._target(folder)
            root = None if target is None else self.root(target)
            if root is not None and depth < _MAX_DEPTH:
                yield from self._files(Workflow(root).steps(), depth + 1)

    def _started(self, steps: Iterable[Step]) -> Iterator[tuple[bytes, bool]]:
        """Yield the ends of paths of started scripts, and whether the folder is unknown."""
        for step in steps:
            scripts = [step.run]
            scripts += [
                _decoded(self.content(path))
                for path in _script_paths(step.run, self.content)
            ]
            for script in scripts:
                moves = bool(_CHANGES_FOLDER.search(script))
                moves = moves or "working-directory" in step.table
                for end in script_ends(script):
                    yield end, moves or self.content(end) is None

    def _step_runs_gate(self, step: Step, depth: int) -> bool:
        uses = step.uses
        if _is_gate_action(step):
            return True
        if uses and ActionReference.of(uses).is_local:
            target = self._target(_local_path(uses))
            return target is not None and self._file_runs_gate(target, depth + 1)
        run = step.run
        if not run:
            return False
        if _runs_gate(run):
            return True
        paths = _script_paths(run, self.content)
        return any(_runs_gate(_decoded(self.content(path))) for path in paths)

    def _target(self, path: bytes) -> bytes | None:
        """Return the file that ``uses: ./…`` names: a workflow, or an action's file."""
        if workflows.is_workflow(path):
            return path
        return self._action_file(path)

    def _action_file(self, folder: bytes) -> bytes | None:
        for name in _ACTION_FILES:
            path = folder + b"/" + name if folder else name
            if self.content(path) is not None:
                return path
        return None

    def _file_runs_gate(self, path: bytes, depth: int = 0) -> bool:
        """Return whether a workflow or an action runs the gate."""
        if path not in self._runs_gate:
            self._runs_gate[path] = False  # ends a circle of references
            root = self.root(path) if depth <= _MAX_DEPTH else None
            if root is not None:
                steps = Workflow(root).steps()
                runs = any(self._step_runs_gate(step, depth) for step in steps)
                self._runs_gate[path] = runs or _starts_gate(root)
        return self._runs_gate[path]


def compare(
    old: WorkflowSide,
    new: WorkflowSide,
    changed: Collection[bytes] = (),
    renamed: Mapping[bytes, bytes] | None = None,
) -> list[JobChange]:
    """Return how the jobs that run the gate differ between two revisions.

    ``changed`` are the paths of the files that differ, ``renamed`` maps old paths to
    new ones.  Jobs without a difference are included; a job that is new has no ``old``.
    """
    changes = []
    candidates = _changed_in_content(old, new, changed)
    remaining = {(job.path, job.name): job for job in new.jobs()}
    for job in _with_exact_matches_first(old.jobs(), remaining):
        match = _match(job, remaining, renamed or {})
        if match is None:
            reason = "the job is gone" if not job.is_action else "the action is gone"
            changes.append(JobChange(job, None, (reason,)))
            continue
        del remaining[match.path, match.name]
        used = [
            path for path in candidates if job.uses_file(path) or match.uses_file(path)
        ]
        changes.append(differences(job, match, used))
    changes += [JobChange(None, job) for job in remaining.values()]
    return changes


def differences(
    old: GateJob, new: GateJob, changed_files: Iterable[bytes] = ()
) -> JobChange:
    """Compare two versions of one job; ``changed_files`` are those of its files that differ."""
    loosening: list[str] = []
    tightening: list[str] = []
    if old.name != new.name:
        loosening.append(f"the job {old.name!a} is now {new.name!a}")
    for name in dict.fromkeys((*old.parts, *new.parts)):
        before, after = old.parts.get(name), new.parts.get(name)
        if before != after:
            loosening.append(f"{name} {_verb(before, after)}")
    loosening += _step_differences(old, new)
    if old.commands != new.commands:
        is_stricter = _only_tightens(old.commands, new.commands)
        text = "the command that runs the gate changed"
        (tightening if is_stricter else loosening).append(text)
    for number in range(max(len(old.inputs), len(new.inputs))):
        before_inputs = old.inputs[number] if number < len(old.inputs) else {}
        after_inputs = new.inputs[number] if number < len(new.inputs) else {}
        for name in dict.fromkeys((*before_inputs, *after_inputs)):
            base, value = before_inputs.get(name, ""), after_inputs.get(name, "")
            if gate_inputs.normal(name, base) == gate_inputs.normal(name, value):
                continue
            text = (
                f"input {name} {_verb(before_inputs.get(name), after_inputs.get(name))}"
            )
            is_stricter = gate_inputs.is_at_least(name, base, value)
            (tightening if is_stricter else loosening).append(text)
    for path in changed_files:
        loosening.append(
            f"{path.decode('utf-8', 'backslashreplace')!a}, which it uses, changed"
        )
    return JobChange(old, new, tuple(loosening), tuple(tightening))


def canonical_file(path: bytes, content: bytes | None) -> str:
    """Return the content of a file in a form in which equal files are the same text.

    Comments and formatting of a YAML file do not count.
    """
    if content is None:
        return ""
    if path.endswith((b".yml", b".yaml")):
        root = _root(content)
        if root is not None:
            try:
                return canonical({k: v for k, v in root.items() if k not in _PROSE})
            except TooManyValuesError:
                pass
    return hashlib.sha256(content).hexdigest()


def may_refer(content: bytes, paths: Collection[bytes]) -> bool:
    """Return whether a workflow may use one of the files, by a look at its bytes."""
    words = {posixpath.normpath(word) for word in _PATH_WORD.findall(content)}
    if not words.isdisjoint(paths):
        return True
    # By its last part, because a script may be started from any folder.
    names = {posixpath.basename(word) for word in words}
    if any(posixpath.basename(path) in names for path in paths):
        return True
    folders = {posixpath.normpath(word) for word in _LOCAL_USES.findall(content)}
    return any(
        folder in folders
        or (folder == b"" and b"." in folders and is_action_file(path))
        for path in paths
        for folder in _folders(path)
    )


def is_action_file(path: bytes) -> bool:
    """Return whether the file describes an action."""
    return posixpath.basename(path) in _ACTION_FILES


def _folders(path: bytes) -> Iterator[bytes]:
    """Yield the folders that contain a file, the root ("") last."""
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path
    yield b""


def _changed_in_content(
    old: WorkflowSide, new: WorkflowSide, changed: Collection[bytes]
) -> list[bytes]:
    """Return the files used by jobs that differ, without those that are compared as jobs."""
    jobs = (*old.jobs(), *new.jobs())
    compared = {job.path for job in jobs}
    used = frozenset(path for job in jobs for path in job.files)
    started = frozenset(end for job in jobs for end in job.started)
    return [
        path
        for path in sorted(changed)
        if path not in compared
        and (
            path in used
            or not used.isdisjoint(_folders(path))
            or any(path == end or path.endswith(b"/" + end) for end in started)
        )
        and canonical_file(path, old.content(path))
        != canonical_file(path, new.content(path))
    ]


def _with_exact_matches_first(
    jobs: Iterable[GateJob], remaining: Mapping[tuple[bytes, str], GateJob]
) -> list[GateJob]:
    return sorted(jobs, key=lambda job: (job.path, job.name) not in remaining)


def _match(
    job: GateJob,
    remaining: Mapping[tuple[bytes, str], GateJob],
    renamed: Mapping[bytes, bytes],
) -> GateJob | None:
    """Return the new version of a job: same place, renamed file, same name, same content."""
    exact = remaining.get((job.path, job.name))
    if exact is not None:
        return exact
    same_kind = [
        other
        for other in itertools.islice(remaining.values(), _MAX_SEARCHED)
        if other.is_action == job.is_action
    ]
    path = renamed.get(job.path, job.path)
    tests: tuple[Callable[[GateJob], bool], ...] = (
        lambda other: (other.path, other.name) == (path, job.name),
        lambda other: differences(job, other).is_equal,
        lambda other: other.name == job.name and not job.is_action,
        lambda other: other.path in {path, job.path},
        lambda other: other.steps == job.steps and bool(job.steps),
    )
    for test in tests:
        found = next((other for other in same_kind if test(other)), None)
        if found is not None:
            return found
    return None


def _parts(workflow: Workflow, group: WorkflowJob, budget: list[int]) -> dict[str, str]:
    """Return everything of a job but its steps, by name, in canonical form."""
    root = workflow.root
    if group.path == ("runs",):
        return {
            **{key: canonical(value, budget) for key, value in root.items()
               if key not in _PROSE and key != "runs"},
            **{f"runs.{key}": canonical(value, budget)
               for key, value in group.table.items() if key != "steps"},
        }  # fmt: skip
    parts = {
        f"workflow {key}": canonical(root[key], budget)
        for key in _WORKFLOW_PARTS
        if key in root
    }
    for event, settings in workflow.triggers().items():
        parts[f"event {event}"] = canonical(dict(settings), budget)
    for key, value in group.table.items():
        if key == "steps" or (key in {"uses", "with"} and group.table.get("uses")):
            continue
        listed = [value] if key in _LISTS and isinstance(value, str) else value
        parts[key] = canonical(listed, budget)
    for name, table in _needed_jobs(workflow, group).items():
        parts[f"job {name}, which it needs,"] = canonical(dict(table), budget)
    return parts


def _needed_jobs(
    workflow: Workflow, group: WorkflowJob
) -> dict[str, Mapping[str, Any]]:
    """Return the jobs that decide whether a job runs: if one fails, GitHub skips it."""
    tables = {job.name: job.table for job in workflow.jobs()}
    needed: dict[str, Mapping[str, Any]] = {}
    pending = [group.table]
    while pending:
        needs = pending.pop().get("needs")
        names = [needs] if isinstance(needs, str) else needs
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name in tables and name not in needed:
                needed[name] = tables[name]
                pending.append(tables[name])
    return needed


def _step_differences(old: GateJob, new: GateJob) -> Iterator[str]:
    before = [step for step, _ in old.steps]
    after = [step for step, _ in new.steps]
    if before == after:
        return
    if max(len(before), len(after)) > _MAX_STEPS:
        yield "its steps changed"
        return
    from difflib import SequenceMatcher  # not on the path of a plain commit

    texts: list[str] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            continue
        pairs = min(old_to - old_from, new_to - new_from)
        texts += [f"step {new.steps[new_from + n][1]} changed" for n in range(pairs)]
        texts += [
            f"step {old.steps[n][1]} removed" for n in range(old_from + pairs, old_to)
        ]
        texts += [
            f"step {new.steps[n][1]} added" for n in range(new_from + pairs, new_to)
        ]
    yield from texts[:_MAX_SHOWN]
    if len(texts) > _MAX_SHOWN:
        yield f"{len(texts) - _MAX_SHOWN} more steps differ"


def _only_tightens(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Return whether the commands of the gate only gain options that make it stricter."""
    return len(old) == len(new) and all(map(_is_stricter_command, old, new))


def _is_stricter_command(old: str, new: str) -> bool:
    return only_adds_stricter_options(old.split(), new.split())


def only_adds_stricter_options(before: list[str], after: list[str]) -> bool:
    """Return whether the words are the same, in order, with stricter options added.

    The last of several equal options counts, so an added one must be the last.
    """
    left = _without_added_options(before, after)
    if left != before:
        return False
    for option, order in _ORDERS.items():
        old, new = _last_value(before, option), _last_value(after, option)
        if old != new and (new not in order or old in order[order.index(new) :]):
            return False
    return True


def _last_value(words: list[str], option: str) -> str:
    value = ""
    for number, word in enumerate(words):
        if word == option:
            value = words[number + 1] if number + 1 < len(words) else ""
        elif word.startswith(option + "="):
            value = word.partition("=")[2]
    return value


def _without_added_options(before: list[str], after: list[str]) -> list[str]:
    left: list[str] = []
    position = 0
    while position < len(after):
        pair = tuple(after[position : position + 2])
        kept = before[len(left) : len(left) + 1] == after[position : position + 1]
        if not kept and pair in _STRICTER_OPTIONS:
            position += 2
        elif not kept and "=".join(pair[:1]) in _STRICTER_WORDS:
            position += 1
        else:
            left.append(after[position])
            position += 1
    return left


#: The values that may be added, from the looser to the stricter one.
_ORDERS = {"--profile": ("strict",), "--fail-on": ("warn", "info")}
_STRICTER_OPTIONS = frozenset(
    (("--profile", "strict"), ("--fail-on", "warn"), ("--fail-on", "info"))
)
_STRICTER_WORDS = frozenset("=".join(pair) for pair in _STRICTER_OPTIONS)


def _is_gate_action(step: Step) -> bool:
    """Return whether the step uses the action itself, so that its inputs are the gate's."""
    if not step.uses:
        return False
    if _NAMED.search(ActionReference.of(step.uses).name):
        return True
    is_local = ActionReference.of(step.uses).is_local
    return not is_local and not _OWN_INPUTS.isdisjoint(step.inputs)


def _texts(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < 10:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


def _has_gate_input(step: Step) -> bool:
    """Return whether a step of the running job passes an input that the gate has."""
    return bool(step.uses) and not gate_inputs.NAMES.isdisjoint(step.inputs)


def script_ends(script: str) -> Iterator[bytes]:
    """Yield the known ends of the paths of the scripts that a shell text starts."""
    from zt_gate.syntax import shell

    if "\n" not in script and " " not in script and "/" not in script:
        return
    for command in itertools.islice(shell.with_nested(script), _MAX_COMMANDS):
        texts = [word.text for word in command.words]
        while texts and (_ASSIGNMENT.match(texts[0]) or texts[0] in _PREFIXES):
            texts.pop(0)
        if not texts:
            continue
        if shell.program(texts[0]) in _INTERPRETERS or texts[0] == ".":
            words = [text for text in texts[1:] if not text.startswith("-")][:1]
        else:
            words = texts[:1] if "/" in texts[0] else []
        for word in words:
            end = _known_end(word)
            if end:
                yield end.encode("utf-8", "surrogateescape")


def _known_end(word: str) -> str:
    """Return the part of a path after its last variable or "..", "" if it is elsewhere."""
    if word.startswith(("/", "~", "http:", "https:")):
        return ""
    parts = word.split("/")
    for number in range(len(parts) - 1, -1, -1):
        if (
            "$" in parts[number]
            or parts[number] in {"..", "."}
            or "_" * 6 in parts[number]
        ):
            parts = parts[number + 1 :]
            break
    return "/".join(part for part in parts if part)


def _runs_gate(script: str) -> bool:
    return any(
        _COMMAND.search(line) and not _PRINTED.match(line)
        for line in _script(script).split("\n")
    )


def _starts_gate(root: Mapping[str, Any]) -> bool:
    """Return whether an action of another kind (container, JavaScript) runs the gate."""
    runs = workflows.table_of(root.get("runs"))
    texts = (
        workflows.text_of(runs.get(key)) for key in ("image", "main", "entrypoint")
    )
    return any(_NAMED.search(text) for text in texts)


def _script(text: str) -> str:
    """Return a shell script with its lines joined where they continue, without comments."""
    return "\n".join(script_rows(text))


def script_rows(text: str) -> list[str]:
    """Return the logical lines of a shell script without its comment lines.

    A comment ends with its line, also where that ends with a backslash.  What looks
    like a comment counts where it may be data: in a here-document or a quoted text.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    code = [line for line in lines if not line.lstrip().startswith("#")]
    has_document = any("<<" in line for line in code)
    has_long_quote = any(
        line.count("'") % 2 or line.count('"') % 2 or line.count("`") % 2
        for line in code
    )
    rows: list[str] = []
    current: list[str] = []
    for line in lines:
        is_comment = not current and line.lstrip().startswith("#")
        may_be_data = has_document or (has_long_quote and _HAS_QUOTE.search(line))
        if is_comment and not may_be_data:
            continue
        if line.endswith("\\") and not is_comment:
            current.append(line[:-1])
            continue
        row = " ".join("".join([*current, line.lstrip() if current else line]).split())
        current = []
        if row:
            rows.append(row)
    if current:
        rows.append(" ".join("".join(current).split()))
    return rows


def _script_paths(
    script: str, read: Callable[[bytes], bytes | None]
) -> Iterator[bytes]:
    """Yield the files of the repository that a script starts."""
    count = 0
    for word in dict.fromkeys(_SCRIPT_WORD.findall(_script(script))):
        if not (word.startswith("./") or _SCRIPT_NAME.search(word)):
            continue
        path = posixpath.normpath(word).encode()
        if path.startswith((b"..", b"/")) or path == b"." or count >= _MAX_SCRIPTS:
            continue
        count += 1
        if read(path) is not None:
            yield path


def _local_path(uses: str) -> bytes:
    path = posixpath.normpath(uses.partition("@")[0]).encode("utf-8", "surrogateescape")
    return b"" if path == b"." else path


def _step_label(step: Step, number: int) -> str:
    for text in (step.table.get("name"), step.uses, step.run):
        if isinstance(text, str) and text.strip():
            return f"{number} ({text.strip().splitlines()[0][:60]!a})"
    return str(number)


def _verb(before: object, after: object) -> str:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def _decoded(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def _root(content: bytes | None) -> Mapping[str, Any] | None:
    if content is None:
        return None
    from zt_gate.syntax import yaml

    try:
        value = yaml.read(content).value
    except SyntaxReadError:
        return None
    return value if isinstance(value, dict) else None


def _text(value: Any) -> str:
    """Return the text that an input gets from a value of a workflow."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return (
        value.strip() if isinstance(value, str) else "" if value is None else str(value)
    )


def canonical(value: Any, budget: list[int] | None = None) -> str:
    """Return a value as text; equal values have the same text.  Raises TooManyValuesError."""
    plain = _plain(value, "", [_MAX_VALUES] if budget is None else budget)
    return json.dumps(plain, sort_keys=True)


def _plain(value: Any, key: str, budget: list[int]) -> Any:
    budget[0] -= 1
    if budget[0] < 0:
        raise TooManyValuesError
    if isinstance(value, dict):
        return {
            str(name): _plain(item, str(name), budget) for name, item in value.items()
        }
    if isinstance(value, list):
        return [_plain(item, "", budget) for item in value]
    if key == "run" and isinstance(value, str):
        return _script(value)
    return _text(value)


__all__ = [
    "FOLDER",
    "MENTION",
    "GateJob",
    "JobChange",
    "TooManyValuesError",
    "WorkflowSide",
    "canonical",
    "canonical_file",
    "compare",
    "differences",
    "is_action_file",
    "may_refer",
    "script_ends",
    "script_rows",
]
