"""The side that a change is judged by: which revision it is, and the policy that stands there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zt_gate import rulebook
from zt_gate.errors import UsageError
from zt_gate.model.profile import Profile
from zt_gate.policy.schema import Policy
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

    The one that was named; else in CI the base of a range, and locally HEAD,
    unless HEAD holds what is judged: then its base, too, since a change must
    not bring the policy that judges it.  The base is the revision that was
    named, not the merge base: whoever makes a change chooses where it branches
    off, and could choose a place before the policy became strict.
    """
    if git is None:
        return ""
    from zt_gate.git.history import is_null_revision, resolve

    if request.policy_rev:
        return resolve(git, request.policy_rev)
    if change.kind not in {"range", "base"} or not (
        in_ci(environ) or _at_head(git, change)
    ):
        return git.head
    base = (
        request.spec
        if change.kind == "base"
        else request.spec.partition("..")[0] or "HEAD"
    )
    return "" if is_null_revision(git, base) else resolve(git, base)


def _at_head(git: Git, change: ChangeSet) -> bool:
    """Say whether HEAD is in the range, or has its end in its history.

    A merge that CI systems make of a pull request has; so has a branch of which
    all but the last commit is pushed, and that commit may bring the exception.
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
    """Return the policy that counts: the caller's own file, or the one of ``trusted``.

    ``scanners`` are the registered ones by name, ``rules`` the ids that exist.
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
    _check_task(policy, request.task)
    if request.profile:
        return replace(policy, profile=Profile(request.profile))
    return policy


def _check_task(policy: Policy, task: str) -> None:
    """Refuse a task that there is not: it would narrow nothing; raises UsageError."""
    if task and task not in policy.tasks:
        from zt_gate.scanners.scope.tasks import built_in_tasks

        known = dict.fromkeys((*built_in_tasks(rulebook.load("scope")), *policy.tasks))
        if task not in known:
            told = ", ".join(known)
            raise UsageError(
                f"--task {task!a}: there is no such task; there are {told}"
            )
