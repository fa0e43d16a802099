"""What the guard answers to one action: deny, ask, or silence; never allow."""

from __future__ import annotations

from enum import StrEnum

from zt_gate.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Answer(StrEnum):
    """``silent`` leaves the decision to the client, which may ask the person."""

    SILENT = "silent"
    ASK = "ask"
    DENY = "deny"

    @property
    def rank(self) -> int:
        """The order of strictness: silent, ask, deny."""
        return (Answer.SILENT, Answer.ASK, Answer.DENY).index(self)


class Grade(StrEnum):
    """How far an answer holds: see docs/guard.md, "What may be claimed"."""

    ENFORCED = "enforced"
    ADVISES = "advises"
    UNGUARDED = "unguarded"


class Mode(StrEnum):
    """What a control does: log only, tell the agent, or deny."""

    OBSERVE = "observe"
    WARN = "warn"
    ENFORCE = "enforce"


@record(frozen=True, slots=True)
class Concern:
    """One reason against an action.

    ``control`` is the id of the control that found it, such as ``gate/hooks-skipped``.
    ``next_step`` is the safe way to what the agent probably wants.  ``effect`` is a
    canonical form of what would have happened, under which a denial is remembered.
    ``is_attack`` marks effects that no honest session needs: on the gate, on credentials,
    on what lies outside the tree.
    """

    control: str
    answer: Answer
    reason: str
    next_step: str = ""
    effect: str = ""
    is_attack: bool = False


@record(frozen=True, slots=True)
class GuardDecision:
    """The strictest answer of the concerns, with all of them, the strictest first."""

    answer: Answer = Answer.SILENT
    concerns: tuple[Concern, ...] = ()

    @property
    def reason(self) -> str:
        """One text for the agent and the person: what, and the next safe step."""
        said = []
        for concern in self.concerns:
            if concern.answer is self.answer and concern.answer is not Answer.SILENT:
                said.append(concern.reason)
                if concern.next_step:
                    said.append(concern.next_step)
        return " ".join(dict.fromkeys(said))


def decide(concerns: Iterable[Concern]) -> GuardDecision:
    """Return the decision over all concerns of one action."""
    ordered = tuple(sorted(concerns, key=lambda concern: -concern.answer.rank))
    if not ordered:
        return GuardDecision()
    return GuardDecision(ordered[0].answer, ordered)
