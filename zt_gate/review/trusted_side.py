"""Finds the trusted revision, which the change cannot have written, and reads its policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.policy.schema import Policy, Scope
from zt_gate.record import replace
from zt_gate.sources import source_named
from zt_gate.sources.base import ends_of
from zt_gate.system.ci import in_ci

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from zt_gate.git.run import Git
    from zt_gate.model.change import ChangeSet
    from zt_gate.model.scanner import ScannerInfo
    from zt_gate.review.request import Request


def trusted_revision(
    request: Request, git: Git | None, change: ChangeSet, environ: Mapping[str, str]
) -> str:
    """Return the commit whose policy, ignores and settings count, "" where there is none.

    It is the one of ``--policy-rev``.  Without that it is the base of a range in CI,
    and HEAD locally, unless HEAD contains the change: then it is the base, too, since
    a change must not bring the policy that judges it.  The base is the revision that
    was named, not the merge base: the author of a change chooses where it branches
    off, and could choose a commit before the policy became strict.
    """
    if git is None:
        return ""
    from zt_gate.git.revisions import is_null_revision, resolve

    if request.policy_rev:
        return resolve(git, request.policy_rev)
    if not source_named(request.kind).has_base:
        return git.head
    if not in_ci(environ) and not _head_contains(git, change):
        return git.head
    base = request.spec
    if change.kind == "range":
        base = ends_of(request.spec)[0]
    return "" if is_null_revision(git, base) else resolve(git, base)


def _head_contains(git: Git, change: ChangeSet) -> bool:
    """Say whether HEAD is in the range, or has the range's end in its history.

    The merge that CI systems make of a pull request has it.  So has a branch whose
    last commit is not part of the push, and that commit may bring the waiver.
    """
    if any(commit.oid == git.head for commit in change.commits):
        return True
    if not git.head or git.head == change.base:
        return False
    return not git.run(["rev-list", "--max-count=1", change.head, f"^{git.head}", "--"])


def trusted_policy(
    request: Request,
    git: Git | None,
    trusted: str,
    *,
    scanners: Mapping[str, ScannerInfo],
    rules: Collection[str],
) -> Policy:
    """Return the policy to judge by: the caller's own file, or the one of ``trusted``.

    ``scanners`` are the registered ones by name, ``rules`` the existing ids.
    Raises PolicyError, UsageError or GitError.
    """
    if request.config:
        from zt_gate.policy.load import load_file

        policy = load_file(
            request.folder / request.config, scanners=scanners, rules=rules
        )
    elif git is not None and trusted:
        from zt_gate.git.blobs import BlobStore
        from zt_gate.git.trusted_files import read_file
        from zt_gate.policy.load import load

        store = BlobStore(git)
        policy = load(
            lambda path: read_file(git, trusted, path, store),
            trusted,
            scanners=scanners,
            rules=rules,
        )
        store.close()
    else:
        policy = Policy()
    if request.kind == "text":
        policy = _without_paths(policy)
    _check_task(policy, request.task)
    if request.profile:
        return replace(policy, profile=Profile(request.profile))
    return policy


def _without_paths(policy: Policy) -> Policy:
    """Return the policy for a text, which is no file of the project, without its paths."""
    scanners = {
        name: {key: value for key, value in settings.items() if key != "exclude"}
        for name, settings in policy.scanners.items()
    }
    return replace(
        policy,
        paths=(),
        exclude=(),
        scanners=scanners,
        scope=Scope(),
        ignores=(),
    )


def _check_task(policy: Policy, task: str) -> None:
    """Raise UsageError for an unknown task, which would restrict nothing."""
    if not task or task in policy.tasks:
        return
    from zt_gate.scanners.scope.tasks import built_in_tasks

    built_in = built_in_tasks(rulebook.load("scope"))
    available = dict.fromkeys((*built_in, *policy.tasks))
    if task not in available:
        raise UsageError(
            f"--task {task!a}: unknown task; available: {', '.join(available)}"
        )
