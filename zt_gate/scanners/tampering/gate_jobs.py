"""Compares the jobs that run the gate, and the files that they use, before and after a change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from zt_gate.model.report import NotInspected
from zt_gate.syntax import gate_jobs, workflows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zt_gate.model.change import Blob, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.tampering.comparison import Comparison
    from zt_gate.syntax.gate_jobs import JobChange

_CHANGED = "tampering/gate-job-changed"
_ADDED = "tampering/gate-job-added"
_MAX_SHOWN = 12


def findings(comparison: Comparison) -> Iterator[Finding]:
    """Yield jobs of the gate that differ, and those that the change adds."""
    files = _Files(comparison)
    if not files.may_concern_gate():
        return
    old, new = files.sides()
    changes = gate_jobs.compare(old, new, files.changed_paths, files.renamed)
    for change in changes:
        if change.old is None and change.new is not None:
            if not change.new.is_action:
                yield _added(comparison, change, has_others=bool(old.jobs()))
        elif change.loosening:
            yield _changed(comparison, change)
    yield from _same_checks(comparison, old, new)


def _same_checks(
    comparison: Comparison, old: gate_jobs.WorkflowSide, new: gate_jobs.WorkflowSide
) -> Iterator[Finding]:
    """Yield other jobs whose check has the name of the gate's.

    A required check is found by its name, so the other job's result can stand for it.
    """
    gate_names: set[str] = set()
    for job in old.jobs():
        if not job.is_action:
            gate_names |= old.check_names(job.path).get(job.name, frozenset())
    own = {(job.path, job.name) for job in new.jobs()}
    for path in new.paths if gate_names else ():
        before = old.check_names(path)
        for name, names in new.check_names(path).items():
            taken = (names - before.get(name, frozenset())) & gate_names
            if taken and (path, name) not in own:
                message = (
                    f"the job {name!a} has the name of the gate's check, "
                    f"{min(taken)!a}, so its result can stand for the gate's"
                )
                yield comparison.on_file(
                    _ADDED, path, message, subject=f"{name}\n{min(taken)}"
                )
        writers = new.status_writers(path, gate_names)
        for name in writers - old.status_writers(path, gate_names):
            if (path, name) not in own:
                message = (
                    f"the job {name!a} posts a status or check with the gate's name, "
                    "or sets a variable of the gate"
                )
                yield comparison.on_file(
                    _ADDED, path, message, subject=f"{name}\nstatus"
                )


def _added(comparison: Comparison, change: JobChange, *, has_others: bool) -> Finding:
    job = change.new
    assert job is not None
    message = f"the job {job.name!a} is a new run of the gate"
    if not has_others:
        message += (
            "; until it is on the base, its inputs count only where they are "
            "stricter than the defaults"
        )
    return comparison.on_file(_ADDED, job.path, message, subject=job.digest)


def _changed(comparison: Comparison, change: JobChange) -> Finding:
    job = change.new or change.old
    assert job is not None
    shown = list(change.loosening[:_MAX_SHOWN])
    if len(change.loosening) > _MAX_SHOWN:
        shown.append(f"and {len(change.loosening) - _MAX_SHOWN} more")
    noun = "the action" if job.is_action else f"the job {job.name!a}"
    message = f"{noun} that runs the gate differs from the base's: {'; '.join(shown)}"
    digest = change.new.digest if change.new is not None else "removed"
    subject = "\n".join((job.name, digest, *change.loosening))
    return comparison.on_file(_CHANGED, job.path, message, subject=subject)


def _running_place(environ: Mapping[str, str]) -> tuple[bytes, str] | None:
    """Return the workflow and the job that run this code on GitHub, None elsewhere."""
    reference = environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0]
    parts = reference.split("/", 2)
    repository = environ.get("GITHUB_REPOSITORY", "").lower()
    if len(parts) < 3 or "/".join(parts[:2]).lower() != repository:
        return None
    return parts[2].encode("utf-8", "surrogateescape"), environ.get("GITHUB_JOB", "")


class _Files:
    """Both sides of the repository: the files of the change, and for others the trusted side."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._old: dict[bytes, tuple[FileChange, Blob | None]] = {}
        self._new: dict[bytes, tuple[FileChange, Blob | None]] = {}
        self.renamed: dict[bytes, bytes] = {}
        for file in comparison.change.files:
            if file.old_path is not None and file.status != "C":
                self._old[file.old_path] = (file, file.old)
                if file.old_path != file.path:
                    self.renamed[file.old_path] = file.path
            if not file.is_deletion:
                self._new[file.path] = (file, None if file.is_symlink else file.new)
        self.changed_paths: Sequence[bytes] = tuple({*self._old, *self._new})

    def may_concern_gate(self) -> bool:
        """Whether the change touches a workflow, or a file that one of them may use."""
        paths = frozenset(self.changed_paths)
        if any(map(workflows.is_workflow, paths)):
            return True
        contents = [
            content
            for path in self._comparison.context.trusted_folder(workflows.FOLDER)
            if workflows.is_workflow(path)
            and (content := self._trusted(path)) is not None
        ]
        if any(map(gate_jobs.is_action_file, paths)) and contents:
            return True
        return any(gate_jobs.may_refer(content, paths) for content in contents)

    def sides(self) -> tuple[gate_jobs.WorkflowSide, gate_jobs.WorkflowSide]:
        """Return the old and the new side."""
        trusted = frozenset(self._comparison.context.trusted_folder(workflows.FOLDER))
        old_paths = sorted((trusted - self._new.keys()) | self._old.keys())
        new_paths = sorted((trusted - self._old.keys()) | self._new.keys())
        running = _running_place(self._comparison.context.environ)
        return (
            gate_jobs.WorkflowSide(
                old_paths, partial(self._read, self._old, self._new), running
            ),
            gate_jobs.WorkflowSide(
                new_paths, partial(self._read, self._new, self._old), running
            ),
        )

    def _read(
        self,
        side: Mapping[bytes, tuple[FileChange, Blob | None]],
        other: Mapping[bytes, object],
        path: bytes,
    ) -> bytes | None:
        if path in side:
            file, blob = side[path]
            return None if blob is None else self._comparison.read(file, blob)
        return None if path in other else self._trusted(path)

    def _trusted(self, path: bytes) -> bytes | None:
        """Return a trusted file; None where there is none, and for a link or a folder."""
        from zt_gate.errors import GateError

        try:
            return self._comparison.context.trusted_file(path)
        except GateError as error:
            if workflows.is_workflow(path) or gate_jobs.is_action_file(path):
                skipped = NotInspected(path, "failed", str(error))
                self._comparison.not_inspected.setdefault(path, skipped)
            return None
