"""Answers one event of a client, and denies where it cannot.

    event ─▶ session and pinned policy ─▶ judges ─▶ modes ─▶ what was denied before ─▶ log ─▶ answer

Every failure denies: an exception, a policy that does not parse, a log that cannot be
written, a deadline.  Only a policy that observes the control ``guard/fault`` lets the
client go on.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress

from zt_gate.errors import GateError
from zt_gate.guard import clients, log_entry
from zt_gate.guard.clients.base import AgentEventError, Rendered
from zt_gate.guard.context import GuardContext
from zt_gate.guard.decision import Answer, Concern, Grade, GuardDecision, Mode, decide
from zt_gate.guard.judge import EventJudge
from zt_gate.guard.keeper import Ended, attacks_in
from zt_gate.guard.keepers import keeper_for
from zt_gate.guard.own_paths import own_paths
from zt_gate.guard.places import guard_places
from zt_gate.guard.policy import GuardPolicy, pinned_policy
from zt_gate.guard.repository import own_branch, surroundings
from zt_gate.guard.session import other_account
from zt_gate.guard.session.activity import is_risky
from zt_gate.guard.session.watch import escalated
from zt_gate.guard.task import built_in
from zt_gate.record import record, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from zt_gate.guard.action import AgentEvent
    from zt_gate.guard.clients.base import AgentClient
    from zt_gate.guard.keeper import Begun, Inside, Keeper
    from zt_gate.guard.places import GuardPlaces
    from zt_gate.guard.repository import ProjectPlace
    from zt_gate.guard.session.records import Session
    from zt_gate.guard.task import Task

#: Seconds of the clock, below the shortest time-out of a client (30 for a prompt).
DEADLINE = 25.0
FAULT = "guard/fault"
#: Whether a containment ends the session's processes, too.
PROCESSES = "session/processes"
#: Where a system has its folders for temporary files.
_TEMPORARY = (
    "/tmp/",  # noqa: S108 - compared, not used
    "/var/tmp/",  # noqa: S108
    "/private/tmp/",
    "/var/folders/",
    "/private/var/folders/",
    "/run/user/",
)


class HookDeadlineError(GateError):
    """The guard needed too long."""


def handle(
    client_name: str,
    data: bytes,
    environ: Mapping[str, str],
    *,
    task: str = "",
    digest: str = "",
    places: GuardPlaces | None = None,
    on_contained: Callable[[GuardPlaces, Session], None] | None = None,
) -> Rendered:
    """Return the answer to one event of a client; never raises.

    ``task`` narrows the session's task.  ``digest`` is the digest of the pinned policy
    that the hook was installed with, "" for any.  ``places`` are the user's.
    ``on_contained`` is called for a contained session, after the event was kept: its
    processes and its tokens are to be ended.
    """
    call = None
    try:
        client = clients.client(client_name)
    except KeyError:
        text = f"zt-gate guard: unknown client; known: {', '.join(clients.names())}\n"
        return Rendered(2, b"", text.encode())
    try:
        with _deadline():
            call = _Call(client, environ, task, digest, places or guard_places())
            rendered = call.answer(data)
            if on_contained is not None and call.contained is not None:
                on_contained(call.places, call.contained)
            return rendered
    except AgentEventError as error:
        return client.refuse(f"{error}. Nothing was run.")
    except HookDeadlineError as error:
        if call is not None:
            call.keep_fault = None  # there is no time left
        return _fault(client, call, str(error))
    except GateError as error:
        return _fault(client, call, str(error))
    except RecursionError:
        return _fault(client, call, "the event is nested too deeply")
    except Exception as error:  # noqa: BLE001 - every failure must deny
        return _fault(
            client, call, f"the guard failed ({type(error).__name__}: {error})"
        )


@record(frozen=False)
class _Call:
    """One call of the hook."""

    client: AgentClient
    environ: Mapping[str, str]
    task: str
    digest: str
    places: GuardPlaces
    policy: GuardPolicy | None = None
    grade: Grade = Grade.ADVISES
    #: The session, if it is contained and its processes are to be ended.
    contained: Session | None = None
    place: ProjectPlace | None = None
    #: Writes a failure into the log, while the event has begun and has not ended.
    keep_fault: Callable[[str], None] | None = None
    inside: Inside | None = None

    def answer(self, data: bytes) -> Rendered:
        """Return the answer; raises GateError, AgentEventError and whatever a judge raises."""
        event = self.client.parse(data)
        keeper = keeper_for(self.places)
        place = self.place = surroundings(event.cwd)
        others = other_account.problem_of_transcript(
            event.transcript, self.places.user_id
        )
        # Another account's session gives its name to none of this one.
        label = "" if others else event.session
        begun, policy = keeper.begin(event.client, label, place, self._policy)
        others = others or begun.other_account
        self._go_inside(begun, policy)
        self.policy, self.grade = policy, grade_of(policy, begun)
        session = begun.session
        self.keep_fault = self._fault_keeper(keeper, event, session, policy)
        # Other events of the user are not kept waiting while this one is judged.
        before = dict(session.counts)
        replaced = None
        if begun.contained:
            concerns: tuple[Concern, ...] = (_contained(begun.contained),)
        else:
            concerns, replaced = self._judge(event, session, policy)
            concerns = tuple(_denied_before(concerns, session))
        if others:
            concerns = (other_account.concern(others), *concerns)
        judged = [(concern, policy.mode_of(concern.control)) for concern in concerns]
        decision = _decide(judged, asks=event.asks or event.ask_holds)
        if any(mode is Mode.OBSERVE for _, mode in judged):
            replaced = None
        ended = self._ended(event, session, before, judged, decision)
        if decision.answer is not Answer.DENY:
            ended = self._with_snapshot(keeper, ended, session)
        contained_before = session.contained
        self.keep_fault = None
        session = self._kept(keeper, ended, policy)
        if session.contained and not session.release:
            is_enforced = policy.mode_of(PROCESSES) is Mode.ENFORCE
            # What runs in a sandbox ends with its exec.
            self.contained = session if is_enforced and not self.inside else None
        decision = escalated(decision, ended.entry, session, contained_before, policy)
        graded = _graded(decision, self.grade)
        rendered = self.client.render(event, graded, replaced)
        if decision.answer is Answer.DENY:
            from zt_gate.guard.alert import send_alert

            send_alert(self.places, event, decision, session)
        return rendered

    def _go_inside(self, begun: Begun, policy: GuardPolicy) -> None:
        """Take the folders of a sandbox, as ``exec`` made them; raises GateError."""
        self.inside = begun.inside
        if begun.inside is None:
            return
        self._check(policy)
        self.places = replace(
            self.places, home=begun.inside.home, state=begun.inside.state
        )

    def policy_of_fault(self) -> GuardPolicy | None:
        """Return the policy for a failure: also where none is known yet, as without a broker."""
        if self.policy is not None or self.place is None:
            return self.policy
        try:
            return self._policy(self.place.key)
        except (GateError, OSError):
            return None

    def _policy(self, repository: str) -> GuardPolicy:
        policy = pinned_policy(self.places, repository)
        self._check(policy)
        return policy

    def _check(self, policy: GuardPolicy) -> None:
        if self.digest and policy.digest != self.digest:
            raise GateError(
                "the pinned policy is not the one that the hook was installed with. "
                "A person runs: zt-gate guard install"
            )

    def _judge(
        self, event: AgentEvent, session: Session, policy: GuardPolicy
    ) -> tuple[tuple[Concern, ...], Any]:
        from zt_gate.guard.scan import ContentScanner

        place = surroundings(session.root)
        context = GuardContext(
            root=session.root,
            home=self.places.home,
            environ=_without_foreign_temporary(self.environ),
            own_paths=own_paths(self.places, session.root),
            branch=own_branch(place),
            asks=event.asks,
            ask_holds=event.ask_holds,
        )
        contexts = tuple(
            replace(context, task=task) for task in self._tasks(event, session, policy)
        )
        temporary = self.inside.temporary if self.inside else ""
        scanner = ContentScanner(session.root, policy, self.places, temporary)
        return EventJudge(contexts, session, scanner).judge(event)

    def _tasks(
        self, event: AgentEvent, session: Session, policy: GuardPolicy
    ) -> Iterator[Task]:
        """Yield the session's task, and what narrows it: all of them must agree."""
        task = policy.task_named(session.task, built_in)
        yield task
        more = {self.task, self.inside.task if self.inside else ""}
        for name in sorted(more - {"", session.task}):
            yield policy.task_named(name, built_in)
        part = policy.skill_named(event.agent_kind, task)
        if part is not None:
            yield part

    def _ended(
        self,
        event: AgentEvent,
        session: Session,
        before: Mapping[str, int],
        judged: Sequence[tuple[Concern, Mode]],
        decision: GuardDecision,
    ) -> Ended:
        entry = {
            **log_entry.event_fields(event),
            "asks": event.asks or event.ask_holds,
            "policy": self.policy.digest[:16] if self.policy else "",
            "grade": self.grade.value,
            "answer": decision.answer.value,
            "concerns": log_entry.concern_fields(judged),
        }
        attacks = attacks_in(decision.concerns)
        control = next((one.control for one in decision.concerns if one.is_attack), "")
        return Ended(session, before, attacks, control, entry)

    def _with_snapshot(self, keeper: Keeper, ended: Ended, session: Session) -> Ended:
        """Take the session's snapshot before the first call that could change something."""
        # What a sandbox has ends with it.
        if self.inside or not is_risky(ended.entry):
            return ended
        if not surroundings(session.root).git_folder:
            return ended
        digest = keeper.snapshot(session)
        if not digest:
            return ended
        return replace(ended, entry={**ended.entry, "snapshot": digest})

    def _fault_keeper(
        self, keeper: Keeper, event: AgentEvent, session: Session, policy: GuardPolicy
    ) -> Callable[[str], None]:
        """Return what ends the event in the log if the guard fails on the way."""
        before = dict(session.counts)

        def keep(reason: str) -> None:
            fault = Concern(FAULT, Answer.DENY, reason)
            judged = [(fault, policy.mode_of(FAULT))]
            decision = _decide(judged, asks=False)
            keeper.end(self._ended(event, session, before, judged, decision), policy)

        return keep

    def _kept(self, keeper: Keeper, ended: Ended, policy: GuardPolicy) -> Session:
        try:
            return keeper.end(ended, policy)
        except GateError:
            if policy.mode_of(FAULT) is not Mode.OBSERVE:
                raise
            return ended.session


