"""Decides whether a person other than the author approved the head commit.

``gather`` calls the forge; ``decide`` is pure.  An unknown fact counts against the
approval.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate import lazy_re
from zt_gate.forge import unmatched_writers
from zt_gate.forge.api_client import ApiError
from zt_gate.forge.commit_list import checked_commits, checked_reviews
from zt_gate.record import dataclass, field
from zt_gate.reports.escape import visible
from zt_gate.review.authorship import Marks, is_agent_account

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.forge.github_event import Event
    from zt_gate.forge.unmatched_writers import Writer
    from zt_gate.syntax.codeowners import Owners

_NOREPLY = lazy_re.compile(
    r"(?:([0-9]{1,20})\+)?([^@\s<>]{1,60})@users\.noreply\.github\.com",
    re.IGNORECASE,
)
_DECIDING_STATES = frozenset(("APPROVED", "CHANGES_REQUESTED", "DISMISSED"))
_WRITE_PERMISSIONS = frozenset(("admin", "maintain", "write"))
_MAX_LISTED = 10
_MAX_NAME = 60
_WROTE = "wrote, committed or proposed the change"
_HOW_TO_NAME = (
    " To name the account of a co-author, give the address "
    "ID+LOGIN@users.noreply.github.com in the trailer; or have somebody approve whose "
    "public name has nothing in common with it."
)
#: How a head is approved other than by a review.
DISPATCHED = "approved the head commit by starting this run on the default branch"
VARIABLE = "the input approved-head of the base's workflow names the head commit"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the forge; ``kind`` is "User" for people, for example "Bot" else."""

    login: str
    number: int = 0
    kind: str = "User"

    @property
    def key(self) -> str:
        """The login in lower case, for comparison."""
        return self.login.lower()


