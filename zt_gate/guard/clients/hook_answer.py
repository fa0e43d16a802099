"""Answers in the form that held with real clients (docs/guard-capabilities.md).

Exit code 2 *with* a reason stops a call at every client that was tried; with an empty
reason it ran at some.  Exit code 0 with an answer that is no JSON ran everywhere.
"""

from __future__ import annotations

import json

from zt_gate.guard.clients.base import Rendered
from zt_gate.guard.decision import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from zt_gate.guard.decision import GuardDecision

_NO_REASON = "the guard gave no reason; run: zt-gate guard report"
_LONGEST_REASON = 4000


def refused(reason: str) -> Rendered:
    """Stop the call: exit code 2, the reason on standard error."""
    return Rendered(2, b"", f"zt-gate guard: {shown(reason)}\n".encode())


def denied(event: str, reason: str) -> Rendered:
    """Stop what an event is about, in words that the agent reads without the hook's text."""
    text = f"zt-gate guard: {shown(reason)}"
    if event == "PreToolUse":
        return specific(event, permissionDecision="deny", permissionDecisionReason=text)
    if event == "UserPromptSubmit":
        return said({"decision": "block", "reason": text})
    return refused(reason)


def said(answer: dict[str, Any]) -> Rendered:
    """Exit code 0, and an answer in JSON."""
    return Rendered(0, json.dumps(answer).encode() + b"\n")


def specific(event: str, **fields: Any) -> Rendered:
    """Return an answer with fields for one kind of event."""
    return said({"hookSpecificOutput": {"hookEventName": event, **fields}})


def shown(reason: str) -> str:
    """Return a reason that is never empty, and has no character that acts."""
    text = reason.encode("utf-8", "replace").decode()
    marks = (mark if mark.isprintable() or mark == "\n" else "?" for mark in text)
    return "".join(marks).strip()[:_LONGEST_REASON] or _NO_REASON


def remarks(decision: GuardDecision) -> str:
    """Return what the agent is told although nothing is stopped."""
    told: dict[str, None] = {}
    for concern in decision.concerns:
        if concern.answer is Answer.SILENT:
            told[" ".join(filter(None, (concern.reason, concern.next_step)))] = None
    text = " ".join(told)
    return f"zt-gate guard: {shown(text)}" if text.strip() else ""
