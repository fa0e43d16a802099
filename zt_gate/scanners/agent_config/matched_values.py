"""What a judge of values is asked, and what it says; values as text, for judges and messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zt_gate.model.finding import Level
    from zt_gate.scanners.agent_config.rule_index import KeyRule, RuleIndex
    from zt_gate.syntax.document import Document, Path


@dataclass(frozen=True, slots=True)
class KeyHit:
    """One dangerous thing in one document.

    ``subject`` is what makes it the same thing on the old and the new side;
    ``place`` is the subject without the value, so that a change can be told
    from an addition.  ``needle`` is text to look for from the key's line on.
    """

    rule: str
    path: Path
    place: str
    subject: str
    message: str
    level: Level | None = None
    needle: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class ValueIssue:
    """What a judge says: a clause after the key, and what it is about."""

    level: Level | None
    says: str
    about: str = ""
    rule: str = ""
    needle: str = ""
    path: Path = ()
    secret: str = ""


@dataclass(frozen=True, slots=True)
class MatchedValue:
    """What a judge is asked: one value that a rule's key pattern matched."""

    key: KeyRule
    path: Path
    value: Any
    document: Document
    book: RuleIndex
    file: bytes
    #: Paths that the same change adds or changes: what it brings can be run by it.
    brought: frozenset[bytes]


def scalar(value: Any) -> str | None:
    """Return a text, number or truth value as text; None for tables, lists and nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else None


def short(text: str) -> str:
    """Return hostile text as ASCII, one line, at most 120 characters, for a message."""
    plain = " ".join(text.split()).encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= 120 else f"{plain[:117]}..."
