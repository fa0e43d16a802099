"""An incident document in Markdown, with what the log knows, ready to be reviewed.

The seven steps are those of docs/incident.md.  What the log cannot know is a line to fill
in, marked with "…".  Everything from the session is set as code: it is not trusted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from zt_gate.guard.session.account import KINDS
from zt_gate.guard.session.activity import hosts_in
from zt_gate.guard.session.hardening import causes, hardenings, policy_change
from zt_gate.reports.escape import (
    markdown_block,
    markdown_code,
    markdown_prose,
    visible,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.account import Deed, SessionAccount

_MOST_LISTED = 40
_MOST_TIMELINE = 300
_LONGEST = 300


def incident_document(
    account: SessionAccount, places: GuardPlaces, head: str = ""
) -> str:
    """Return the document; ``head`` is the last hash of the log's chain."""
    parts = (
        _title(account),
        _detect(account),
        _contain(account),
        _assess(account),
        _remediate(account),
        _investigate(account),
        _harden(account, places),
        _document(account, head),
        _timeline(account),
    )
    return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"


def _title(account: SessionAccount) -> Iterator[str]:
    session = account.session
    yield f"# Incident: session {session.id}"
    yield ""
    yield "Draft, made from the guard's log. Read it, and complete what is marked with …"
    yield ""
    yield f"- Project: {_code(session.root)}"
    yield f"- Task: {_code(session.task or 'none')}"
    yield f"- Git identity: {_code(session.identity or 'unknown')}"
    yield f"- Clients: {_code(', '.join(session.labels) or 'unknown')}"
    yield f"- From {_time(session.started)} to {_time(session.seen)}, {account.events} events"
    yield f"- The guard's answers were graded {_code(account.grade or 'unknown')}"
    yield "- Severity: …  Responsible: …"


def _detect(account: SessionAccount) -> Iterator[str]:
    yield "## 1. Detect"
    yield ""
    for entry in account.incidents:
        by, saw = str(entry.get("by", "")), str(entry.get("saw", ""))
        yield f"- {entry.get('time', '')}: reported by {_code(by)}: {markdown_prose(saw)}"
    for at, sign in account.signs:
        kind = "strong" if sign.is_strong else "weak"
        yield f"- {at}: unusual behaviour ({kind}): {markdown_prose(sign.reason)}"
    for entry in account.vanished:
        yield (
            f"- {entry.get('time', '')}: a hook (process {entry.get('hook')}) ended before "
            "it had the broker's answer: killed, interrupted, or over its deadline"
        )
    if account.session.attempts:
        yield f"- {account.session.attempts} attempts at what no session may do"
    for at, what in account.tainted[:_MOST_LISTED]:
        yield f"- {at}: a text that addresses an agent was removed from the output of {_code(what)}"
    if not (
        account.incidents
        or account.vanished
        or account.signs
        or account.session.attempts
        or account.tainted
    ):
        yield "- The guard noticed nothing unusual. How it was noticed: …"


def _contain(account: SessionAccount) -> Iterator[str]:
    session = account.session
    yield "## 2. Contain"
    yield ""
    if session.contained:
        state = "released" if session.release else "contained"
        yield f"- {state} since {_time(session.contained)}: {markdown_prose(session.contained_for)}"
    else:
        yield f"- **Not contained.** Run: {_code(f'zt-gate guard session contain {session.id}')}"
    for entry in account.containments:
        yield (
            f"- {entry.get('time', '')}: ended {entry.get('processes')} processes and "
            f"{entry.get('tokens')} tokens, started by {_code(str(entry.get('by', '')))}"
        )
        for problem in entry.get("problems", ()):
            yield f"- **{markdown_prose(str(problem))}**"
    if not account.containments:
        yield "- Revoke the session's token: …"
        yield "- End the client's processes, if they still run: …"
    yield "- Revoke what it could read (step 3): …"


def _assess(account: SessionAccount) -> Iterator[str]:
    yield "## 3. Assess"
    yield ""
    yield "| what | done | denied |"
    yield "|---|---|---|"
    for kind, title in KINDS.items():
        done = len(account.of_kind(kind))
        denied = sum(deed.kind == kind for deed in account.denied)
        if done or denied:
            yield f"| {title} | {done} | {denied} |"
    yield ""
    if account.secrets:
        yield "Secrets that it wanted or saw (revoke those that were not denied):"
        yield ""
        for what, answer in account.secrets[:_MOST_LISTED]:
            yield f"- {_code(what)}: {'denied' if answer == 'deny' else 'not denied'}"
        yield ""
    hosts = dict.fromkeys(
        host
        for deed in account.deeds
        if deed.answer != "deny"
        for host in hosts_in(deed.text)
    )
    if hosts:
        yield "Hosts that it could reach:"
        yield ""
        yield from _listed([_code(host) for host in hosts])
        yield ""
    passed = [deed for deed in account.suspicious if deed.answer != "deny"]
    if passed:
        yield "What was not denied, and needs a look first:"
        yield ""
        yield from _listed([_deed(deed) for deed in passed])
        yield ""
    if account.denied:
        yield "Denied:"
        yield ""
        yield from _listed([_deed(deed) for deed in account.denied])
        yield ""
    yield from _git(account)


