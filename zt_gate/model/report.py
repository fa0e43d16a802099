"""The result of a run: the report, its verdict, and one run per scanner."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from zt_gate.record import dataclass, replace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zt_gate.model.change import SourceKind
    from zt_gate.model.finding import Finding, Level
    from zt_gate.model.profile import Profile

SCHEMA_VERSION = "1.0"

RunStatus = Literal["ok", "skipped", "error"]
State = Literal["active", "ignored", "approved", "baseline"]

#: Why something was not inspected.  ``not_applicable``: no scanner is meant for
#: it; passes.  ``unreadable``: it should be readable and is not; blocks.
#: ``failed``: a tool or a store failed; verdict error.  ``unverified``: a registry
#: gave no usable answer; verdict error unless the policy says warn.  ``excluded``: the
#: policy or an option leaves the path out; passes.  ``unsupported_syntax``: valid code
#: that the scanner's parser does not know; warns.
SkipKind = Literal[
    "not_applicable",
    "unreadable",
    "failed",
    "unverified",
    "excluded",
    "unsupported_syntax",
]


class Verdict(StrEnum):
    """The result of a run as one word."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    ERROR = "error"

    @property
    def exit_code(self) -> int:
        """The exit code of the command line: 0, 1 or 3."""
        return {"pass": 0, "fail": 1, "error": 3}[self.value]


_WITHOUT_RULES = "no code rules for "
_UNKNOWN = "unknown type"
_UNKNOWN_WITHOUT_RULES = f"{_UNKNOWN}, no code rules"


@dataclass(frozen=True, slots=True)
class NotInspected:
    """Something that a scanner did not inspect, and why.

    ``cause`` is the part of the reason that other items share (a service that did not
    answer); "" for the whole reason.
    ``has_rule_words`` says that it contains a word that a rule looks for: an error in the
    strict profile.  ``is_new`` says that the change makes the scanner skip it: a warning in
    the strict profile.
    """

    path: bytes | None
    kind: SkipKind
    reason: str
    cause: str = ""
    has_rule_words: bool = False
    is_new: bool = False

    @property
    def language_without_rules(self) -> str:
        """The language of code that no rule can judge, "" for any other entry."""
        if self.kind == "not_applicable" and self.reason == _UNKNOWN_WITHOUT_RULES:
            return _UNKNOWN
        if self.kind != "not_applicable" or not self.reason.startswith(_WITHOUT_RULES):
            return ""
        return self.reason.removeprefix(_WITHOUT_RULES)


def without_rules(language: str) -> str:
    """Return the reason of an entry for code in a language without rules."""
    if language == _UNKNOWN:
        return _UNKNOWN_WITHOUT_RULES
    return _WITHOUT_RULES + language


def in_order(items: Iterable[NotInspected]) -> tuple[NotInspected, ...]:
    """Sort what was not inspected by path, kind and reason."""

    def key(item: NotInspected) -> tuple[bool, bytes, str, str]:
        return item.path is not None, item.path or b"", item.kind, item.reason

    return tuple(sorted(items, key=key))


@dataclass(frozen=True, slots=True)
class ScannerRun:
    """The run of one scanner: its findings, and what it inspected.

    ``seconds`` is wall time, ``cpu_seconds`` the CPU time of the scanner's process and of
    its children that have ended, 0 if it did not run; ``files`` and ``lines`` count what
    was inspected.  A run with status ``error`` or ``skipped`` always has a reason;
    ValueError if not.
    """

    scanner: str
    status: RunStatus
    reason: str = ""
    seconds: float = 0.0
    files: int = 0
    lines: int = 0
    findings: tuple[Finding, ...] = ()
    not_inspected: tuple[NotInspected, ...] = ()
    cpu_seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status != "ok" and not self.reason:
            raise ValueError("a run with status error or skipped needs a reason")


@dataclass(frozen=True, slots=True)
class JudgedFinding:
    """A finding after the judge: masked, with its level, state and fingerprint."""

    finding: Finding
    level: Level
    fingerprint: str
    state: State = "active"
    state_reason: str = ""
    state_expires: str = ""
    #: Who added the waiver, and on which day (ISO); "" if unknown.
    state_by: str = ""
    state_since: str = ""
    #: The level without the grace of a new rule (``Rule.since``); None for the same.
    final_level: Level | None = None


@dataclass(frozen=True, slots=True)
class ToolInfo:
    """The gate that made the report."""

    name: str
    version: str
    rules_digest: str


@dataclass(frozen=True, slots=True)
class PolicyInfo:
    """The policy that the change was judged by; ``rev`` is "" for the defaults."""

    rev: str
    digest: str
    profile: Profile
    task: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Whether the change has marks of an agent, and which."""

    ai: bool = False
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A cause of the verdict error (``zt_gate.review.problems``).

    Either ``text`` is its sentence, or ``items`` are what ``scanner`` could not inspect,
    verify or parse, as ``verb`` says.  ``group`` is 0 for a cause that comes before
    those of the scanners, 1 for theirs, 2 for one that comes after.
    """

    group: int
    scanner: str = ""
    verb: str = ""
    text: str = ""
    items: tuple[NotInspected, ...] = ()


@dataclass(frozen=True, slots=True)
class ShardPart:
    """What the shards of one run must have in common, and what joining them needs.

    ``options`` is a digest of the options that can change a verdict, ``split`` one of
    which shard has which file.  ``problems`` are the causes of the report's errors.
    """

    options: str
    split: str
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole result of a run; every report format has the same content."""

    tool: ToolInfo
    kind: SourceKind
    base: str
    head: str
    change_digest: str
    policy: PolicyInfo
    origin: Origin
    verdict: Verdict
    complete: bool
    seconds: float
    findings: tuple[JudgedFinding, ...]
    runs: tuple[ScannerRun, ...]
    shard: tuple[int, int] = (1, 1)
    #: Number of files of the net change, or of the shard's part of it.
    files: int = 0
    #: What makes the verdict an error, one short sentence each.
    errors: tuple[str, ...] = ()
    #: Why a range has nothing to judge; "" if it has something.
    nothing: str = ""
    #: For the report of a shard: what joining it to the others needs.
    part: ShardPart | None = None

    def with_errors(self, errors: Iterable[str]) -> Report:
        """Return the report with errors that happened after the judge.

        Only this method lowers a verdict: a pass becomes an error, a fail stays a
        fail, and the report is no longer complete.  Without ``errors`` the report is
        returned unchanged.
        """
        added = tuple(errors)
        if not added:
            return self
        verdict = Verdict.FAIL if self.verdict is Verdict.FAIL else Verdict.ERROR
        return replace(
            self, verdict=verdict, complete=False, errors=(*self.errors, *added)
        )
