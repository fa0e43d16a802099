"""Checks whether the forge enforces zt-gate: a required workflow, protected from changes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.doctor.check import Check
from zt_gate.doctor.repository_files import table, tables
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.doctor.check import DoctorContext
    from zt_gate.doctor.gate_workflows import Job

_REPOSITORY = lazy_re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
#: Configuration files of CI systems that the doctor does not read.
_OTHER_CI_FILES = (
    b".gitlab-ci.yml",
    b"azure-pipelines.yml",
    b"Jenkinsfile",
    b".circleci/config.yml",
)
_BASE_SIDE = "base's side"
#: Message of a check of the workflow without a fault.
_JOB_OK = {
    "triggers": "runs on every pull request",
    "not controlled": "the pull request does not control the code that runs",
    "unconditional": "a run that is skipped or fails does not count as passed",
    "permissions": "the token has only the permissions that it needs",
    "pinned": "all actions are pinned to a commit",
}


def checks(context: DoctorContext) -> Iterator[Check]:
    """Yield the checks of the area ``ci``: the workflow at HEAD and the branch's rules."""
    from zt_gate.doctor import gate_workflows
    from zt_gate.git.trusted_files import list_paths

    paths = list_paths(context.git, context.git.head)
    read_errors: list[str] = []
    read = _reader(context, read_errors)
    jobs, workflow_errors = gate_workflows.jobs_in(paths, read)
    for error in (*workflow_errors, *read_errors):
        required = not jobs
        yield Check("ci", "workflow", "unknown", error, "fix the file", required)
    if not jobs:
        yield _no_workflow(paths, read)
        return
    on_change = [job for job in jobs if not job.is_after] or list(jobs)
    job = min(on_change, key=lambda candidate: len(candidate.faults))
    path = job.path.decode("utf-8", "backslashreplace")
    yield Check("ci", "workflow", "ok", f"{path} runs zt-gate in the job {job.name}")
    yield from _job_checks(job, path)
    rules = _BranchRules(context)
    yield _required(job, rules)
    yield _base_side(job, jobs, rules)
    yield _owners(job, paths, read)
    yield _owners_review(rules)


def _reader(
    context: DoctorContext, errors: list[str]
) -> Callable[[bytes], bytes | None]:
    """Return a function that reads a file at HEAD, and adds to ``errors`` if it cannot."""
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.errors import GitError
    from zt_gate.git.trusted_files import read_file

    store = BlobStore(context.git)

    def read(path: bytes) -> bytes | None:
        try:
            return read_file(context.git, context.git.head, path, store, 1 << 20)
        except GitError as error:
            errors.append(str(error))
            return None

    return read


def _no_workflow(
    paths: Sequence[bytes], read: Callable[[bytes], bytes | None]
) -> Check:
    for path in _OTHER_CI_FILES:
        if path not in paths:
            continue
        content = (read(path) or b"").replace(b"zt_gate", b"zt-gate")
        if b"zt-gate" in content:
            message = (
                f"{path.decode()} names zt-gate; the doctor reads only GitHub's files"
            )
            fix = "check that the job is required"
            return Check("ci", "workflow", "unknown", message, fix)
    message = "no workflow under .github/workflows at HEAD runs zt-gate"
    fix = "zt-gate init --github, and commit the files"
    return Check("ci", "workflow", "fault", message, fix)


def _job_checks(job: Job, path: str) -> Iterator[Check]:
    from zt_gate.doctor.gate_workflows import CHECKS

    for name in CHECKS:
        faults = [fault for fault in job.faults if fault.check == name]
        for fault in faults:
            fix = f"in {path}: {fault.fix}"
            yield Check("ci", name, "fault", fault.message, fix)
        if not faults:
            yield Check("ci", name, "ok", _JOB_OK[name])


class _BranchRules:
    """The forge's rules for the default branch.

    ``error`` says why they are unknown, "" if they are known.  ``contexts`` are
    the required status checks, ``workflows`` the paths of required workflows.
    """

    def __init__(self, context: DoctorContext) -> None:
        self.error = ""
        self.branch = ""
        self.repository = context.repository or context.environ.get(
            "GITHUB_REPOSITORY", ""
        )
        self.contexts: set[str] = set()
        self.workflows: set[str] = set()
        self.owners_review = False
        try:
            self._query(context)
        except GateError as error:
            self.error = str(error)

    def _query(self, context: DoctorContext) -> None:
        """Query the forge; raises GateError."""
        environ = context.environ
        token = environ.get("GITHUB_TOKEN") or environ.get("GH_TOKEN") or ""
        if context.offline:
            raise GateError("the forge was not queried, because of --offline")
        if not _REPOSITORY.fullmatch(self.repository) or not token:
            raise GateError(
                "the forge was not queried: set GITHUB_TOKEN and --repository OWNER/NAME"
            )
        from urllib.parse import quote

        from zt_gate.forge.api_client import ApiError, ForgeClient

        api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
        client = ForgeClient.of(api_url, token)
        repository_url = f"/repos/{self.repository}"
        repository = table(client.get(repository_url))
        self.branch = str(repository.get("default_branch") or "")
        if not self.branch:
            raise GateError("the forge does not name the default branch")
        branch = quote(self.branch, safe="")
        try:
            self._add_rulesets(
                client.pages(f"{repository_url}/rules/branches/{branch}")
            )
        except ApiError as error:
            if error.status != 404:
                raise
        self._add_protection(client.get(f"{repository_url}/branches/{branch}"))

    def _add_protection(self, branch: Any) -> None:
        """Add the status checks of the classic branch protection."""
        protection = table(table(branch).get("protection"))
        required = table(protection.get("required_status_checks"))
        self.contexts |= _texts(required.get("contexts"))
        self.contexts |= _values(required.get("checks"), "context")

    def _add_rulesets(self, rules: list[Any]) -> None:
        for rule in tables(rules):
            parameters = table(rule.get("parameters"))
            if rule.get("type") == "required_status_checks":
                status_checks = parameters.get("required_status_checks")
                self.contexts |= _values(status_checks, "context")
            elif rule.get("type") == "workflows":
                self.workflows |= _values(parameters.get("workflows"), "path")
            elif rule.get("type") == "pull_request":
                owners_review = parameters.get("require_code_owner_review")
                self.owners_review |= owners_review is True


