"""What happened on GitHub: the event's file, read into what the gate needs of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zt_gate.errors import UsageError
from zt_gate.review.authorship import OriginHints

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.forge.api_client import ForgeClient

Kind = Literal["pull", "queue", "push", "manual"]

_MAX_BYTES = 50 << 20
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUEUED = re.compile(r"/pr-([0-9]{1,12})-[0-9a-f]{40,64}")
#: Events about one pull request, whose payload holds it.
_PULLS = frozenset(("pull_request", "pull_request_review", "pull_request_target"))


class EventError(UsageError):
    """The event is none that the gate can judge; the text says what to run it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event.

    ``base`` and ``head`` are commit ids; ``base`` is "" where the default branch
    is meant, and all zeros where nothing was there before.  ``number`` is the
    pull request's, 0 for none; ``outside`` says that its head lies in a fork, and
    ``may_write`` that the job's token may answer in the pull request.
    """

    kind: Kind
    repository: str
    base: str
    head: str
    default_branch: str
    ref: str = ""
    number: int = 0
    outside: bool = False
    may_write: bool = False
    told: OriginHints = field(default_factory=OriginHints)
    pull: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """The repository that an event is about."""

    repository: str
    default_branch: str


def payload(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read the event's file; raises EventError."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    try:
        with open(path, "rb") as file:
            data = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise EventError(
            "GITHUB_EVENT_PATH names no event: zt-gate ci github runs in a GitHub workflow"
        ) from error
    if not isinstance(data, dict):
        raise EventError("the event's file holds no event")
    return data


def read(
    environ: Mapping[str, str], data: dict[str, Any], client: ForgeClient | None
) -> Event:
    """Return what an event is about; raises EventError, or ApiError where it has to ask."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    place = _Place(
        _text(data, "repository", "full_name") or environ.get("GITHUB_REPOSITORY", ""),
        _text(data, "repository", "default_branch"),
    )
    if name in _PULLS:
        return _of_pull(
            _table(data, "pull_request"), place, trusted=name == "pull_request_target"
        )
    if name == "workflow_run":
        return _of_pull(
            _pull_of_run(data, place.repository, client), place, trusted=True
        )
    if name == "merge_group":
        group = _table(data, "merge_group")
        ref = _text(group, "head_ref")
        queued = _QUEUED.search(ref)
        return Event(
            kind="queue", base=_oid(group, "base_sha"), head=_oid(group, "head_sha"), ref=ref,
            number=int(queued[1]) if queued else 0, repository=place.repository,
            default_branch=place.default_branch,
        )  # fmt: skip
    if name == "push":
        return _of_push(data, place)
    if name == "workflow_dispatch":
        head = environ.get("GITHUB_SHA", "")
        return Event(kind="manual", base="", head=_checked(head), ref=_text(data, "ref"),
                     told=_told_of(_text(data, "ref")), repository=place.repository,
                     default_branch=place.default_branch)  # fmt: skip
    raise EventError(
        f"the event {name!a} has no base to judge against; run the action on pull_request, "
        "merge_group, push or workflow_dispatch"
    )


def of_pull(data: Mapping[str, Any], repository: str) -> Event:
    """Return the event that a pull request, as the interface answers it, would be."""
    return _of_pull(data, _Place(repository, ""), trusted=True)


def _of_pull(pull: Mapping[str, Any], place: _Place, *, trusted: bool) -> Event:
    """``trusted``: the workflow is the base's, so its token may write for a fork, too."""
    source = _text(pull, "head", "repo", "full_name")
    outside = source.lower() != place.repository.lower()
    number = pull.get("number")
    labels = pull.get("labels")
    author = _table(pull, "user", required=False)
    return Event(
        kind="pull",
        base=_oid(_table(pull, "base"), "sha"),
        head=_oid(_table(pull, "head"), "sha"),
        ref=f"refs/pull/{number}/head",
        number=number if isinstance(number, int) else 0,
        outside=outside,
        may_write=trusted or not outside,
        told=OriginHints(
            labels=tuple(
                _text(label, "name") for label in labels or () if isinstance(label, dict)
            ),
            branch=_text(pull, "head", "ref"),
            author=f"{author.get('id', 0)}+{_text(author, 'login')}" if author else "",
            text="\n".join((_text(pull, "title"), "", _text(pull, "body"))),
        ),
        pull=pull,
        repository=place.repository,
        default_branch=place.default_branch,
    )  # fmt: skip


def _of_push(data: Mapping[str, Any], place: _Place) -> Event:
    ref = _text(data, "ref")
    head = _oid(data, "after")
    if not head.strip("0"):
        raise EventError("this push deletes a branch: there is nothing to judge")
    # To another branch whoever pushes chose what was there before: the whole branch is judged.
    onto = ref == f"refs/heads/{place.default_branch}"
    base = _oid(data, "before") if onto else ""
    return Event(
        kind="push",
        base=base,
        head=head,
        ref=ref,
        told=_told_of(ref),
        repository=place.repository,
        default_branch=place.default_branch,
    )


def _told_of(ref: str) -> OriginHints:
    return OriginHints(branch=ref.removeprefix("refs/heads/"))


def _pull_of_run(
    data: Mapping[str, Any], repository: str, client: ForgeClient | None
) -> Mapping[str, Any]:
    """Ask for the pull request that a finished workflow ran for; believes no file of that run."""
    from urllib.parse import quote

    run = _table(data, "workflow_run")
    head = _oid(run, "head_sha")
    owner = _text(run, "head_repository", "owner", "login")
    branch = _text(run, "head_branch")
    if client is None:
        raise EventError("workflow_run needs the input token, to find its pull request")
    which = quote(f"{owner}:{branch}", safe="")
    for pull in client.pages(
        f"/repos/{quote(repository)}/pulls?state=open&head={which}"
    ):
        if isinstance(pull, dict) and _text(pull, "head", "sha") == head:
            return pull
    raise EventError(
        "no open pull request has this head any more; a later run judges it"
    )


def _table(
    data: Mapping[str, Any], key: str, *, required: bool = True
) -> Mapping[str, Any]:
    value = data.get(key)
    if isinstance(value, dict):
        return value
    if required:
        raise EventError(f"the event lacks {key}")
    return {}


def _text(data: Mapping[str, Any], *keys: str) -> str:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _oid(data: Mapping[str, Any], key: str) -> str:
    return _checked(_text(data, key))


def _checked(oid: str) -> str:
    if not _OID.fullmatch(oid):
        raise EventError(
            "the event names no commit where it should: there is nothing to judge"
        )
    return oid