def _contained(reason: str) -> Concern:
    return Concern(
        "session/contained",
        Answer.DENY,
        reason,
        "A person looks at it (zt-gate guard session list) and releases it "
        "(zt-gate guard session release ID).",
    )


def _without_foreign_temporary(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment without a TMPDIR that is no place for temporary files.

    Who starts a client chooses its TMPDIR: the home would be writable.
    """
    folder = os.path.realpath(environ.get("TMPDIR") or "/tmp")  # noqa: S108
    if f"{folder}/".startswith(_TEMPORARY):
        return environ
    return {name: value for name, value in environ.items() if name != "TMPDIR"}


def grade_of(policy: GuardPolicy, begun: Begun) -> Grade:
    """Return how far the answers hold.

    Log and state in the user's own files are in the agent's reach, and so is a policy
    there: only a managed policy enforces, with a broker that finds hook and client out
    of the reach of the user's other programs.
    """
    holds = policy.is_managed and not begun.within_reach
    return Grade.ENFORCED if holds else Grade.ADVISES


def _denied_before(concerns: Sequence[Concern], session: Session) -> Iterator[Concern]:
    """Yield the concerns; an effect that was denied as an attack is denied again."""
    for concern in concerns:
        if concern.answer is Answer.DENY or concern.effect not in session.denied:
            yield concern
            continue
        yield Concern(
            "session/denied-before",
            Answer.DENY,
            f"This was denied before in this session ({concern.effect}), and another "
            "spelling or tool does not change that.",
            "Go on without it, or ask the person.",
            concern.effect,
            is_attack=True,
        )


def _decide(judged: Sequence[tuple[Concern, Mode]], *, asks: bool) -> GuardDecision:
    """Apply the modes: observed concerns are only logged, warnings only told."""
    counted = []
    for concern, mode in judged:
        if mode is Mode.OBSERVE:
            continue
        if mode is Mode.WARN:
            concern = replace(concern, answer=Answer.SILENT)  # noqa: PLW2901
        elif concern.answer is Answer.ASK and not asks:
            concern = replace(concern, answer=Answer.DENY)  # noqa: PLW2901
        counted.append(concern)
    return decide(counted)


def _graded(decision: GuardDecision, grade: Grade) -> GuardDecision:
    """Add the grade to a reason: how far the answer holds."""
    if decision.answer is Answer.SILENT:
        return decision
    last = Concern("guard/grade", decision.answer, f"[{grade.value}]")
    return replace(decision, concerns=(*decision.concerns, last))


def _fault(client: AgentClient, call: _Call | None, reason: str) -> Rendered:
    """Deny because of a failure, unless the policy only observes failures."""
    policy = call.policy_of_fault() if call is not None else None
    if call is not None and call.keep_fault is not None:
        with suppress(Exception):  # what failed may fail again
            call.keep_fault(reason)
    if policy is not None and policy.mode_of(FAULT) is Mode.OBSERVE:
        return Rendered(0, b"", f"zt-gate guard: {reason}\n".encode("utf-8", "replace"))
    return client.refuse(
        f"{reason.rstrip('.')}. The guard denies what it cannot judge. "
        "Tell the person; they can run: zt-gate doctor"
    )


@contextmanager
def _deadline() -> Iterator[None]:
    """Raise HookDeadlineError after DEADLINE seconds, in the main thread."""

    def stop(_number: int, _frame: object) -> None:
        raise HookDeadlineError(f"the guard needed more than {DEADLINE:g} seconds")

    try:
        before = signal.signal(signal.SIGALRM, stop)
    except ValueError:  # not in the main thread, as in a server: it has its own limit
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, DEADLINE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
