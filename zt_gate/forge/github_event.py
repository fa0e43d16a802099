"""Reads the event of a GitHub workflow run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from zt_gate import lazy_re
from zt_gate.errors import UsageError
from zt_gate.record import dataclass, field
from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.forge.api_client import ForgeClient

Kind = Literal["pull", "queue", "push", "manual", "approval"]

_MAX_BYTES = 50 << 20
_OID = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUEUE_REF = lazy_re.compile(
    r"(?:refs/heads/)?gh-readonly-queue/(.{1,250})/pr-([0-9]{1,12})-([0-9a-f]{40,64})"
)
#: Events with a pull request in their payload.
_PULL_EVENTS = frozenset(("pull_request", "pull_request_review", "pull_request_target"))


#: The input of workflow_dispatch with the commit that whoever starts the run approves.
APPROVED_INPUT = "head"


class EventError(UsageError):
    """The gate cannot judge the event; the message names the supported ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    ``base`` and ``head`` are commit ids; ``base`` is "" for the tip of the default
    branch, and all zeros if nothing existed before.  ``number`` is the pull request's,
    0 for none.  ``is_fork``: the head is in a fork.  ``may_write``: the job's token
    may comment on the pull request.  An event of the kind "approval" is a dispatch on
    the default branch in which ``actor`` approves ``head``.
    """

    kind: Kind
    repository: str
    base: str
    head: str
    default_branch: str
    ref: str = ""
    number: int = 0
    is_fork: bool = False
    may_write: bool = False
    #: The branch that the change is to be merged into, "" if there is none.
    target: str = ""
    origin_hints: OriginHints = field(default_factory=OriginHints)
    pull: Mapping[str, Any] | None = None
    actor: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Repository:
    """The repository of an event."""

    name: str
    default_branch: str


def payload(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the payload of the event; raises EventError."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise EventError(
            "GITHUB_EVENT_PATH is not a readable event; "
            "run zt-gate ci github in a GitHub workflow"
        ) from error
    if not isinstance(data, dict):
        raise EventError("the file in GITHUB_EVENT_PATH has no event")
    return data


def read(
    environ: Mapping[str, str], data: dict[str, Any], client: ForgeClient | None
) -> Event:
    """Return the event in a payload; raises EventError, or ApiError for a failed call."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    repository = _Repository(
        _text(data, "repository", "full_name") or environ.get("GITHUB_REPOSITORY", ""),
        _text(data, "repository", "default_branch"),
    )
    if name in _PULL_EVENTS:
        pull = _table(data, "pull_request")
        return _of_pull(pull, repository, trusted=name == "pull_request_target")
    if name == "workflow_run":
        return _of_run(_table(data, "workflow_run"), repository, client)
    if name == "merge_group":
        return _of_queue(_table(data, "merge_group"), repository)
    if name == "push":
        return _of_push(data, repository)
    if name == "workflow_dispatch":
        return _of_dispatch(data, environ, repository)
    raise EventError(
        f"the event {name!a} has no base to compare with; run the action on "
        "pull_request, merge_group, push or workflow_dispatch"
    )


def of_pull(data: Mapping[str, Any], repository: str) -> Event:
    """Return the event of a pull request from the API's answer; raises EventError."""
    return _of_pull(data, _Repository(repository, ""), trusted=True)


def _of_pull(
    pull: Mapping[str, Any], repository: _Repository, *, trusted: bool
) -> Event:
    """``trusted``: the workflow is the base's, so its token may write for a fork."""
    source = _text(pull, "head", "repo", "full_name")
    is_fork = source.lower() != repository.name.lower()
    number = pull.get("number")
    return Event(
        kind="pull",
        base=_oid(_table(pull, "base"), "sha"),
        head=_oid(_table(pull, "head"), "sha"),
        ref=f"refs/pull/{number}/head",
        number=number if isinstance(number, int) else 0,
        is_fork=is_fork,
        may_write=trusted or not is_fork,
        target=_text(pull, "base", "ref"),
        origin_hints=_pull_hints(pull),
        pull=pull,
        repository=repository.name,
        default_branch=repository.default_branch,
    )


def _pull_hints(pull: Mapping[str, Any]) -> OriginHints:
    """Return labels, branch, author and text of a pull request."""
    labels = pull.get("labels") or ()
    user = _table(pull, "user", required=False)
    author = ""
    if user:
        author = f"{user.get('id', 0)}+{_text(user, 'login')}"
    return OriginHints(
        labels=tuple(
            _text(label, "name") for label in labels if isinstance(label, dict)
        ),
        branch=_text(pull, "head", "ref"),
        author=author,
        text="\n".join((_text(pull, "title"), "", _text(pull, "body"))),
    )


def _of_queue(group: Mapping[str, Any], repository: _Repository) -> Event:
    ref = _text(group, "head_ref")
    match = _QUEUE_REF.fullmatch(ref)
    return Event(
        kind="queue",
        base=_oid(group, "base_sha"),
        head=_oid(group, "head_sha"),
        ref=ref,
        number=int(match[2]) if match else 0,
        target=match[1] if match else "",
        repository=repository.name,
        default_branch=repository.default_branch,
    )


