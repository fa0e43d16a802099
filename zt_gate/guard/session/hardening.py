"""Which rule would have stopped what a session did, and the policy that makes it do so."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from zt_gate.guard.action import ReadFile, RunCommand, WriteFile
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import Answer
from zt_gate.guard.session.activity import hosts_in
from zt_gate.guard.task import built_in
from zt_gate.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.session.account import Deed, SessionAccount

#: Built-in tasks from the widest to the narrowest.
_TASKS = ("develop", "refactor", "dependency-audit", "code-review")
_MOST = 200
#: A sign, and the limit of a task that holds the same.
_LIMITS = {
    "files-read": "reads",
    "files-written": "writes",
    "files-deleted": "deletions",
}
_NETWORK = frozenset(("new-hosts", "sent-after-secret", "after-untrusted-text"))


@dataclass(frozen=True, slots=True)
class Hardening:
    """``rule`` would have stopped ``what``; ``toml`` is the change, "" if there is none."""

    what: str
    rule: str
    change: str
    toml: str = ""


def hardenings(account: SessionAccount, places: GuardPlaces) -> tuple[Hardening, ...]:
    """Return one proposal for each rule, the policy's own modes first."""
    found: dict[tuple[str, str], Hardening] = {}
    for item in (
        *_modes(account),
        *_asked(account),
        *_signs(account),
        *_restricted(account),
        *_narrower(account, places),
    ):
        found.setdefault((item.rule, item.toml), item)
    return tuple(found.values())


def policy_change(items: Iterable[Hardening]) -> str:
    """Return the changes as one text of TOML, "" if there is none."""
    parts = dict.fromkeys(item.toml for item in items if item.toml)
    return "\n\n".join(_merged(parts))


def _merged(parts: Iterable[str]) -> Iterator[str]:
    """Yield tables, each once: lines of the same table come together."""
    tables: dict[str, dict[str, None]] = {}
    for part in parts:
        header, _, rest = part.partition("\n")
        tables.setdefault(header, {}).update(dict.fromkeys(rest.split("\n")))
    for header, lines in tables.items():
        yield "\n".join((header, *lines))


def _modes(account: SessionAccount) -> Iterator[Hardening]:
    """Yield controls that saw it, and only observed or warned."""
    for deed in account.suspicious:
        for control, mode in deed.controls:
            if mode in {"observe", "warn"} and deed.answer != "deny":
                yield Hardening(
                    deed.text,
                    control,
                    f"The control only {mode}s. Let it stop.",
                    f'[guard.modes]\n"{control}" = "enforce"',
                )


def _asked(account: SessionAccount) -> Iterator[Hardening]:
    """Yield controls that asked: somebody agreed, or nobody was asked."""
    for deed in account.suspicious:
        for control, mode in deed.controls:
            if mode == "enforce" and deed.answer == "ask" and control[:4] != "text":
                yield Hardening(
                    deed.text,
                    control,
                    "The person was asked. In a narrower task it is denied.",
                )


def _signs(account: SessionAccount) -> Iterator[Hardening]:
    task = account.session.task or "develop"
    first = min(
        (time for time, sign in account.signs if sign.name in _NETWORK), default=""
    )
    for time, sign in account.signs:
        limit = _LIMITS.get(sign.name)
        toml = ""
        if limit:
            number = max(1, sign.number // 2)
            toml = f"[tasks.{_key(task)}.limits]\n{limit} = {number}"
        elif sign.name in _NETWORK:
            toml = _network(task, [deed for deed in account.deeds if deed.time < first])
        yield Hardening(
            f"since {time}",
            f"session/anomaly ({sign.name})",
            f"Unusual behaviour: {sign.reason}. Limit the task to what it needs.",
            toml,
        )


def _network(task: str, before: Iterable[Deed]) -> str:
    """Return the task's network: what the session named before it became unusual."""
    hosts = dict.fromkeys(host for deed in before for host in hosts_in(deed.text))
    good = [host for host in hosts if host.replace("-", "").replace(".", "").isalnum()]
    names = json.dumps(sorted(good)[:20]) if good else "false"
    return f"[tasks.{_key(task)}]\nnetwork = {names}"


def _restricted(account: SessionAccount) -> Iterator[Hardening]:
    """Files of the project that hold secrets and were reached."""
    task = account.session.task or "develop"
    root = account.session.root.rstrip("/") + "/"
    reached = {
        deed.text: f"**/{os.path.basename(deed.text)}"
        for deed in account.suspicious
        if deed.kind == "read"
        and deed.text.startswith(root)
        and any(name.startswith("credentials/") for name, _ in deed.controls)
    }
    if reached:
        globs = json.dumps(sorted(set(reached.values())))
        yield Hardening(
            ", ".join(reached),
            "task/path-restricted",
            "Restrict these files in the task, so that nobody has to be asked.",
            f"[tasks.{_key(task)}]\nrestricted = {globs}",
        )


def _narrower(account: SessionAccount, places: GuardPlaces) -> Iterator[Hardening]:
    """Return the widest built-in task that denies all of it."""
    passed = [
        deed
        for deed in account.suspicious
        if deed.answer != "deny" and deed.kind in {"run", "written", "removed", "read"}
    ][:_MOST]
    if not passed:
        return
    current = account.session.task
    start = _TASKS.index(current) + 1 if current in _TASKS else 0
    for name in _TASKS[start:]:
        stopped = [deed for deed in passed if _stops(name, deed, account, places)]
        if len(stopped) == len(passed):
            yield Hardening(
                f"{len(passed)} calls that were not denied",
                f"task {name}",
                f"The built-in task {name} denies all of them. Use it if it is enough for "
                "the work.",
                f'[guard]\ntask = "{name}"',
            )
            return


def _stops(name: str, deed: Deed, account: SessionAccount, places: GuardPlaces) -> bool:
    from zt_gate.guard.commands import judge_command
    from zt_gate.guard.files.judge import judge_file

    task = built_in(name)
    root = account.session.root
    if task is None:
        return False
    context = GuardContext(root, places.home, task, asks=False)
    if deed.kind == "run":
        found = judge_command(RunCommand(deed.text, root), context)
    elif deed.kind == "read":
        found = judge_file(ReadFile(deed.text, root), context)
    else:
        content = None if deed.kind == "removed" else b"x"
        found = judge_file(WriteFile(deed.text, root, content), context)
    return any(concern.answer is not Answer.SILENT for concern in found)


def _key(name: str) -> str:
    plain = name.replace("-", "").replace("_", "")
    return name if plain.isalnum() and plain.isascii() else json.dumps(name)


def causes(account: SessionAccount) -> list[tuple[str, str]]:
    """Return probable causes with the evidence for each, the most probable first."""
    found = []
    for time, what in account.tainted[:5]:
        found.append(
            ("injection", f"{time}: a text that addresses an agent, in {what}")
        )
    weak = _weak_modes(account.policy.modes)
    if weak:
        found.append(("misconfiguration", f"the policy does not enforce {weak}"))
    if not account.policy.file:
        found.append(("misconfiguration", "no policy is pinned for this repository"))
    if account.grade == "advises":
        text = "the guard ran with the user's rights, and only advises"
        found.append(("misconfiguration", text))
    if account.session.task in {"", "develop"} and account.suspicious:
        text = f"the task was {account.session.task or 'none'}, which leaves much open"
        found.append(("too many rights", text))
    return found or [("unknown", "the log shows none; look at the timeline")]


def _weak_modes(modes: Mapping[str, str]) -> str:
    return ", ".join(
        f"{glob} ({mode})" for glob, mode in modes.items() if mode != "enforce"
    )
