"""Whether the forge enforces the gate: a workflow, required, that a pull request cannot disarm."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Any

from zt_gate.doctor.check import Check
from zt_gate.doctor.repository_files import table, tables
from zt_gate.errors import GateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.doctor.check import DoctorContext
    from zt_gate.doctor.gate_workflows import Job

_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
_WRITE = "zt-gate init --github"
_OTHERS = (
    b".gitlab-ci.yml",
    b"azure-pipelines.yml",
    b"Jenkinsfile",
    b".circleci/config.yml",
)


def checks(asked: DoctorContext) -> Iterator[Check]:
    """Yield what HEAD says of the workflow, and what the forge says of the branch."""
    from zt_gate.git.trusted_files import list_paths

    paths = list_paths(asked.git, asked.git.head)
    faults: list[str] = []
    read = _reader(asked, faults)
    from zt_gate.doctor import gate_workflows

    jobs, failed = gate_workflows.jobs_in(paths, read)
    for reason in (*failed, *faults):
        yield Check(
            "ci", "workflow", "unknown", reason, "mend the file", matters=not jobs
        )
    if not jobs:
        yield _absent(paths, read)
        return
    job = min(jobs, key=lambda one: len(one.faults))
    shown = job.path.decode("utf-8", "backslashreplace")
    yield Check("ci", "workflow", "ok", f"{shown} runs the gate in the job {job.name}")
    yield from _of_job(job, shown)
    rules = _Rules(asked)
    yield _required(job, rules)
    yield from _owners(job, paths, read, rules)


def _reader(asked: DoctorContext, faults: list[str]) -> Callable[[bytes], bytes | None]:
    from zt_gate.git.blobs import BlobStore
    from zt_gate.git.errors import GitError
    from zt_gate.git.trusted_files import read_file

    store = BlobStore(asked.git)

    def read(path: bytes) -> bytes | None:
        try:
            return read_file(asked.git, asked.git.head, path, store, 1 << 20)
        except GitError as error:
            faults.append(str(error))
            return None

    return read


def _absent(paths: Sequence[bytes], read: Callable[[bytes], bytes | None]) -> Check:
    for path in _OTHERS:
        if path in paths and b"zt-gate" in (read(path) or b"").replace(
            b"zt_gate", b"zt-gate"
        ):
            says = (
                f"{path.decode()} names zt-gate; only GitHub's workflows are understood"
            )
            return Check(
                "ci", "workflow", "unknown", says, "look whether its job is required"
            )
    says = "HEAD has no workflow under .github/workflows that runs the gate"
    return Check(
        "ci", "workflow", "fault", says, f"{_WRITE}, and commit what it writes"
    )


def _of_job(job: Job, shown: str) -> Iterator[Check]:
    from zt_gate.doctor.gate_workflows import CHECKS

    fine = {
        "triggers": "runs on every pull request",
        "not controlled": "what runs does not come from the pull request",
        "unconditional": "nothing lets it pass without a verdict",
        "permissions": "the token may do no more than it needs",
        "pinned": "all actions are pinned by commit",
    }
    for name in CHECKS:
        found = [fault for fault in job.faults if fault.check == name]
        for fault in found:
            yield Check("ci", name, "fault", fault.says, f"in {shown}: {fault.mend}")
        if not found:
            yield Check("ci", name, "ok", fine[name])


class _Rules:
    """What the forge says of the branch that pull requests go to.

    ``why`` says why that is not known; ``protected`` is False where it is known
    that nothing protects the branch.
    """

    def __init__(self, asked: DoctorContext) -> None:
        self.why = ""
        self.branch = ""
        self.repository = asked.repository or asked.environ.get("GITHUB_REPOSITORY", "")
        self.contexts: set[str] = set()
        self.workflows: set[str] = set()
        self.owners_review = False
        try:
            self._ask(asked)
        except GateError as error:
            self.why = str(error)

    def _ask(self, asked: DoctorContext) -> None:
        token = asked.environ.get("GITHUB_TOKEN") or asked.environ.get("GH_TOKEN") or ""
        if asked.offline:
            raise GateError("--offline: the forge was not asked")
        if not _REPOSITORY.fullmatch(self.repository) or not token:
            raise GateError(
                "the forge was not asked: it takes --repository OWNER/NAME and a token "
                "in GITHUB_TOKEN"
            )
        from urllib.parse import quote

        from zt_gate.forge.api_client import ApiError, ForgeClient

        client = ForgeClient.of(
            asked.environ.get("GITHUB_API_URL", "https://api.github.com"), token
        )
        top = f"/repos/{self.repository}"
        self.branch = str(table(client.get(top)).get("default_branch") or "")
        if not self.branch:
            raise GateError("the forge does not say which branch is the default one")
        name = quote(self.branch, safe="")
        try:
            self._rulesets(client.pages(f"{top}/rules/branches/{name}"))
        except ApiError as error:
            if error.status != 404:
                raise
        branch = table(client.get(f"{top}/branches/{name}"))
        required = table(table(branch.get("protection")).get("required_status_checks"))
        self.contexts |= _texts(required.get("contexts"))
        self.contexts |= {
            str(one.get("context")) for one in tables(required.get("checks"))
        }

    def _rulesets(self, rules: list[Any]) -> None:
        for rule in tables(rules):
            given = table(rule.get("parameters"))
            if rule.get("type") == "required_status_checks":
                found = tables(given.get("required_status_checks"))
                self.contexts |= {str(one.get("context")) for one in found}
            elif rule.get("type") == "workflows":
                self.workflows |= {
                    str(one.get("path")) for one in tables(given.get("workflows"))
                }
            elif rule.get("type") == "pull_request":
                self.owners_review |= given.get("require_code_owner_review") is True


def _texts(value: Any) -> set[str]:
    return (
        {item for item in value if isinstance(item, str)}
        if isinstance(value, list)
        else set()
    )


def _required(job: Job, rules: _Rules) -> Check:
    setting = (
        f"gh api repos/{rules.repository or 'OWNER/NAME'}/rules/branches/BRANCH shows it; set it "
        "under Settings, Rules: a required status check, or better a required workflow"
    )
    if rules.why:
        return Check("ci", "required", "unknown", rules.why, setting)
    path = job.path.decode("utf-8", "backslashreplace")
    if path in rules.workflows:
        return Check("ci", "required", "ok", f"{path} is a required workflow")
    if job.context in rules.contexts:
        says = f"the check {job.context} is required on {rules.branch}"
        return Check("ci", "required", "ok", says)
    if not job.context:
        says = "the name of the job's check depends on expressions"
        return Check("ci", "required", "unknown", says, "give the job a plain name")
    says = f"nothing requires the check {job.context} on {rules.branch}"
    return Check("ci", "required", "fault", says, setting)


def _owners(
    job: Job,
    paths: Sequence[bytes],
    read: Callable[[bytes], bytes | None],
    rules: _Rules,
) -> Iterator[Check]:
    """Yield whether a person must agree before the gate itself is changed."""
    from zt_gate.syntax import codeowners

    known = codeowners.read(read)
    place = next(
        (one for one in codeowners.CODEOWNERS_PATHS if one in paths),
        codeowners.CODEOWNERS_PATHS[0],
    )
    policy = b".zt-gate.toml" if b".zt-gate.toml" in paths else b"pyproject.toml"
    guarded = [job.path, place]
    guarded += [path for path in (policy, b".zt-gate-baseline") if path in paths]
    bare = [
        path.decode("utf-8", "backslashreplace")
        for path in guarded
        if not known.of(path)
    ]
    if bare:
        says = f"nobody owns {', '.join(bare)}, so nobody is asked when a change rewrites it"
        # Quoted: people paste what is printed here, and the names are the repository's.
        lines = " ".join(shlex.quote(f"/{path} @OWNER") for path in bare)
        mend = f"printf '%s\\n' {lines} >> {place.decode()}"
        yield Check("ci", "owners", "fault", says, mend)
    else:
        yield Check(
            "ci", "owners", "ok", "CODEOWNERS covers the policy and the workflow"
        )
    if rules.why or not rules.owners_review:
        says = (
            rules.why
            or "no ruleset requires a review by code owners; branch protection may"
        )
        mend = "Settings, Rules: require review from Code Owners"
        yield Check("ci", "owners' review", "unknown", says, mend)
    else:
        yield Check("ci", "owners' review", "ok", "a review by code owners is required")
