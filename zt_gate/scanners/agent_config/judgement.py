"""What a judge is asked about one value, what it answers, and what is found in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zt_gate.model.finding import Level
    from zt_gate.scanners.agent_config.rule_index import Book, Key
    from zt_gate.syntax.document import Document, Path


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge says: a clause after the key, and what it is about."""

    level: Level | None
    says: str
    about: str = ""
    rule: str = ""
    needle: str = ""
    path: Path = ()
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a judge is asked: one value that a rule's key pattern matched."""

    key: Key
    path: Path
    value: Any
    document: Document
    book: Book
    file: bytes
    #: Paths that the same change adds or changes: what it brings can be run by it.
    brought: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding in a line: the rule, the place (offsets into ``text``), and a sentence."""

    rule: str
    level: Level
    number: int
    text: str
    start: int
    end: int
    message: str


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
