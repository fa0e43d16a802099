"""GitHub workflows and actions: their triggers, permissions, jobs and steps.

Built on the values of a parsed YAML document, with ``on:`` as an ordinary key.
Malformed values are treated as empty tables or texts.  ``COMMAND_KEYS`` applies to
other CI systems as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The path of a value: keys of tables, indexes of list elements.
Path = tuple[str | int, ...]

#: The only folder of the repository from which GitHub runs workflows.
FOLDER = b".github/workflows/"
#: The key of the triggers: as written, or as YAML 1.1 reads it.
TRIGGER_KEYS = ("on", "true")
#: Triggers that people without write access can cause, for runs with access to secrets.
OUTSIDER_TRIGGERS = frozenset(
    ("pull_request_target", "issues", "issue_comment", "workflow_run", "discussion",
     "discussion_comment", "pull_request_review_comment", "pull_request_review")
)  # fmt: skip
#: Of these, the ones whose runs have a token with write permission.
WRITING_TRIGGERS = OUTSIDER_TRIGGERS - {
    "pull_request_review",
    "pull_request_review_comment",
}
#: Keys, in lower case, whose text a shell runs, for GitHub and other CI systems.
COMMAND_KEYS = frozenset(
    ("run", "script", "before_script", "after_script", "before_install", "install", "after_success",
     "bash", "pwsh", "powershell", "inlinescript", "command", "commands", "cmds", "cmd", "setup",
     "pre_build", "build", "post_build", "test_script", "build_script", "entrypoint", "before_all",
     "cibw_before_build", "cibw_before_test", "cibw_before_all", "pre_install", "post_install",
     "pre_create_environment", "post_create_environment", "test", "sh", "docker_layer_install",
     "init", "buildcommand", "startcommand", "precommand", "prebuild")
)  # fmt: skip

_PINNED = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64}")
_DOCKER = "docker://"


def table_of(value: Any) -> Mapping[str, Any]:
    """Return a value that should be a table; {} for anything else."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Return a value that should be a text; "" for anything else."""
    return value if isinstance(value, str) else ""


def is_workflow(path: bytes) -> bool:
    """Return whether GitHub runs the file as a workflow; it ignores subfolders."""
    name = path.removeprefix(FOLDER)
    return name != path and b"/" not in name and name.endswith((b".yml", b".yaml"))


def is_pinned(ref: str) -> bool:
    """Return whether the reference after the ``@`` of ``uses`` is a commit or a digest."""
    return _PINNED.fullmatch(ref) is not None


@dataclass(frozen=True, slots=True)
class ActionReference:
    """The value of ``uses``: a repository with a folder, a container image, or a local folder."""

    name: str
    ref: str

    @classmethod
    def of(cls, uses: str) -> ActionReference:
        """Split the value of ``uses`` at its first ``@``."""
        name, _, ref = uses.partition("@")
        return cls(name, ref)

    @property
    def is_local(self) -> bool:
        """Whether the action comes from the checked-out files."""
        return self.name.startswith("./")

    @property
    def is_image(self) -> bool:
        """Whether it is a container image."""
        return self.name.startswith(_DOCKER)

    @property
    def is_pinned(self) -> bool:
        """Whether the reference cannot be moved to other code."""
        return is_pinned(self.ref)

    @property
    def owner(self) -> str:
        """The owner of the repository, in lower case."""
        return self.name.partition("/")[0].lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job or of a composite action, or a job that calls a workflow."""

    path: Path
    table: Mapping[str, Any]

    @property
    def uses(self) -> str:
        """The action that the step runs, "" for a shell step."""
        return text_of(self.table.get("uses"))

    @property
    def run(self) -> str:
        """The shell script of the step, "" for none."""
        return text_of(self.table.get("run"))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The table ``with``."""
        return table_of(self.table.get("with"))

    @property
    def env(self) -> Mapping[str, Any]:
        """The step's own environment variables."""
        return table_of(self.table.get("env"))

    @property
    def is_checkout(self) -> bool:
        """Whether the step checks out a repository."""
        return "checkout" in self.uses

    def script(self) -> tuple[Path, str]:
        """Return the path and the text of the script: the step's own, or an action's input."""
        run_path: Path = (*self.path, "run")
        if isinstance(self.table.get("run"), str):
            return run_path, self.run
        script_input = self.inputs.get("script")
        if isinstance(script_input, str) and "script" in self.uses:
            return (*self.path, "with", "script"), script_input
        return run_path, ""


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One job, or the table ``runs`` of a composite action."""

    path: Path
    table: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The key of the job."""
        return str(self.path[-1])

    @property
    def env(self) -> Mapping[str, Any]:
        """The environment variables of all its steps."""
        return table_of(self.table.get("env"))

    def steps(self) -> Iterator[Step]:
        """Yield its steps; a call of another workflow counts as one."""
        steps = self.table.get("steps")
        for number, table in enumerate(steps if isinstance(steps, list) else ()):
            if isinstance(table, dict):
                yield Step((*self.path, "steps", number), table)
        uses = self.table.get("uses")
        if isinstance(uses, str):
            yield Step(self.path, {"uses": uses, "with": self.table.get("with")})


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow or an action, as its root table."""

    root: Mapping[str, Any]

    def triggers(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the events that start the workflow, with the settings of each."""
        key = next((key for key in TRIGGER_KEYS if key in self.root), "")
        on = self.root.get(key)
        if isinstance(on, str):
            return {on: {}}
        if isinstance(on, list):
            return {str(name): {} for name in on}
        if isinstance(on, dict):
            return {str(name): table_of(settings) for name, settings in on.items()}
        return {}

    def jobs(self) -> tuple[WorkflowJob, ...]:
        """Return the jobs of a workflow."""
        tables = table_of(self.root.get("jobs"))
        return tuple(
            WorkflowJob(("jobs", name), table_of(job)) for name, job in tables.items()
        )

    def groups(self) -> tuple[WorkflowJob, ...]:
        """Return everything that has steps: the jobs, and a composite action's ``runs``."""
        return (*self.jobs(), WorkflowJob(("runs",), table_of(self.root.get("runs"))))

    def steps(self) -> Iterator[Step]:
        """Yield the steps of all jobs and of a composite action."""
        for group in self.groups():
            yield from group.steps()

    def permissions(self) -> Iterator[tuple[Path, Any]]:
        """Yield the path and the value (text or table) of each ``permissions`` key."""
        if "permissions" in self.root:
            yield ("permissions",), self.root["permissions"]
        for job in self.jobs():
            if "permissions" in job.table:
                yield (*job.path, "permissions"), job.table["permissions"]

    def variables(self) -> Iterator[tuple[Path, Any]]:
        """Yield the path and the value of each variable and input: of workflow, jobs and steps."""
        tables: list[tuple[Path, Mapping[str, Any]]] = [((), self.root)]
        tables += [(job.path, job.table) for job in self.jobs()]
        tables += [(step.path, step.table) for step in self.steps()]
        for path, table in tables:
            for part in ("env", "with"):
                for name, value in table_of(table.get(part)).items():
                    yield (*path, part, name), value
