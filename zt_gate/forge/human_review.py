"""Whether a person has looked: reviews of the current head, by somebody else than wrote it.

``gather`` asks the forge, ``decide`` is pure.  What cannot be told counts as no.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from zt_gate.forge.api_client import ApiError
from zt_gate.review.authorship import Marks, is_agent_account

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zt_gate.forge.api_client import ForgeClient
    from zt_gate.forge.github_event import Event
    from zt_gate.syntax.codeowners import Owners

_NOREPLY = re.compile(
    r"(?:([0-9]{1,20})\+)?([^@\s<>]{1,60})@users\.noreply\.github\.com"
)
_DECIDES = frozenset(("APPROVED", "CHANGES_REQUESTED", "DISMISSED"))
_MAY_WRITE = frozenset(("admin", "maintain", "write"))
_MAX_NAMED = 10


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the forge; ``kind`` is "User" for people, else "Bot" and the like."""

    login: str
    number: int = 0
    kind: str = "User"

    @property
    def key(self) -> str:
        """The login as it is compared."""
        return self.login.lower()


@dataclass(frozen=True, slots=True)
class Review:
    """The last word of one reviewer, and of which commit it was said."""

    account: Account
    state: str
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """What the forge says.

    ``writers`` are logins and numeric ids of everybody who wrote, committed or
    proposed; ``unknown`` counts commits whose people have no account.
    ``may_write`` has the logins that may write to the repository; ``members`` the
    logins for which a team's membership is known, by team.
    """

    head: str
    reviews: tuple[Review, ...] = ()
    writers: frozenset[str | int] = frozenset()
    may_write: frozenset[str] = frozenset()
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unknown: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the reviews come to.

    ``people`` have approved the head; ``owner`` names them where every touched path
    has an owner among them, else "".  ``missing`` says what is still needed, and who
    may give it, "" for nothing.
    """

    people: tuple[str, ...] = ()
    owner: str = ""
    missing: str = ""


def gather(client: ForgeClient, event: Event, owners: Iterable[str]) -> ReviewFacts:
    """Ask for reviews, commits and permissions; raises ApiError."""
    pull = event.pull or {}
    top = f"/repos/{quote(event.repository)}"
    here = f"{top}/pulls/{event.number}"
    last = _last_words(client.pages(f"{here}/reviews"))
    commits = client.pages(f"{here}/commits")
    total = pull.get("commits")
    if isinstance(total, int) and total > len(commits):
        raise ApiError(
            f"GET {here}/commits: {total} commits, of which {len(commits)} are told"
        )
    approving = [one for one in last if one.state == "APPROVED"]
    may = {
        one.account.key for one in approving if _permission(client, top, one.account)
    }
    teams = {owner for owner in owners if owner.startswith("@") and "/" in owner}
    return ReviewFacts(
        head=event.head,
        reviews=tuple(last),
        writers=frozenset(_writers(pull, commits)),
        may_write=frozenset(may),
        members={team: _members(client, team, approving) for team in sorted(teams)},
        unknown=sum(not _known(commit) for commit in commits),
    )


def _last_words(reviews: Iterable[Any]) -> list[Review]:
    """Return the last deciding review of each account; comments decide nothing."""
    found: dict[str, Review] = {}
    for review in reviews:
        user, state = _dict(review, "user"), _text(review, "state").upper()
        if not user or state not in _DECIDES:
            continue
        account = Account(_text(user, "login"), _number(user), _text(user, "type"))
        found[account.key] = Review(account, state, _text(review, "commit_id"))
    return list(found.values())


def _permission(client: ForgeClient, top: str, account: Account) -> bool:
    path = f"{top}/collaborators/{quote(account.login, safe='')}/permission"
    try:
        answer = client.get(path)
    except ApiError as error:
        if error.status == 404:  # an account that the repository does not know
            return False
        raise
    return _text(answer, "permission") in _MAY_WRITE


def _members(
    client: ForgeClient, team: str, approving: Iterable[Review]
) -> frozenset[str]:
    """Return who of them is in a team; one that the token may not look into has nobody."""
    org, _, name = team.removeprefix("@").partition("/")
    found = set()
    for review in approving:
        path = f"/orgs/{quote(org)}/teams/{quote(name)}/memberships/{quote(review.account.login)}"
        try:
            answer = client.get(path)
        except ApiError as error:
            if error.status in {403, 404}:
                continue
            raise
        if _text(answer, "state") == "active":
            found.add(review.account.key)
    return frozenset(found)


def _writers(pull: Mapping[str, Any], commits: Iterable[Any]) -> Iterable[str | int]:
    users = [_dict(pull, "user")]
    for commit in commits:
        users += [_dict(commit, "author"), _dict(commit, "committer")]
        inner = _dict(commit, "commit")
        text = "\n".join(
            (
                _text(_dict(inner, "author"), "email"),
                _text(_dict(inner, "committer"), "email"),
                _text(inner, "message"),
            )
        )
        for number, login in _NOREPLY.findall(text):
            yield login.lower()
            if number:
                yield int(number)
    for user in users:
        if user:
            yield _text(user, "login").lower()
            yield _number(user)


def _known(commit: Any) -> bool:
    return bool(_dict(commit, "author") and _dict(commit, "committer"))


def decide(
    facts: ReviewFacts, paths: Sequence[bytes], owners: Owners, marks: Marks
) -> Decision:
    """Hold the reviews against who wrote the change and who owns what it touches."""
    good: list[Account] = []
    refused: list[str] = []
    for review in facts.reviews:
        if review.state != "APPROVED":
            continue
        reason = _why_not(review, facts, marks)
        if reason:
            refused.append(f"@{review.account.login} {reason}")
        else:
            good.append(review.account)
    logins = {account.key for account in good}
    owned = {path: owners.of(path) for path in paths}
    open_ = [
        path
        for path, names in owned.items()
        if names and not _has(names, logins, facts)
    ]
    covered = bool(owned) and all(owned.values()) and not open_
    named = tuple(f"@{account.login}" for account in good)
    missing = ""
    if not good or open_:
        missing = _missing(
            facts, [owned[path] for path in open_] if good else owned.values()
        )
        if refused:
            missing += f" Not counted: {'; '.join(refused[:_MAX_NAMED])}."
    return Decision(
        people=named,
        owner=", ".join(named) if covered and good else "",
        missing=missing,
    )


def _why_not(review: Review, facts: ReviewFacts, marks: Marks) -> str:
    account = review.account
    if account.kind != "User" or account.key.endswith("[bot]"):
        return "is a bot"
    if is_agent_account(f"{account.number}+{account.login}", marks):
        return "is an agent"
    if account.key in facts.writers or (
        account.number and account.number in facts.writers
    ):
        return "wrote, committed or proposed it"
    if review.head != facts.head:
        return "approved another commit"
    if account.key not in facts.may_write:
        return "may not write to the repository"
    return ""


def _has(names: Iterable[str], logins: set[str], facts: ReviewFacts) -> bool:
    return any(
        name.removeprefix("@").lower() in logins
        if "/" not in name
        else bool(logins & facts.members.get(name, frozenset()))
        for name in names
        if name.startswith("@")
    )


def _missing(facts: ReviewFacts, owned: Iterable[tuple[str, ...]]) -> str:
    """Say what is needed and who may give it."""
    groups = dict.fromkeys(names for names in owned if names)
    head = facts.head[:12]
    if not groups:
        who = "any person who may write to the repository and neither wrote, committed nor "
        return f"Nobody has approved {head} who could: {who}proposed the change."
    told = []
    for names in list(groups)[:_MAX_NAMED]:
        free = [
            name
            for name in names
            if name.removeprefix("@").lower() not in facts.writers
        ]
        told.append(
            " or ".join(free) if free else f"nobody: {', '.join(names)} wrote it"
        )
    more = (
        f", and {len(groups) - _MAX_NAMED} more groups"
        if len(groups) > _MAX_NAMED
        else ""
    )
    return f"An approving review of {head} is missing from: {'; '.join(told)}{more}."


def _dict(data: Any, key: str) -> Mapping[str, Any]:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _text(data: Any, key: str) -> str:
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, str) else ""


def _number(data: Mapping[str, Any]) -> int:
    value = data.get("id")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
