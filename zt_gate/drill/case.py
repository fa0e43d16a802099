"""One case of the drill: what is tried, what must come out, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from zt_gate.drill.outcome import Found, GateOutcome
    from zt_gate.drill.workspace import Box

#: What a case may expect besides ``block RULE`` and ``warn RULE``.
WORDS = ("pass", "error", "refused")


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try.

    ``expect`` is ``block RULE`` or ``warn RULE`` (a glob; the finding is active
    and at one of ``paths`` where there are any), ``pass``, ``error`` or
    ``refused``.  ``play`` sets it up and runs the gate.
    """

    name: str
    group: str
    what: str
    expect: str
    play: Callable[[Box], GateOutcome]
    paths: tuple[bytes, ...] = ()

    @property
    def honest(self) -> bool:
        """Whether it is a change that nobody may stop."""
        return self.expect == "pass"


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what became of it; ``got`` is for people."""

    case: Case
    right: bool
    got: str


def judged(case: Case, said: GateOutcome) -> CaseResult:
    """Hold what came out against what should."""
    if said.ran:
        return CaseResult(case, right=False, got=f"ran {', '.join(said.ran)}")
    own = [one for one in said.findings if _at(one.path, case.paths)]
    level, _, rule = case.expect.partition(" ")
    if rule:
        right = any(
            one.level == level and one.state == "active" and fnmatchcase(one.rule, rule)
            for one in own
        )
        verdict = "fail" if level == "block" else said.verdict
        return CaseResult(
            case, right=right and said.verdict == verdict, got=_told(said, own)
        )
    if case.honest:
        # An error hides what else there might be; a finding elsewhere is another case's.
        blocks = any(one.level == "block" and one.state == "active" for one in own)
        right = not blocks and not said.errors and said.verdict in {"pass", "fail"}
        return CaseResult(case, right=right, got=_told(said, own))
    return CaseResult(case, right=said.verdict == case.expect, got=_told(said, own))


def _at(path: bytes | None, paths: tuple[bytes, ...]) -> bool:
    if not paths or path is None or path in paths:
        return True
    # The name of a file that holds a secret is masked: such a case says where with a glob.
    shown = path.decode("utf-8", "replace")
    return any(b"*" in one and fnmatchcase(shown, one.decode()) for one in paths)


def _told(said: GateOutcome, own: list[Found]) -> str:
    rules = dict.fromkeys(
        f"{one.level} {one.rule}"
        for one in own
        if one.state == "active" and one.level != "info"
    )
    verdict = said.verdict if said.verdict in {"error", "refused"} else ""
    errors = "; ".join(said.errors)[:100]
    return ", ".join(filter(None, (verdict, *rules, errors))) or "nothing"