def _of_push(data: Mapping[str, Any], repository: _Repository) -> Event:
    ref = _text(data, "ref")
    head = _oid(data, "after")
    if not head.strip("0"):
        raise EventError("this push deletes a branch; there is no change to judge")
    base = ""
    if ref == f"refs/heads/{repository.default_branch}":
        # On another branch the pusher controls the old head, so the whole branch is
        # compared with the default branch.
        base = _oid(data, "before")
    return Event(
        kind="push",
        base=base,
        head=head,
        ref=ref,
        origin_hints=_branch_hints(ref),
        repository=repository.name,
        default_branch=repository.default_branch,
    )


def _of_dispatch(
    data: Mapping[str, Any], environ: Mapping[str, str], repository: _Repository
) -> Event:
    ref = _text(data, "ref")
    approved = _text(data, "inputs", APPROVED_INPUT).strip()
    if approved:
        return _of_approval(data, environ, repository, approved)
    return Event(
        kind="manual",
        base="",
        head=_checked(environ.get("GITHUB_SHA", "")),
        ref=ref,
        origin_hints=_branch_hints(ref),
        repository=repository.name,
        default_branch=repository.default_branch,
    )


def _of_approval(
    data: Mapping[str, Any],
    environ: Mapping[str, str],
    repository: _Repository,
    head: str,
) -> Event:
    """Return the event of a person who approves a head by starting the workflow."""
    ref = _text(data, "ref")
    if (
        not repository.default_branch
        or ref != f"refs/heads/{repository.default_branch}"
    ):
        raise EventError(
            f"the input {APPROVED_INPUT} approves a commit only in a run on the default "
            "branch: on another branch the workflow is the change's own"
        )
    if not _OID.fullmatch(head):
        raise EventError(
            f"the input {APPROVED_INPUT} must be the full id of the head commit, "
            f"not {head[:80]!a}"
        )
    starter = _text(data, "sender", "login")
    latest = environ.get("GITHUB_TRIGGERING_ACTOR", "") or starter
    if latest.lower() != starter.lower():
        raise EventError(
            "somebody else started this run again; an approval needs a new run"
        )
    return Event(
        kind="approval",
        base=_checked(environ.get("GITHUB_SHA", "")),
        head=head,
        ref=ref,
        repository=repository.name,
        default_branch=repository.default_branch,
        actor=_table(data, "sender", required=False),
    )


def _branch_hints(ref: str) -> OriginHints:
    return OriginHints(branch=ref.removeprefix("refs/heads/"))


def _of_run(
    run: Mapping[str, Any], repository: _Repository, client: ForgeClient | None
) -> Event:
    """Return the event that a finished run was started by; trusts no file of that run."""
    if _text(run, "event") != "merge_group":
        return _of_pull(_pull_of_run(run, repository, client), repository, trusted=True)
    match = _QUEUE_REF.fullmatch(_text(run, "head_branch"))
    if match is None:
        raise EventError("the branch of the merge queue does not name its base")
    group = {
        "head_ref": match[0],
        "base_sha": match[3],
        "head_sha": _text(run, "head_sha"),
    }
    return _of_queue(group, repository)


def _pull_of_run(
    run: Mapping[str, Any], repository: _Repository, client: ForgeClient | None
) -> Mapping[str, Any]:
    """Return the open pull request of a run's head.

    Of several it is the one into the default branch: the target is the author's choice,
    and that branch's policy is what an author cannot choose.
    """
    from urllib.parse import quote

    head = _oid(run, "head_sha")
    owner = _text(run, "head_repository", "owner", "login")
    branch = _text(run, "head_branch")
    if client is None:
        raise EventError("workflow_run needs the input token to find the pull request")
    head_filter = quote(f"{owner}:{branch}", safe="")
    path = f"/repos/{quote(repository.name)}/pulls?state=open&head={head_filter}"
    pulls = [
        pull
        for pull in client.pages(path)
        if isinstance(pull, dict) and _text(pull, "head", "sha") == head
    ]
    if not pulls:
        raise EventError(
            "no open pull request has this head commit; a later run judges the new head"
        )
    if len(pulls) > 1:
        default = repository.default_branch
        pulls = [pull for pull in pulls if _text(pull, "base", "ref") == default]
    if len(pulls) != 1:
        raise EventError(
            "several open pull requests have this head commit, and not one of them alone "
            "is for the default branch: close the others"
        )
    found: Mapping[str, Any] = pulls[0]
    return found


def head_of(data: Mapping[str, Any]) -> str:
    """Return the head commit that an event is about, "" if it names none."""
    for keys in (
        ("workflow_run", "head_sha"),
        ("pull_request", "head", "sha"),
        ("merge_group", "head_sha"),
    ):
        oid = _text(data, *keys)
        if _OID.fullmatch(oid):
            return oid
    return ""


def _table(
    data: Mapping[str, Any], key: str, *, required: bool = True
) -> Mapping[str, Any]:
    value = data.get(key)
    if isinstance(value, dict):
        return value
    if required:
        raise EventError(f"the event has no {key}")
    return {}


def _text(data: Mapping[str, Any], *keys: str) -> str:
    """Return the string at a path of keys, "" if there is none."""
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _oid(data: Mapping[str, Any], key: str) -> str:
    return _checked(_text(data, key))


def _checked(oid: str) -> str:
    if not _OID.fullmatch(oid):
        raise EventError("the event has no valid commit id; there is nothing to judge")
    return oid
