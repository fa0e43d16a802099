"""What a session did, by the guard's log: read, written, run, sent and denied, with times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.errors import GateError, UsageError
from zt_gate.guard.history import find
from zt_gate.guard.keepers import history_of
from zt_gate.guard.log_entry import HOOK_VANISHED, NO_CALLS
from zt_gate.guard.session import anomaly
from zt_gate.guard.session.activity import is_risky, rows_of
from zt_gate.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.policy import GuardPolicy
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.session.rollback import RollbackStep
    from zt_gate.guard.session.snapshot import SessionSnapshot

#: Kinds of deeds, in the order of a report, with their titles.
KINDS = {
    "read": "Read",
    "written": "Written",
    "removed": "Removed",
    "run": "Run",
    "fetched": "Requested",
    "used": "Tools used",
    "unknown": "Unknown to the guard",
}
_MOST_COMMITS = 50


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that a session did or wanted to do.

    ``text`` is the path, command, address or name; ``controls`` have what spoke against
    it, with the mode of each; ``is_suspicious`` marks what an incident looks at first.
    """

    time: str
    kind: str
    text: str
    answer: str
    controls: tuple[tuple[str, str], ...] = ()
    reason: str = ""
    is_suspicious: bool = False


@dataclass(frozen=True, slots=True)
class GitState:
    """A repository at the beginning of a session, and what is different now."""

    then: SessionSnapshot | None = None
    head: str = ""
    branch: str = ""
    commits: tuple[str, ...] = ()
    steps: tuple[RollbackStep, ...] = ()
    changed_git_files: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SessionAccount:
    """A session with everything that the log and the snapshot know about it."""

    session: Session
    policy: GuardPolicy
    deeds: tuple[Deed, ...]
    events: int
    grade: str
    signs: tuple[tuple[str, anomaly.Sign], ...] = ()
    tainted: tuple[tuple[str, str], ...] = ()
    incidents: tuple[Mapping[str, Any], ...] = ()
    vanished: tuple[Mapping[str, Any], ...] = ()
    containments: tuple[Mapping[str, Any], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()
    git: GitState = field(default_factory=GitState)

    def of_kind(self, kind: str) -> tuple[Deed, ...]:
        """Return the deeds of a kind that were not denied."""
        return tuple(
            deed for deed in self.deeds if deed.kind == kind and deed.answer != "deny"
        )

    @property
    def denied(self) -> tuple[Deed, ...]:
        """What was denied."""
        return tuple(deed for deed in self.deeds if deed.answer == "deny")

    @property
    def suspicious(self) -> tuple[Deed, ...]:
        """What an incident looks at first."""
        return tuple(deed for deed in self.deeds if deed.is_suspicious)


def found_session(places: GuardPlaces, name: str) -> Session:
    """Return a session by its id or the beginning of it; raises UsageError."""
    return find(history_of(places), name)


def last_session(places: GuardPlaces, folder: str) -> Session:
    """Return the session of the repository around a folder that was seen last.

    Raises UsageError if there is none.
    """
    from zt_gate.guard.repository import surroundings

    key = surroundings(folder).key
    known = history_of(places).sessions()
    fitting = [one for one in known if one.repository == key]
    if not fitting:
        raise UsageError(
            "no session of this repository; see: zt-gate guard session list"
        )
    return max(fitting, key=lambda one: one.seen)


def account_of(places: GuardPlaces, session: Session) -> SessionAccount:
    """Return the account of a session; raises LogError, GuardStateError.

    What fails about the repository is a problem in ``git``, not an error: the account is
    needed most when something is broken.
    """
    from zt_gate.guard.policy import PinnedPolicyError, pinned_policy

    try:
        policy = pinned_policy(places, session.repository)
    except PinnedPolicyError:
        from zt_gate.guard.policy import GuardPolicy

        policy = GuardPolicy()
    entries = list(history_of(places).entries(session.id))
    calls = [entry for entry in entries if entry.get("event") not in NO_CALLS]
    limits = policy.rights.get(session.task, {}).get("limits", {})
    signs = tuple(_signs(calls, limits))
    tainted = tuple(_tainted(calls))
    since = min([time for time, _ in (*signs, *tainted)] or ["~"])
    return SessionAccount(
        session,
        policy,
        tuple(_deeds(calls, since)),
        len(calls),
        str(calls[-1].get("grade", "")) if calls else "",
        signs,
        tainted,
        _of_event(entries, "incident"),
        _of_event(entries, HOOK_VANISHED),
        _of_event(entries, "contained"),
        tuple(_secrets(calls)),
        _git_state(places, session),
    )


def _of_event(
    entries: Iterable[Mapping[str, Any]], name: str
) -> tuple[Mapping[str, Any], ...]:
    return tuple(entry for entry in entries if entry.get("event") == name)


def _deeds(entries: Iterable[Mapping[str, Any]], since: str) -> Iterator[Deed]:
    for entry in entries:
        if entry.get("event") == "PermissionRequest":
            continue  # the same call again
        concerns = rows_of(entry, "concerns")
        controls = tuple(
            (str(item.get("control")), str(item.get("mode"))) for item in concerns
        )
        reason = next((str(item.get("reason")) for item in concerns), "")
        attacks = any(item.get("attack") for item in concerns)
        time = str(entry.get("time", ""))
        is_after = time >= since and is_risky(entry)
        for action in rows_of(entry, "actions"):
            kind, text = _kind(action)
            if kind:
                yield Deed(
                    time,
                    kind,
                    text,
                    str(entry.get("answer", "")),
                    controls,
                    reason,
                    attacks or is_after or (bool(controls) and is_risky(entry)),
                )


def _kind(action: Mapping[str, Any]) -> tuple[str, str]:
    kind = str(action.get("kind"))
    if kind == "ReadFile":
        return "read", str(action.get("path"))
    if kind == "WriteFile":
        return "removed" if action.get("removes") else "written", str(
            action.get("path")
        )
    if kind in {"RunCommand", "TypeInput"}:
        return "run", str(action.get("text"))
    if kind == "FetchAddress":
        return "fetched", str(action.get("url"))
    if kind == "CallTool":
        return "used", str(action.get("name"))
    if kind == "UnknownEvent":
        return "unknown", str(action.get("what"))
    return "", ""


def _signs(
    entries: Iterable[Mapping[str, Any]], limits: Mapping[str, int]
) -> Iterator[tuple[str, anomaly.Sign]]:
    """Yield each sign of unusual behaviour with the time when it was first seen."""
    tables = anomaly.thresholds(limits)
    activity, hosts = anomaly.Activity(), dict[str, int]()
    first: dict[str, str] = {}
    last: dict[str, anomaly.Sign] = {}
    for entry in entries:
        time = str(entry.get("time", ""))
        now = anomaly.seconds_of(time)
        for sign in anomaly.observe(activity, hosts, entry, tables, now).signs:
            first.setdefault(sign.name, time)
            if sign.name not in last or sign.number >= last[sign.name].number:
                last[sign.name] = sign
    for name, sign in last.items():
        yield first[name], sign


def _tainted(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield when an output had a text that addresses an agent, and what was read for it."""
    before = ""
    for entry in entries:
        for action in rows_of(entry, "actions"):
            kind, text = _kind(action)
            if kind:
                before = text
        controls = {item.get("control") for item in rows_of(entry, "concerns")}
        if "text/hidden-instructions" in controls:
            yield str(entry.get("time", "")), before


def _secrets(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the secrets that a session wanted or saw: what, and whether it was denied."""
    seen = set()
    for entry in entries:
        for item in rows_of(entry, "concerns"):
            control = str(item.get("control"))
            if not control.startswith(("credentials/", "text/secret-in-output")):
                continue
            what = str(item.get("effect") or item.get("reason"))
            if what not in seen:
                seen.add(what)
                yield what, str(entry.get("answer", ""))


def _git_state(places: GuardPlaces, session: Session) -> GitState:
    from zt_gate.guard.session import rollback, snapshot

    then = None
    try:
        manifest = history_of(places).manifest(session.id)
        if manifest is None:
            return GitState(problem="the session changed nothing, or has no repository")
        then, _ = snapshot.parsed(manifest)
        git = snapshot.open_git(places.home, then.root)
        plan = rollback.plan(places, session)
        before, after = then.git_files, snapshot.git_files(git)
        changed = sorted(
            name
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        )
        span = f"{then.head}..{git.head}" if then.head else git.head
        commits = b""
        if git.head and git.head != then.head:
            args = ["log", "-z", f"--max-count={_MOST_COMMITS}", "--format=%h %s", span]
            commits = git.run(args)
        return GitState(
            then,
            git.head,
            snapshot.branch_of(git),
            tuple(
                one.decode("utf-8", "replace") for one in commits.split(b"\0") if one
            ),
            plan.steps,
            tuple(changed),
            then.problem,
        )
    except (GateError, OSError) as error:
        return GitState(then=then, problem=str(error))
