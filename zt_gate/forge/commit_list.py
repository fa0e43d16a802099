"""Checks the lists of commits and reviews that the forge returns.

The decision about a review rests on them.  A list that is cut off, padded or not made
of what it should be made of is an error: an entry that is skipped could be the author's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.forge.api_client import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

_OID = lazy_re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def checked_commits(
    entries: Any, call: str, *, announced: Any, head: str
) -> list[Mapping[str, Any]]:
    """Return the commits of a pull request; raises ApiError if the list is malformed.

    ``announced`` is their number according to the pull request.  ``head`` must be one
    of them, and none may occur twice.
    """
    if not isinstance(entries, list):
        raise ApiError(f"{call}: the answer is not a list of commits")
    if isinstance(announced, bool) or not isinstance(announced, int) or announced < 1:
        raise ApiError(f"{call}: the pull request does not say how many commits it has")
    oids = [_oid_of(entry, call) for entry in entries]
    if len(oids) != announced:
        raise ApiError(f"{call}: the API returned {len(oids)} of {announced} commits")
    if len(set(oids)) != len(oids):
        raise ApiError(f"{call}: the API returned a commit twice")
    if head not in oids:
        raise ApiError(f"{call}: the head {head[:12]} is not among the commits")
    return entries


def _oid_of(entry: Any, call: str) -> str:
    """Return the id of a commit; raises ApiError unless it has all that is needed."""
    oid = entry.get("sha") if isinstance(entry, dict) else None
    if not isinstance(oid, str) or not _OID.fullmatch(oid):
        raise ApiError(f"{call}: an entry is not a commit with an id")
    recorded = entry.get("commit")
    if not isinstance(recorded, dict) or not isinstance(recorded.get("message"), str):
        raise ApiError(f"{call}: the commit {oid[:12]} has no message")
    for role in ("author", "committer"):
        person = recorded.get(role)
        if not isinstance(person, dict):
            raise ApiError(f"{call}: the commit {oid[:12]} has no {role}")
        texts = (person.get("name"), person.get("email"))
        if not all(isinstance(text, str) for text in texts):
            raise ApiError(f"{call}: the {role} of {oid[:12]} has no name and address")
        account = entry.get(role)
        # An account that was deleted is null, or a table without entries.
        if account is not None and account != {} and not _is_account(account):
            raise ApiError(f"{call}: the {role} of {oid[:12]} is not an account")
    return oid


def checked_reviews(entries: Any, call: str) -> list[Mapping[str, Any]]:
    """Return the reviews of a pull request; raises ApiError if the list is malformed.

    The account of a review is None if it was deleted.
    """
    if not isinstance(entries, list):
        raise ApiError(f"{call}: the answer is not a list of reviews")
    for entry in entries:
        is_review = isinstance(entry, dict) and isinstance(entry.get("state"), str)
        if not is_review:
            raise ApiError(f"{call}: an entry is not a review with a state")
        user = entry.get("user")
        if user is not None and not _is_account(user):
            raise ApiError(f"{call}: the account of a review has no login")
    return entries


def _is_account(user: Any) -> bool:
    login = user.get("login") if isinstance(user, dict) else None
    return isinstance(login, str) and bool(login)
