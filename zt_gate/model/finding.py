"""A finding of a scanner, with its location and evidence."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from zt_gate.record import dataclass

LocationKind = Literal["line", "file", "commit", "change"]


class Severity(StrEnum):
    """How much harm the finding can do if it is correct."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info up to 4 for critical."""
        return _SEVERITIES.index(self)


class Confidence(StrEnum):
    """How certain the rule is that the finding is correct."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for low up to 2 for high."""
        return _CONFIDENCES.index(self)


class Level(StrEnum):
    """The effect of a finding on the verdict; only the judge sets it."""

    BLOCK = "block"
    WARN = "warn"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warn, 2 for block."""
        return _LEVELS.index(self)


_SEVERITIES = (
    Severity.INFO,
    Severity.LOW,
    Severity.MEDIUM,
    Severity.HIGH,
    Severity.CRITICAL,
)
_CONFIDENCES = (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)
_LEVELS = (Level.INFO, Level.WARN, Level.BLOCK)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a finding is.

    ``line``: an added line; columns are 1-based code points, the end is exclusive.
    ``file``: a whole file (its name, mode, deletion, or unreadable content).
    ``commit``: a commit's message, or a line that only the history has (then
    ``path`` and ``line`` are those of the commit).  ``change``: the whole change;
    its ``path`` may be None.
    """

    kind: LocationKind
    path: bytes | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    commit: str | None = None

    def __post_init__(self) -> None:
        if self.kind == "line" and (self.path is None or self.line is None):
            raise ValueError("a line finding needs a path and a line")
        if self.kind == "file" and self.path is None:
            raise ValueError("a file finding needs a path")
        if self.kind == "commit" and self.commit is None:
            raise ValueError("a commit finding needs a commit")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Source text with the span of the finding, as offsets into ``text``.

    ``text`` is the whole line, or a window of some 4,000 characters around the span
    of a longer line.  The judge shortens it for display only after masking, so that
    no part of a secret is left where it is cut.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding as its scanner returns it: unmasked; ``level`` is the rule's own.

    ``subject`` is what was found, for the fingerprint; if it is empty, the marked
    span of the evidence is used.  ``secrets`` are the secret values that the scanner
    found here, in clear text: the judge masks them in every text of every finding
    before anything leaves the process.
    """

    rule: str
    location: Location
    message: str
    severity: Severity
    confidence: Confidence
    level: Level | None = None
    why: str = ""
    remedy: str = ""
    cwe: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    evidence: Evidence | None = None
    subject: str = ""
    secrets: tuple[str, ...] = ()
    fix: str | None = None
    #: Whether the old content had the same finding; False if it was not scanned.
    preexisting: bool = False
    #: The rule's title; ``message`` is about this one location.
    title: str = ""
    #: The rule's former ids, oldest first (``rules/renames.toml``).
    former_rules: tuple[str, ...] = ()
    #: The release that brought the rule, "" for the first public one.
    since: str = ""

    @property
    def scanner(self) -> str:
        """The scanner's name, which is the part of the rule id before the slash."""
        return self.rule.partition("/")[0]

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """All ids by which a policy may name the rule, the current one first."""
        return (self.rule, *self.former_rules)

    @property
    def first_rule(self) -> str:
        """The rule's oldest id, which a fingerprint uses because no renaming changes it."""
        return self.former_rules[0] if self.former_rules else self.rule


def bounded_subject(subject: str, limit: int) -> str:
    """Return a subject of bounded length that still differs if the full one does.

    A subject of more than ``limit`` characters is cut there and followed by a digest
    of all of it: an approval of one long content must not cover another content with
    the same beginning.
    """
    if len(subject) <= limit:
        return subject
    from hashlib import blake2b

    data = subject.encode("utf-8", "surrogatepass")
    return f"{subject[:limit]} {blake2b(data, digest_size=16).hexdigest()}"
