"""Values that a rule's key pattern matched, the issues found in them, and values as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.record import dataclass

if TYPE_CHECKING:
    from zt_gate.model.finding import Level
    from zt_gate.scanners.agent_config.rule_index import KeyRule, RuleIndex
    from zt_gate.syntax.document import Document, Path

_SHORT = 120


@dataclass(frozen=True, slots=True)
class KeyHit:
    """One dangerous setting in a document.

    ``subject`` identifies the setting and its value on the old and the new side;
    ``place`` identifies the setting without its value, to distinguish a changed
    value from an added one.  ``needle`` is text to search for from the key's line
    on.  ``secret`` is a credential in the value, "" for none.
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
    """What a check found in a value.

    ``clause`` follows the key in the message.  ``about`` identifies the issue (it
    goes into the fingerprint; "" for the value itself).  ``rule`` is a rule id or
    its name, "" for the rule that ran the check.  ``path`` leads from the value to
    the part in question.
    """

    level: Level | None
    clause: str
    about: str = ""
    rule: str = ""
    needle: str = ""
    path: Path = ()
    secret: str = ""


@dataclass(frozen=True, slots=True)
class MatchedValue:
    """One value that a rule's key pattern matched, with what a check needs to know."""

    key: KeyRule
    path: Path
    value: Any
    document: Document
    rules: RuleIndex
    file: bytes
    #: Paths that the same change adds or modifies: the value may run one of them.
    changed_paths: frozenset[bytes]


def scalar(value: Any) -> str | None:
    """Return a text, number or truth value as text; None for tables, lists and null."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    return None


def short(text: str) -> str:
    """Return hostile text as ASCII, one line, at most 120 characters, for a message."""
    one_line = " ".join(text.split())
    plain = one_line.encode("ascii", "backslashreplace").decode()
    return plain if len(plain) <= _SHORT else f"{plain[: _SHORT - 3]}..."
