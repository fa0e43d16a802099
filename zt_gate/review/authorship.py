"""Who wrote a change: the marks that agents leave, and what they are read from.

Pure: commits, and what whoever starts the gate says of the pull request, against
the patterns of ``rules/gate/origin.toml`` and the policy's ``[ai]``.  A mark is a
reason to look closer; that there is none is no proof of a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zt_gate.model.profile import Profile
from zt_gate.model.report import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.model.change import Commit
    from zt_gate.model.rule import Rule

RULE = "gate/agent-written"
#: Evidence that is listed; more of it says nothing new.
MAX_EVIDENCE = 20
_MAX_LINES = 2_000
_MAX_LINE = 500

_TRAILER = re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,4}:[ \t]{0,8}(\S.*)")
_ADDRESS = re.compile(r"<([^<>\s]{3,250})>")
#: GitHub's private addresses: the numeric id of the account, then its name.
_ACCOUNT = re.compile(r"([0-9]{1,20})\+.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginHints:
    """What is said of a change from outside: it stands in no commit.

    ``author`` opened the pull request: an address, or ``ID+LOGIN`` as in GitHub's
    private addresses.  ``text`` is the description of the pull request.
    """

    labels: tuple[str, ...] = ()
    branch: str = ""
    author: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The marks of one agent; ``name`` is "" for those that any may leave."""

    name: str = ""
    addresses: tuple[str, ...] = ()
    bots: frozenset[int] = frozenset()
    branches: tuple[str, ...] = ()
    trailers: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Everything that counts as a mark in one run; ``own`` are the policy's."""

    labels: frozenset[str] = frozenset()
    agents: tuple[Agent, ...] = ()
    own: tuple[str, ...] = ()


def marks_of(rule: Rule, ai: Mapping[str, Any], labels: Iterable[str] = ()) -> Marks:
    """Return the marks of the rule and of the policy's ``[ai]``.

    The policy's labels stand in the place of the rule's; its ``marks`` and ``labels``
    of whoever starts the gate are added.
    """
    data = rule.data
    known = ai["labels"] if "labels" in ai else data.get("labels", ())
    return Marks(
        labels=frozenset(_plain(label) for label in (*known, *labels)),
        agents=(_agent(data), *(_agent(table) for table in data.get("agents", ()))),
        own=tuple(ai.get("marks", ())),
    )


def _agent(table: Mapping[str, Any]) -> Agent:
    return Agent(
        name=table.get("name", ""),
        addresses=tuple(table.get("addresses", ())),
        bots=frozenset(table.get("bots", ())),
        branches=tuple(table.get("branches", ())),
        trailers=frozenset(table.get("trailers", ())),
        lines=tuple(table.get("lines", ())),
        authors=tuple(table.get("authors", ())),
        subjects=tuple(table.get("subjects", ())),
    )


def detect_origin(commits: Iterable[Commit], told: OriginHints, marks: Marks) -> Origin:
    """Return whether there is any mark, with each one as evidence."""
    found = dict.fromkeys((*_outside(told, marks), *_inside(commits, marks)))
    evidence = tuple(found)[:MAX_EVIDENCE]
    if len(found) > MAX_EVIDENCE:
        evidence += (f"and {len(found) - MAX_EVIDENCE} more marks",)
    return Origin(bool(found), evidence)


def is_agent_account(account: str, marks: Marks) -> bool:
    """Whether an address or an ``ID+LOGIN`` is a known agent's."""
    return any(True for _ in _account(account, marks))


def _outside(told: OriginHints, marks: Marks) -> Iterator[str]:
    for label in told.labels:
        if _plain(label) in marks.labels:
            yield f"label {label}"
    branch = _plain(told.branch)
    for agent in marks.agents:
        if branch and any(
            matches_wildcard(pattern, branch) for pattern in agent.branches
        ):
            yield f"branch {told.branch}{_by(agent)}"
    for what, text in (("branch", told.branch), ("author", told.author)):
        if text and any(matches_wildcard(pattern, text) for pattern in marks.own):
            yield f"{what} {text} (a mark of the policy)"
    for name in _account(told.author, marks):
        yield f"author {told.author}{name}"
    for mark in _message(told.text, marks):
        yield f"description: {mark}"


def _inside(commits: Iterable[Commit], marks: Marks) -> Iterator[str]:
    for commit in commits:
        for mark in _of_commit(commit, marks):
            yield f"commit {commit.oid[:12]}: {mark}"


def _of_commit(commit: Commit, marks: Marks) -> Iterator[str]:
    people = (
        ("author", commit.author_name, commit.author_email),
        ("committer", commit.committer_name, commit.committer_email),
    )
    for role, raw_name, raw_email in people:
        name, email = _text(raw_name), _text(raw_email)
        for by in _account(email, marks):
            yield f"{role} {email}{by}"
        for agent in marks.agents:
            if any(matches_wildcard(pattern, name) for pattern in agent.authors):
                yield f"{role} {name}{_by(agent)}"
        if any(matches_wildcard(pattern, email) for pattern in marks.own):
            yield f"{role} {email} (a mark of the policy)"
    text = _text(commit.message)
    subject = text.lstrip().partition("\n")[0]
    for agent in marks.agents:
        if any(matches_wildcard(pattern, subject) for pattern in agent.subjects):
            yield f"subject {subject[:_MAX_LINE]}{_by(agent)}"
    yield from _message(text, marks)


def _message(text: str, marks: Marks) -> Iterator[str]:
    """Find marks in the lines of a message: trailers count wherever they stand."""
    for raw in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        line = raw[:_MAX_LINE].strip()
        if not line:
            continue
        trailer = _TRAILER.fullmatch(line)
        key = trailer[1].lower() if trailer else ""
        for agent in marks.agents:
            if key in agent.trailers or any(
                matches_wildcard(pattern, line) for pattern in agent.lines
            ):
                yield f"{'trailer' if trailer else 'line'} {line}{_by(agent)}"
        if trailer and (key.endswith("-by") or key in {"author", "from"}):
            for address in _ADDRESS.findall(trailer[2]):
                for by in _account(address, marks):
                    yield f"trailer {line}{by}"
        if any(matches_wildcard(pattern, line) for pattern in marks.own):
            yield f"line {line} (a mark of the policy)"


def _account(account: str, marks: Marks) -> Iterator[str]:
    """Yield the agents whose address or numeric id ``account`` is, ready to be added to it."""
    plain = _plain(account)
    match = _ACCOUNT.fullmatch(plain)
    number = int(match[1]) if match else 0
    for agent in marks.agents:
        known = number in agent.bots and plain.partition("@")[2] in {
            "",
            "users.noreply.github.com",
        }
        if plain and (
            known
            or any(matches_wildcard(pattern, plain) for pattern in agent.addresses)
        ):
            yield _by(agent)


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether ``text`` is what ``pattern`` says; ``*`` stands for any text.

    The first place of each part is taken, so the time is linear in the text for
    each part of the pattern.
    """
    first, *rest = _plain(pattern).split("*")
    text = _plain(text)
    if not rest:
        return text == first
    if not text.startswith(first):
        return False
    at, last = len(first), rest.pop()
    for part in rest:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(last) and text.endswith(last)


def profile_for(origin: Origin, profile: Profile) -> Profile:
    """Return the profile to judge by: the policy's, or strict for what an agent wrote."""
    return Profile.STRICT if origin.ai else profile


def _by(agent: Agent) -> str:
    return f" ({agent.name})" if agent.name else ""


def _plain(text: str) -> str:
    return text.strip().lower()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
