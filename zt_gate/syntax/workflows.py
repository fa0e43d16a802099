"""Workflows and actions of GitHub: what starts them, what they may do, what they run.

Built on the plain values of a parsed YAML document, whichever reader made them, in
which ``on:`` is a key like any other.  Hostile values are taken for what they can
be: where a table or a text should stand and does not, there is an empty one.
``COMMAND_KEYS`` holds for other CI systems as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Where a value stands: keys of tables, numbers of elements of lists.
Path = tuple[str | int, ...]

#: The one folder of the repository from which GitHub runs workflows.
FOLDER = b".github/workflows/"
#: How the key of the triggers reads: as it is written, or as YAML 1.1 takes it.
TRIGGER_KEYS = ("on", "true")
#: Triggers that people without any right to the repository set off, with its secrets at hand.
OUTSIDER_TRIGGERS = frozenset(
    ("pull_request_target", "issues", "issue_comment", "workflow_run", "discussion",
     "discussion_comment", "pull_request_review_comment", "pull_request_review")
)  # fmt: skip
#: Of these, the ones for which the workflow's token may write.
WRITING_TRIGGERS = OUTSIDER_TRIGGERS - {
    "pull_request_review",
    "pull_request_review_comment",
}
#: Keys, in lower case, whose text a shell runs, in GitHub's files and in those of other systems.
COMMAND_KEYS = frozenset(
    ("run", "script", "before_script", "after_script", "before_install", "install", "after_success",
     "bash", "pwsh", "powershell", "inlinescript", "command", "commands", "cmds", "cmd", "setup",
     "pre_build", "build", "post_build", "test_script", "build_script", "entrypoint", "before_all",
     "cibw_before_build", "cibw_before_test", "cibw_before_all", "pre_install", "post_install",
     "pre_create_environment", "post_create_environment", "test", "sh", "docker_layer_install")
)  # fmt: skip

_PINNED = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|sha256:[0-9a-f]{64}")
_DOCKER = "docker://"


def table_of(value: Any) -> Mapping[str, Any]:
    """Return a value that should be a table; {} where it is none."""
    return value if isinstance(value, dict) else {}


def text_of(value: Any) -> str:
    """Return a value that should be a text; "" where it is none."""
    return value if isinstance(value, str) else ""


def is_workflow(path: bytes) -> bool:
    """Whether GitHub runs the file as a workflow; files in folders below are not read."""
    name = path.removeprefix(FOLDER)
    return name != path and b"/" not in name and name.endswith((b".yml", b".yaml"))


def is_pinned(ref: str) -> bool:
    """Whether what stands behind the ``@`` of ``uses`` is a commit or a digest."""
    return _PINNED.fullmatch(ref) is not None


@dataclass(frozen=True, slots=True)
class ActionReference:
    """What ``uses`` names: a repository with a folder, a container image, or a local folder."""

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
        """Whether nobody can point the name at other code."""
        return is_pinned(self.ref)

    @property
    def owner(self) -> str:
        """Who has the repository, in lower case."""
        return self.name.partition("/")[0].lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job or of a composite action, or a job that calls a workflow."""

    path: Path
    table: Mapping[str, Any]

    @property
    def uses(self) -> str:
        """The action that it runs, "" for a shell step."""
        return text_of(self.table.get("uses"))

    @property
    def run(self) -> str:
        """The script that its shell runs, "" where it has none."""
        return text_of(self.table.get("run"))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """What stands under ``with``."""
        return table_of(self.table.get("with"))

    @property
    def env(self) -> Mapping[str, Any]:
        """Its own variables."""
        return table_of(self.table.get("env"))

    @property
    def is_checkout(self) -> bool:
        """Whether it checks out a repository."""
        return "checkout" in self.uses

    def script(self) -> tuple[Path, str]:
        """Return where its script stands and the script: its own, or one given to an action."""
        if "run" in self.table and isinstance(self.table["run"], str):
            return (*self.path, "run"), self.run
        given = self.inputs.get("script")
        if isinstance(given, str) and "script" in self.uses:
            return (*self.path, "with", "script"), given
        return (*self.path, "run"), ""


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """One job, or what a composite action runs (its path is then ``runs``)."""

    path: Path
    table: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its key."""
        return str(self.path[-1])

    @property
    def env(self) -> Mapping[str, Any]:
        """The variables of all its steps."""
        return table_of(self.table.get("env"))

    def steps(self) -> Iterator[Step]:
        """Yield its steps; a call of another workflow is one."""
        listed = self.table.get("steps")
        for number, table in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(table, dict):
                yield Step((*self.path, "steps", number), table)
        if isinstance(self.table.get("uses"), str):
            yield Step(
                self.path, {"uses": self.table["uses"], "with": self.table.get("with")}
            )


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow or an action, as its root table."""

    root: Mapping[str, Any]

    def triggers(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what starts the workflow, with the settings of each trigger."""
        key = next((key for key in TRIGGER_KEYS if key in self.root), "")
        on = self.root.get(key)
        if isinstance(on, str):
            return {on: {}}
        if isinstance(on, dict):
            return {str(name): table_of(given) for name, given in on.items()}
        return {str(name): {} for name in on} if isinstance(on, list) else {}

    def jobs(self) -> tuple[WorkflowJob, ...]:
        """Return the jobs of a workflow."""
        tables = table_of(self.root.get("jobs"))
        return tuple(
            WorkflowJob(("jobs", name), table_of(job)) for name, job in tables.items()
        )

    def groups(self) -> tuple[WorkflowJob, ...]:
        """Return everything that has steps: the jobs, and what a composite action runs."""
        return (*self.jobs(), WorkflowJob(("runs",), table_of(self.root.get("runs"))))

    def steps(self) -> Iterator[Step]:
        """Yield the steps of all jobs and of a composite action."""
        for group in self.groups():
            yield from group.steps()

    def permissions(self) -> Iterator[tuple[Path, Any]]:
        """Yield where permissions of the token are given, and what is given: text or table."""
        if "permissions" in self.root:
            yield ("permissions",), self.root["permissions"]
        for job in self.jobs():
            if "permissions" in job.table:
                yield (*job.path, "permissions"), job.table["permissions"]

    def variables(self) -> Iterator[tuple[Path, Any]]:
        """Yield each variable and input of the workflow, its jobs and its steps."""
        tables: list[tuple[Path, Mapping[str, Any]]] = [((), self.root)]
        tables += [(job.path, job.table) for job in self.jobs()]
        tables += [(step.path, step.table) for step in self.steps()]
        for path, table in tables:
            for part in ("env", "with"):
                for name, value in table_of(table.get(part)).items():
                    yield (*path, part, name), value
