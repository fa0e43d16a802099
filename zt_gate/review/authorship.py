"""Detects whether an agent wrote a change, by the marks that agents leave.

Pure: it compares commits, and what the caller knows of the pull request, with the
patterns of ``rules/gate/origin.toml`` and of the policy's ``[ai]``.  A mark makes
the gate stricter; a change without marks is not proved to be a person's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from zt_gate import lazy_re
from zt_gate.model.profile import Profile
from zt_gate.model.report import Origin
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.model.change import Commit
    from zt_gate.model.rule import Rule

RULE = "gate/agent-written"
#: The most marks that are listed as evidence.
MAX_EVIDENCE = 20
#: The lines of a message that are read, and the characters of each.
_MAX_LINES = 2_000
_MAX_LINE = 500
#: What the evidence says of a match of the policy's own patterns.
_POLICY_MARK = "listed in the policy's [ai] marks"

_TRAILER = lazy_re.compile(r"([A-Za-z][A-Za-z0-9-]{0,60})[ \t]{0,4}:[ \t]{0,8}(\S.*)")
_ADDRESS = lazy_re.compile(r"<([^<>\s]{3,250})>")
#: Emoji, quote and list marks before a line; a quotation mark or a bracket stays.
_DECORATION = lazy_re.compile(r"(?:[^\w\[\](){}\"'`\u2018-\u201f\u00ab\u00bb<]|_)+")
_LINK_TARGET = lazy_re.compile(r"\]\([^()\s]{0,400}\)")
#: Running text behind a link, as in "… [X](https://…) from every message".
_TEXT_AFTER_LINK = lazy_re.compile(
    r"\]\([^()\s]{0,400}\)[,;:]? (?!(?:via|using|and|with|by|on)\b)[a-z]+ [a-z]+",
)
#: Words of a sentence about a mark, which a mark itself does not have.
_ABOUT_A_MARK = lazy_re.compile(
    r"\b(?:lines?|trailers?|footers?|footnotes?|headers?|keys?|marks?|markers?"
    r"|attributions?"
    r"|signatures?|suffix|sentences?|is|are|was|were|has|have|must|should|never|not|no"
    r"|without|instead|removed?s?|removing|strip(?:s|ped|ping)?|drop(?:s|ped|ping)?"
    r"|add(?:s|ed|ing)?|append(?:s|ed|ing)?|count(?:s|ed)?|match(?:es|ed)?|recogni[sz]ed?s?"
    r"|detect(?:s|ed)?|parse[sd]?|written|reads?)\b",
    re.IGNORECASE,
)
_FENCE = lazy_re.compile(r"[ \t]{0,12}(?:```|~~~)")
_HTML_COMMENT = lazy_re.compile(r"<!--.*?-->", re.DOTALL)
#: The local part of GitHub's private addresses: numeric account id, "+", name.
_ACCOUNT = lazy_re.compile(r"([0-9]{1,20})\+.*")


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginHints:
    """Facts about a change from outside its commits, given by the caller.

    ``author`` is who opened the pull request: an address, or ``ID+LOGIN`` as in
    GitHub's private addresses.  ``text`` is the description of the pull request.
    """

    labels: tuple[str, ...] = ()
    branch: str = ""
    author: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """The marks of one agent; ``name`` is "" for marks that any agent may leave."""

    name: str = ""
    addresses: tuple[str, ...] = ()
    bots: frozenset[int] = frozenset()
    branches: tuple[str, ...] = ()
    trailers: frozenset[str] = frozenset()
    #: Keys of trailers whose value is one word: an id or a URL.
    session_trailers: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """All marks of one run; ``policy_patterns`` are the wildcard patterns of ``[ai]``."""

    labels: frozenset[str] = frozenset()
    agents: tuple[Agent, ...] = ()
    policy_patterns: tuple[str, ...] = ()


def marks_of(rule: Rule, ai: Mapping[str, Any], labels: Iterable[str] = ()) -> Marks:
    """Return the marks of the rule and of the policy's ``[ai]``.

    The policy's labels replace the rule's.  Its ``marks``, and the caller's ``labels``,
    are added.
    """
    data = rule.data
    configured_labels = ai["labels"] if "labels" in ai else data.get("labels", ())
    agents = [_agent(table) for table in data.get("agents", ())]
    return Marks(
        labels=frozenset(_normalized(label) for label in (*configured_labels, *labels)),
        agents=(_agent(data), *agents),
        policy_patterns=tuple(ai.get("marks", ())),
    )


def _agent(table: Mapping[str, Any]) -> Agent:
    return Agent(
        name=table.get("name", ""),
        addresses=tuple(table.get("addresses", ())),
        bots=frozenset(table.get("bots", ())),
        branches=tuple(table.get("branches", ())),
        trailers=frozenset(table.get("trailers", ())),
        session_trailers=frozenset(table.get("session-trailers", ())),
        lines=tuple(table.get("lines", ())),
        authors=tuple(table.get("authors", ())),
        subjects=tuple(table.get("subjects", ())),
    )


def detect_origin(
    commits: Iterable[Commit], hints: OriginHints, marks: Marks
) -> Origin:
    """Return whether the change has any mark, with the marks as evidence."""
    evidence = (*_marks_in_hints(hints, marks), *_marks_in_commits(commits, marks))
    distinct = tuple(dict.fromkeys(evidence))
    listed = distinct[:MAX_EVIDENCE]
    if len(distinct) > MAX_EVIDENCE:
        listed += (f"and {len(distinct) - MAX_EVIDENCE} more marks",)
    return Origin(bool(distinct), listed)


def is_agent_account(account: str, marks: Marks) -> bool:
    """Whether an address or an ``ID+LOGIN`` belongs to a known agent."""
    return any(True for _ in _agents_with_account(account, marks))


def _marks_in_hints(hints: OriginHints, marks: Marks) -> Iterator[str]:
    for label in hints.labels:
        if _normalized(label) in marks.labels:
            yield f"label {label}"
    if _normalized(hints.branch):
        for agent in marks.agents:
            if _matches_any(agent.branches, hints.branch):
                yield f"branch {hints.branch}{_by(agent)}"
    for field, text in (("branch", hints.branch), ("author", hints.author)):
        if text and _matches_any(marks.policy_patterns, text):
            yield f"{field} {text} ({_POLICY_MARK})"
    for agent in _agents_with_account(hints.author, marks):
        yield f"author {hints.author}{_by(agent)}"
    # What the template of a description says in a comment is not what its author says.
    for mark in _marks_in_message(_HTML_COMMENT.sub("", hints.text), marks):
        yield f"description: {mark}"


def _marks_in_commits(commits: Iterable[Commit], marks: Marks) -> Iterator[str]:
    for commit in commits:
        for mark in _marks_in_commit(commit, marks):
            yield f"commit {commit.oid[:12]}: {mark}"


def _marks_in_commit(commit: Commit, marks: Marks) -> Iterator[str]:
    people = (
        ("author", commit.author_name, commit.author_email),
        ("committer", commit.committer_name, commit.committer_email),
    )
    for role, raw_name, raw_email in people:
        name, email = _text(raw_name), _text(raw_email)
        for agent in _agents_with_account(email, marks):
            yield f"{role} {email}{_by(agent)}"
        for agent in marks.agents:
            if _matches_any(agent.authors, name):
                yield f"{role} {name}{_by(agent)}"
        if _matches_any(marks.policy_patterns, email):
            yield f"{role} {email} ({_POLICY_MARK})"
    message = _text(commit.message)
    subject = message.lstrip().partition("\n")[0]
    for agent in marks.agents:
        if _matches_any(agent.subjects, subject):
            yield f"subject {subject[:_MAX_LINE]}{_by(agent)}"
    yield from _marks_in_message(message, marks)


def _marks_in_message(message: str, marks: Marks) -> Iterator[str]:
    """Yield the marks in the lines of a message; a trailer counts on any line.

    A closed code block is an example, and its lines are no marks.
    """
    lines = message.split("\n", _MAX_LINES)[:_MAX_LINES]
    for raw_line in _outside_code_blocks(lines):
        line = raw_line[:_MAX_LINE].strip()
        if line:
            yield from _marks_in_line(line, marks)


def _outside_code_blocks(lines: list[str]) -> list[str]:
    """Return the lines outside fenced code blocks; a fence that is not closed is a line."""
    kept: list[str] = []
    opened: int | None = None
    for line in lines:
        kept.append(line)
        if _FENCE.match(line) is None:
            continue
        if opened is None:
            opened = len(kept) - 1
        else:
            del kept[opened:]
            opened = None
    return kept


def _marks_in_line(line: str, marks: Marks) -> Iterator[str]:
    """Yield the marks that one line is; a line that only speaks of one is none."""
    trailer = _TRAILER.fullmatch(line)
    key = trailer[1].lower() if trailer else ""
    value = trailer[2] if trailer else ""
    kind = "trailer" if trailer else "line"
    plain = _plain(line)
    is_sentence = _is_sentence(plain)
    for agent in marks.agents:
        is_session = key in agent.session_trailers and len(value.split()) == 1
        if is_session or (
            not is_sentence
            and (key in agent.trailers or _matches_any(agent.lines, plain))
        ):
            yield f"{kind} {line}{_by(agent)}"
    addresses = _addresses_in_trailer(key, value)
    for address in addresses:
        for agent in _agents_with_account(address, marks):
            yield f"trailer {line}{_by(agent)}"
    if any(_matches_any(marks.policy_patterns, text) for text in {line, plain}) or any(
        _matches_any(marks.policy_patterns, address) for address in addresses
    ):
        yield f"line {line} ({_POLICY_MARK})"


def _is_sentence(line: str) -> bool:
    """Whether a line that begins like a mark is a sentence about marks."""
    without_targets = _LINK_TARGET.sub("]", line)
    return bool(_ABOUT_A_MARK.search(without_targets) or _TEXT_AFTER_LINK.search(line))


def _plain(line: str) -> str:
    """Return a line without the decoration around it: emoji, list marks, emphasis."""
    start = _DECORATION.match(line)
    return line[start.end() if start else 0 :].rstrip("*_ \t")


def _addresses_in_trailer(key: str, value: str) -> list[str]:
    """Return the addresses of a trailer that names people; none where a sentence follows."""
    if not (key.endswith("-by") or key in {"author", "from"}):
        return []
    text_after = _ADDRESS.split(value)[-1].partition("(")[0]
    is_sentence = len(text_after.split()) > 1 and _ABOUT_A_MARK.search(text_after)
    return [] if is_sentence else _ADDRESS.findall(value)


def _agents_with_account(account: str, marks: Marks) -> Iterator[Agent]:
    """Yield the agents that ``account`` belongs to, by its address or its numeric id."""
    address = _normalized(account)
    if not address:
        return
    match = _ACCOUNT.fullmatch(address)
    account_id = int(match[1]) if match else 0
    has_github_id = address.partition("@")[2] in {"", "users.noreply.github.com"}
    for agent in marks.agents:
        is_bot = has_github_id and account_id in agent.bots
        if is_bot or _matches_any(agent.addresses, address):
            yield agent


def _matches_any(patterns: Iterable[str], text: str) -> bool:
    return any(matches_wildcard(pattern, text) for pattern in patterns)


def matches_wildcard(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches the whole ``text``; ``*`` matches any text.

    Case and surrounding white space do not count.  Each part of the pattern takes
    its first match, so the time is linear in the text for each part.
    """
    first, *others = _normalized(pattern).split("*")
    text = _normalized(text)
    if not others:
        return text == first
    if not text.startswith(first):
        return False
    *middle, last = others
    position = len(first)
    for part in middle:
        match_start = text.find(part, position)
        if match_start < 0:
            return False
        position = match_start + len(part)
    return len(text) - position >= len(last) and text.endswith(last)


def profile_for(origin: Origin, profile: Profile) -> Profile:
    """Return strict for a change that an agent wrote, else the policy's profile."""
    return Profile.STRICT if origin.ai else profile


def _by(agent: Agent) -> str:
    return f" ({agent.name})" if agent.name else ""


def _normalized(text: str) -> str:
    return text.strip().lower()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
