"""What a scanner says: one thing, found in one place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

LocationKind = Literal["line", "file", "commit", "change"]


class Severity(StrEnum):
    """How bad it is if it is true."""

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
    """How sure the rule is that it is true."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for low up to 2 for high."""
        return _CONFIDENCES.index(self)


class Level(StrEnum):
    """What the gate does about it: only the judge decides this."""

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

    ``line``: an added line, columns 1-based in code points, end exclusive.
    ``file``: a file as a whole (its name, mode, deletion, or that it cannot be
    read).  ``commit``: a commit's message, or a line that stands only in the
    history (then ``path`` and ``line`` say where in that commit).  ``change``:
    the change as a whole; only here ``path`` may be None.
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
    """A piece of source, with the span that matters as offsets into ``text``.

    Give the whole line, or where it is longer than some 4,000 characters, a
    window of that size around the span: the judge shortens it for display
    only after masking, so that no part of a secret stays at a cut.
    """

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, as its scanner made it: unmasked, without a level.

    ``subject`` is what was found, for the fingerprint (the marked span of the
    evidence where it is empty).  ``secrets`` are the secret values that the
    scanner saw here, in clear: the judge replaces them in every text of every
    finding before anything leaves the process.
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
    #: Whether the old content had the same finding; False where nobody looked.
    preexisting: bool = False
    #: The rule's title: what the rule is called, where ``message`` speaks of this one place.
    title: str = ""
    #: The ids that the rule had before, the first one first (``rules/renames.toml``).
    former_rules: tuple[str, ...] = ()

    @property
    def scanner(self) -> str:
        """The scanner's name: the part of the rule id before the slash."""
        return self.rule.partition("/")[0]

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """All ids of the rule, the present one first: what a policy may call it."""
        return (self.rule, *self.former_rules)

    @property
    def first_rule(self) -> str:
        """The rule's first id, which no renaming changes: what a fingerprint is made of."""
        return self.former_rules[0] if self.former_rules else self.rule


def bounded_subject(subject: str, shown: int) -> str:
    """Return a subject of bounded length that still differs where the rest of it does.

    Of what is longer than ``shown`` characters a digest stands behind them: a yes
    to one long content must not cover another that only begins like it.
    """
    if len(subject) <= shown:
        return subject
    from hashlib import blake2b

    rest = subject.encode("utf-8", "surrogatepass")
    return f"{subject[:shown]} {blake2b(rest, digest_size=16).hexdigest()}"
