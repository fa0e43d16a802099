"""The texts of denials, and what each means for a task (``rules/guard/denials.json``)."""

from __future__ import annotations

from functools import cache

from zt_gate.guard.data import load
from zt_gate.guard.decision import Answer, Concern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from zt_gate.guard.context import GuardContext

_LONGEST_DETAIL = 120


@cache
def _denials() -> dict[str, Any]:
    return load("denials.json")


def concern(control: str, context: GuardContext, detail: str = "") -> Concern | None:
    """Return the concern of a control for the context's task, None if it is silent there.

    ``detail`` says to what: a path, an option, a host.  It is shown on one line.
    """
    entry = _denials()[control]
    shown = _shown(detail)
    answer = _answer(entry, context)
    if answer is Answer.SILENT:
        return None
    reason = entry["reason"].replace("{}", shown or "it")
    if entry.get("develop", "deny") != "deny" and context.task.is_narrow:
        reason += f" The task {context.task.name} does not allow it."
    return Concern(
        control,
        answer,
        reason,
        entry.get("next", ""),
        f"{control} {shown}".rstrip(),
        bool(entry.get("attack")),
    )


def _answer(entry: dict[str, Any], context: GuardContext) -> Answer:
    if context.task.is_narrow:
        return Answer(entry.get("narrow", "deny"))
    answer = Answer(entry.get("develop", "deny"))
    if answer is Answer.ASK and not (context.asks or context.ask_holds):
        return Answer.DENY
    return answer


def is_attack(control: str) -> bool:
    """Whether no honest session needs what the control denies."""
    return bool(_denials()[control].get("attack"))


def _shown(detail: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in detail)
    text = " ".join(printable.replace("\ufffc", "…").split())
    if len(text) > _LONGEST_DETAIL:
        return f"{text[: _LONGEST_DETAIL - 1]}…"
    return text