def _git(account: SessionAccount) -> Iterator[str]:
    git = account.git
    then = git.then
    if then is not None:
        yield (
            f"Git at the beginning: {_code(then.head[:12] or 'no commit')} on "
            f"{_code(_branch(then.branch))}, {len(then.files)} files differed from it. "
            f"Now: {_code(git.head[:12] or 'no commit')} on {_code(_branch(git.branch))}."
        )
        yield ""
    if git.commits:
        yield "Commits since the beginning:"
        yield ""
        yield from _listed([_code(commit) for commit in git.commits])
        yield ""
    if git.changed_git_files:
        yield "**Files in the repository's own folder that changed. They can run programs:**"
        yield ""
        yield from _listed([_code(f".git/{name}") for name in git.changed_git_files])
        yield ""
    if git.problem:
        yield f"Not known about the repository: {markdown_prose(git.problem)}"


def _remediate(account: SessionAccount) -> Iterator[str]:
    git, name = account.git, account.session.id
    yield "## 4. Remediate"
    yield ""
    if git.steps:
        yield "A rollback would do this:"
        yield ""
        yield from _listed(
            [f"{step.action} {_code(step.path)}: {step.reason}" for step in git.steps]
        )
        yield ""
        yield f"- See it: {_code(f'zt-gate guard session rollback {name}')}"
        yield f"- Do it: {_code(f'zt-gate guard session rollback {name} --apply')}"
    else:
        yield "- No file that the snapshot knows is different now."
    if git.commits and git.then is not None:
        yield (
            "- The rollback leaves branches alone. To take the commits back and keep the "
            f"files: {_code(f'git reset {git.then.head[:12]}')}"
        )
    yield "- Ignored files are not in the snapshot. Look at them: `git status --ignored`"
    yield "- Issue new secrets for those of step 3: …"


def _investigate(account: SessionAccount) -> Iterator[str]:
    yield "## 5. Investigate"
    yield ""
    yield "Probable causes, by the log:"
    yield ""
    for cause, evidence in causes(account):
        yield f"- {cause}: {markdown_prose(evidence)}"
    yield ""
    yield "Cause, after a person has looked: …"


def _harden(account: SessionAccount, places: GuardPlaces) -> Iterator[str]:
    found = hardenings(account, places)
    yield "## 6. Harden"
    yield ""
    if not found:
        yield "- No rule of the guard would have stopped more than was stopped. …"
        return
    for item in found[:_MOST_LISTED]:
        yield f"- {_code(item.rule)} for {_code(_short(item.what))}: {markdown_prose(item.change)}"
    change = policy_change(found)
    if change:
        yield ""
        yield "Change of the policy, to be reviewed. After it: `zt-gate guard install`."
        yield ""
        lines = [visible(line) for line in change.split("\n")]
        yield markdown_block(lines).replace("```text", "```toml", 1)


def _document(account: SessionAccount, head: str) -> Iterator[str]:
    yield "## 7. Document"
    yield ""
    yield "- Keep this document with the output of `zt-gate guard report --json`."
    if head:
        yield f"- Last hash of the guard's log: {_code(head)}"
    if account.git.then is not None:
        yield "- The digest of the snapshot is in the log, at the session's first change."
    yield "- What others can learn from it: …"
    yield "- Reviewed by: …"


def _timeline(account: SessionAccount) -> Iterator[str]:
    deeds = account.deeds
    yield "## Timeline"
    yield ""
    yield "| time | what | answer | why |"
    yield "|---|---|---|---|"
    for deed in deeds[-_MOST_TIMELINE:]:
        controls = ", ".join(name for name, _ in deed.controls)
        yield (
            f"| {visible(deed.time)} | {deed.kind} {_code(deed.text, cell=True)} | "
            f"{visible(deed.answer)} | {_code(controls, cell=True) if controls else ''} |"
        )
    if len(deeds) > _MOST_TIMELINE:
        yield ""
        yield f"{len(deeds) - _MOST_TIMELINE} earlier ones are in the log."


def _deed(deed: Deed) -> str:
    controls = ", ".join(name for name, _ in deed.controls)
    why = f" ({markdown_code(controls)})" if controls else ""
    return f"{deed.time} {deed.kind} {_code(deed.text)}{why}"


def _listed(lines: Sequence[str]) -> Iterator[str]:
    for line in lines[:_MOST_LISTED]:
        yield f"- {line}"
    if len(lines) > _MOST_LISTED:
        yield f"- and {len(lines) - _MOST_LISTED} more"


def _code(text: str, *, cell: bool = False) -> str:
    return markdown_code(_short(text), cell=cell)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _branch(name: str) -> str:
    return name.removeprefix("refs/heads/") or "no branch"


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