@dataclass(frozen=True, slots=True)
class Review:
    """The last deciding review of one account, and the commit that it reviews."""

    account: Account
    state: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """The facts from the forge on which the decision rests.

    ``writers`` are logins and numeric ids of all authors, committers and proposers;
    ``unknown`` counts commits whose author or committer has no account.  ``may_write``
    has the logins with write access to the repository; ``members`` has the approving
    members of each team.
    """

    head: str
    reviews: tuple[Review, ...] = ()
    writers: frozenset[str | int] = frozenset()
    may_write: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unknown: int = 0
    #: By login: why an approving account may be a writer whose account is not known.
    uncertain: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The result of the reviews.

    ``approvers`` approved the head commit.  ``owner`` names them if they own every
    changed path, else it is "".  ``missing`` says which approval is still needed and
    from whom, "" for none.  ``reason`` says how ``owner`` approved, "" for a review.
    """

    approvers: tuple[str, ...] = ()
    owner: str = ""
    missing: str = ""
    reason: str = ""


def gather(
    client: ForgeClient, event: Event, owners: Iterable[str], marks: Marks
) -> ReviewFacts:
    """Request reviews, commits and permissions from the forge; raises ApiError.

    A malformed list of commits or reviews is an ApiError, too.
    """
    repository = f"/repos/{quote(event.repository)}"
    pull_path = f"{repository}/pulls/{event.number}"
    pull = _with_count(event.pull or {}, client, pull_path)
    reviews_path, commits_path = f"{pull_path}/reviews", f"{pull_path}/commits"
    reviews = _last_reviews(
        checked_reviews(client.pages(reviews_path), f"GET {reviews_path}")
    )
    commits = checked_commits(
        client.pages(commits_path),
        f"GET {commits_path}",
        announced=pull.get("commits"),
        head=event.head,
    )
    approving = [review for review in reviews if review.state == "APPROVED"]
    may_write = {
        review.account.key
        for review in approving
        if _may_write(client, repository, review.account)
    }
    teams = {owner for owner in owners if owner.startswith("@") and "/" in owner}
    strangers = unmatched_writers.unmatched(commits, marks) if approving else []
    known = unmatched_writers.accounts_of(client, repository, strangers)
    strangers = [writer for writer in strangers if writer not in known]
    return ReviewFacts(
        head=event.head,
        reviews=tuple(reviews),
        writers=frozenset((*_writers(pull, commits), *known.values())),
        may_write=frozenset(may_write),
        members={team: _members(client, team, approving) for team in sorted(teams)},
        unknown=sum(not _has_accounts(commit) for commit in commits),
        uncertain=_uncertain(client, repository, approving, strangers),
    )


def _with_count(
    pull: Mapping[str, Any], client: ForgeClient, pull_path: str
) -> Mapping[str, Any]:
    """Return a pull request that has its number of commits; some events leave it out."""
    if "commits" in pull:
        return pull
    answer = client.get(pull_path)
    return answer if isinstance(answer, dict) else {}


def _uncertain(
    client: ForgeClient,
    repository: str,
    approving: Iterable[Review],
    strangers: Sequence[Writer],
) -> dict[str, str]:
    """Return, by login, why an approving account may have written the change."""
    reasons: dict[str, str] = {}
    if not strangers:
        return reasons
    for review in approving:
        login = review.account.login
        identity = unmatched_writers.identity_of(client, repository, login)
        for writer in strangers:
            if unmatched_writers.is_same(writer, identity):
                reasons[review.account.key] = _WROTE
                break
            if not unmatched_writers.is_apart(writer, identity):
                name = visible(writer.name)[:_MAX_NAME] or "without a name"
                reasons[review.account.key] = (
                    f"may be the co-author {name}, whose address belongs to no known account"
                )
                break
    return reasons


def _last_reviews(reviews: Iterable[Any]) -> list[Review]:
    """Return the last deciding review of each account; comments decide nothing."""
    last: dict[str, Review] = {}
    for review in reviews:
        user = _dict(review, "user")
        state = _text(review, "state").upper()
        if not user or state not in _DECIDING_STATES:
            continue
        account = Account(_text(user, "login"), _number(user), _text(user, "type"))
        last[account.key] = Review(account, state, _text(review, "commit_id"))
    return list(last.values())


def _may_write(client: ForgeClient, repository: str, account: Account) -> bool:
    login = quote(account.login, safe="")
    try:
        answer = client.get(f"{repository}/collaborators/{login}/permission")
    except ApiError as error:
        if error.status == 404:  # the account is not a collaborator
            return False
        raise
    return _text(answer, "permission") in _WRITE_PERMISSIONS


def _members(
    client: ForgeClient, team: str, approving: Iterable[Review]
) -> frozenset[str]:
    """Return the approving members of a team; none if the token may not read it."""
    organization, _, name = team.removeprefix("@").partition("/")
    memberships = f"/orgs/{quote(organization)}/teams/{quote(name)}/memberships"
    members = set()
    for review in approving:
        try:
            answer = client.get(f"{memberships}/{quote(review.account.login)}")
        except ApiError as error:
            if error.status in {403, 404}:
                continue
            raise
        if _text(answer, "state") == "active":
            members.add(review.account.key)
    return frozenset(members)


def _writers(pull: Mapping[str, Any], commits: Iterable[Any]) -> Iterable[str | int]:
    """Yield logins and ids of proposer, authors, committers and co-authors."""
    users = [_dict(pull, "user")]
    for commit in commits:
        users += [_dict(commit, "author"), _dict(commit, "committer")]
        git_commit = _dict(commit, "commit")
        texts = (
            _text(_dict(git_commit, "author"), "email"),
            _text(_dict(git_commit, "committer"), "email"),
            _text(git_commit, "message"),
            unmatched_writers.plain_message(_text(git_commit, "message")),
        )
        for number, login in _NOREPLY.findall("\n".join(texts)):
            yield login.lower()
            if number:
                yield int(number)
    for user in users:
        if user:
            yield _text(user, "login").lower()
            yield _number(user)


def _has_accounts(commit: Any) -> bool:
    return bool(_dict(commit, "author") and _dict(commit, "committer"))


def decide(
    facts: ReviewFacts, paths: Sequence[bytes], owners: Owners, marks: Marks
) -> Decision:
    """Compare the reviews with the writers of the change and the owners of its paths."""
    valid: list[Account] = []
    refused: list[str] = []
    for review in facts.reviews:
        if review.state != "APPROVED":
            continue
        reason = _refusal(review, facts, marks)
        if reason:
            refused.append(f"@{review.account.login} {reason}")
        else:
            valid.append(review.account)
    logins = {account.key for account in valid}
    owner_groups = [owners.of(path) for path in paths]
    unapproved = [
        names
        for names in owner_groups
        if names and not _includes_owner(names, logins, facts)
    ]
    approvers = tuple(f"@{account.login}" for account in valid)
    owner = ""
    if valid and owner_groups and all(owner_groups) and not unapproved:
        owner = ", ".join(approvers)
    missing = ""
    if not valid:
        missing = _missing(facts, owner_groups)
    elif unapproved:
        missing = _missing(facts, unapproved)
    if missing and refused:
        missing += f" Not counted: {'; '.join(refused[:_MAX_LISTED])}."
        if any(reason != _WROTE for reason in facts.uncertain.values()):
            missing += _HOW_TO_NAME
    return Decision(approvers=approvers, owner=owner, missing=missing)


def decide_dispatch(
    client: ForgeClient,
    event: Event,
    paths: Sequence[bytes],
    owners: Owners,
    marks: Marks,
) -> Decision:
    """Decide whether whoever started the run may approve the head; raises ApiError.

    It is the way of a project with one maintainer, so the author of the change may
    approve it.  A path without an owner needs write access alone.
    """
    actor = event.actor or {}
    account = Account(_text(actor, "login"), _number(actor), _text(actor, "type"))
    name = f"@{account.login}"
    refused = ""
    if account.kind != "User" or not account.login or account.key.endswith("[bot]"):
        refused = "is no person"
    elif is_agent_account(f"{account.number}+{account.login}", marks):
        refused = "is an agent"
    elif not _may_write(client, f"/repos/{quote(event.repository)}", account):
        refused = "has no write access to the repository"
    if refused:
        missing = (
            f"{name} started this run to approve {event.head[:12]}, but {refused}."
        )
        return Decision(missing=missing)
    groups = [group for path in paths if (group := owners.of(path))]
    teams = {owner for group in groups for owner in group if "/" in owner}
    as_review = Review(account, "APPROVED", event.head)
    facts = ReviewFacts(
        head=event.head,
        members={team: _members(client, team, [as_review]) for team in sorted(teams)},
    )
    lacking = [
        group for group in groups if not _includes_owner(group, {account.key}, facts)
    ]
    if lacking:
        missing = f"{name} does not own every path. {_missing(facts, lacking)}"
        return Decision(approvers=(name,), missing=missing)
    return Decision(approvers=(name,), owner=name, reason=DISPATCHED)


def _refusal(review: Review, facts: ReviewFacts, marks: Marks) -> str:
    """Return why an approving review does not count, "" if it counts."""
    account = review.account
    if account.kind != "User" or account.key.endswith("[bot]"):
        return "is a bot"
    if is_agent_account(f"{account.number}+{account.login}", marks):
        return "is an agent"
    is_writer = account.key in facts.writers
    if is_writer or (account.number and account.number in facts.writers):
        return _WROTE
    if account.key in facts.uncertain:
        return facts.uncertain[account.key]
    if review.head != facts.head:
        return "approved another commit"
    if account.key not in facts.may_write:
        return "has no write access to the repository"
    return ""


def _includes_owner(names: Iterable[str], logins: set[str], facts: ReviewFacts) -> bool:
    """Whether one of the owners, a person or a team, is among the logins."""
    for name in names:
        if not name.startswith("@"):
            continue
        if "/" in name:
            owners = facts.members.get(name, frozenset())
        else:
            owners = frozenset((_login_key(name),))
        if logins & owners:
            return True
    return False


def _login_key(name: str) -> str:
    return name.removeprefix("@").lower()


def _missing(facts: ReviewFacts, owner_groups: Iterable[tuple[str, ...]]) -> str:
    """Return which approval is needed and from whom."""
    groups = list(dict.fromkeys(names for names in owner_groups if names))
    head = facts.head[:12]
    if not groups:
        return (
            f"No valid approval of {head}: it needs an approving review from a person "
            "with write access who did not write, commit or propose the change."
        )
    reviewers = "; ".join(_eligible(names, facts) for names in groups[:_MAX_LISTED])
    if len(groups) > _MAX_LISTED:
        reviewers += f", and {len(groups) - _MAX_LISTED} more groups"
    return f"An approving review of {head} is missing from: {reviewers}."


def _eligible(names: tuple[str, ...], facts: ReviewFacts) -> str:
    """Return the owners of a path who did not write the change."""
    eligible = [name for name in names if _login_key(name) not in facts.writers]
    if not eligible:
        return f"another owner than {', '.join(names)}, who wrote the change"
    return " or ".join(eligible)


def _dict(data: Any, key: str) -> Mapping[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _text(data: Any, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def _number(data: Mapping[str, Any]) -> int:
    value = data.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