def _values(items: Any, key: str) -> set[str]:
    return {str(item.get(key)) for item in tables(items)}


def _texts(value: Any) -> set[str]:
    if not isinstance(value, list):
        return set()
    return {item for item in value if isinstance(item, str)}


def _required(job: Job, rules: _BranchRules) -> Check:
    repository = rules.repository or "OWNER/NAME"
    fix = (
        "under Settings, Rules add a required status check, or better a required "
        f"workflow; to see the rules: gh api repos/{repository}/rules/branches/BRANCH"
    )
    if rules.error:
        return Check("ci", "required", "unknown", rules.error, fix)
    path = job.path.decode("utf-8", "backslashreplace")
    if path in rules.workflows:
        return Check("ci", "required", "ok", f"{path} is a required workflow")
    if job.context in rules.contexts:
        message = f"the check {job.context} is required on {rules.branch}"
        return Check("ci", "required", "ok", message)
    if not job.context:
        message = "the name of the job's check depends on expressions"
        fix = "give the job a name without expressions"
        return Check("ci", "required", "unknown", message, fix)
    message = f"the check {job.context} is not required on {rules.branch}"
    return Check("ci", "required", "fault", message, fix)


def _base_side(job: Job, jobs: Sequence[Job], rules: _BranchRules) -> Check:
    """Check whether something judges that the pull request cannot change.

    On ``pull_request`` GitHub takes the workflow from the change, which can empty the
    job, replace the action or delete the file.
    """
    path = job.path.decode("utf-8", "backslashreplace")
    if path in rules.workflows:
        message = f"a ruleset requires {path}, whatever a pull request does to it"
        return Check("ci", _BASE_SIDE, "ok", message)
    on_base = {
        context: other
        for other in jobs
        if (context := _base_context(other, job, rules.branch))
    }
    required = sorted(on_base.keys() & rules.contexts)
    if required:
        other = on_base[required[0]].path.decode("utf-8", "backslashreplace")
        message = f"{other} judges again on the base's side; {required[0]} is required"
        return Check("ci", _BASE_SIDE, "ok", message)
    if rules.error:
        fix = "set GITHUB_TOKEN and --repository OWNER/NAME"
        return Check("ci", _BASE_SIDE, "unknown", rules.error, fix)
    if on_base:
        context = min(on_base)
        message = (
            f"a job judges again on the base's side, but {context} is not required"
        )
        fix = f"under Settings, Rules require the status check {context}"
        return Check("ci", _BASE_SIDE, "fault", message, fix)
    message = f"a pull request that changes {path} decides whether zt-gate runs"
    fix = (
        "require the workflow with a ruleset, or add the second workflow "
        "(zt-gate init --github; docs/ci.md, When the gate's own workflow is changed) "
        "and require its status"
    )
    return Check("ci", _BASE_SIDE, "fault", message, fix)


def _base_context(job: Job, on_change: Job, branch: str) -> str:
    """Return the check of a job that runs from the base, "" for another or a faulty job."""
    if job.faults:
        return ""
    if job.is_after:
        is_started = on_change.workflow in job.after
        return f"{job.status}/{branch}" if job.status and is_started else ""
    # With both events the change's own run has the same name.
    is_base = "pull_request_target" in job.triggers
    return job.context if is_base and "pull_request" not in job.triggers else ""


def _owners(
    job: Job, paths: Sequence[bytes], read: Callable[[bytes], bytes | None]
) -> Check:
    """Check whether the files that control zt-gate have code owners."""
    from zt_gate.syntax import codeowners

    owners = codeowners.read(read)
    codeowners_path = codeowners.CODEOWNERS_PATHS[0]
    for path in codeowners.CODEOWNERS_PATHS:
        if path in paths:
            codeowners_path = path
            break
    policy = b".zt-gate.toml" if b".zt-gate.toml" in paths else b"pyproject.toml"
    protected = [job.path, codeowners_path]
    protected += [path for path in (policy, b".zt-gate-baseline") if path in paths]
    without_owner = [
        path.decode("utf-8", "backslashreplace")
        for path in protected
        if not owners.of(path)
    ]
    if not without_owner:
        message = "CODEOWNERS covers the policy and the workflow"
        return Check("ci", "owners", "ok", message)
    message = f"no code owner has to review a change to {', '.join(without_owner)}"
    # People paste this command, and the repository chooses the file names.
    # The shell stops at an owner that is not set, before anything is written.
    lines = " ".join(f'{shlex.quote(f"/{path} @")}"$OWNER"' for path in without_owner)
    unset = "set it to the login of a person or ORG/TEAM"
    fix = f": \"${{OWNER:?{unset}}}\" && printf '%s\\n' {lines} >> {codeowners_path.decode()}"
    return Check("ci", "owners", "fault", message, fix)


def _owners_review(rules: _BranchRules) -> Check:
    """Check whether the forge requires a review by code owners."""
    if rules.error or not rules.owners_review:
        message = rules.error or (
            "no ruleset requires a review by code owners; branch protection may"
        )
        fix = "Settings, Rules: require review from Code Owners"
        return Check("ci", "owners' review", "unknown", message, fix)
    message = "a review by code owners is required"
    return Check("ci", "owners' review", "ok", message)
