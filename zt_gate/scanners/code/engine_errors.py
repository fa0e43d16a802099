"""What the engine did not do: of the run as a whole, and of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.report import NotInspected
from zt_gate.scanners.code import python_statements
from zt_gate.scanners.code.semgrep_output import PART

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.scanners.code.inspection_result import InspectionResult
    from zt_gate.scanners.code.rule_selection import EngineRules
    from zt_gate.scanners.code.semgrep_output import EngineOutput, EngineProblem
    from zt_gate.scanners.code.targets import Target

# Only comments to the end of a line: code can follow the end of a block comment.
_COMMENT = {"python": b"#", "javascript": b"//", "go": b"//"}
# JavaScript ends a line comment at these too (ECMA-262 12.3).
_SEPARATORS = (b"\xe2\x80\xa8", b"\xe2\x80\xa9")


def run_error(answer: EngineOutput, files: frozenset[str], rules: frozenset[str]) -> str:
    """Return why the run as a whole is no answer, or "".

    A rule that the engine does not accept is dropped by it, and everything
    else goes on: that would be a pass by a scanner with a hole.
    """
    for problem in answer.problems:
        if problem.file not in files:
            if problem.rule:
                return f"semgrep does not accept the rule code/{problem.rule}"
            return f"semgrep reports a problem of its own: {problem.kind[:60]}"
    for match in answer.matches:
        if match.file not in files or match.rule not in rules:
            return "semgrep reports something that it was not asked for"
    return ""


def of_file(
    outcome: InspectionResult, target: Target, lines: Sequence[bytes], pack: EngineRules
) -> NotInspected | None:
    """Return what was not looked at of what the change did to a file, the worst of it."""
    if not outcome.is_scanned:
        return NotInspected(target.path, "failed", "semgrep passed over this file")
    for problem in outcome.problems:
        if not problem.is_parsing and problem.kind != PART:
            what = f" with the rule code/{problem.rule}" if problem.rule else ""
            reason = f"semgrep gave this file up{what}: {problem.kind[:60]}"
            return NotInspected(target.path, "failed", reason)
    for problem in outcome.problems:
        if problem.is_unparsed:
            return _unparsed(problem, target)
    spans = [span for at in outcome.problems if at.kind != PART
             for span in at.spans or ((1, 1 << 30),)]  # fmt: skip
    missed = _missed(spans, target, lines)
    if missed:
        return _not_parsed(missed, target, lines, pack)
    if any(at.kind == PART for at in outcome.problems):
        reason = "too much for semgrep as a whole: functions that were not changed were left out"
        return NotInspected(target.path, "not_applicable", reason)
    return None


def _unparsed(problem: EngineProblem, target: Target) -> NotInspected:
    where = f" (line {problem.line})" if problem.line else ""
    if not target.added.runs:
        reason = (
            f"semgrep cannot parse this file{where}; lines were only removed from it"
        )
        return NotInspected(target.path, "not_applicable", reason)
    reason = f"semgrep cannot parse this file{where}, so none of it was inspected"
    return NotInspected(target.path, "unreadable", reason)


def _not_parsed(
    missed: Sequence[int], target: Target, lines: Sequence[bytes], pack: EngineRules
) -> NotInspected:
    """Say of added lines that were not parsed whether anything could be hidden in them."""
    named = ", ".join(str(number) for number in missed[:5]) + (
        ", …" if missed[5:] else ""
    )
    noun = "line" if len(missed) == 1 else "lines"
    reason = f"semgrep cannot parse {noun} {named} of what was added"
    if _could_match(missed, target, lines, pack):
        return NotInspected(target.path, "unreadable", reason)
    reason += ", and no rule could match there"
    return NotInspected(target.path, "not_applicable", reason)


def _could_match(
    missed: Sequence[int], target: Target, lines: Sequence[bytes], pack: EngineRules
) -> bool:
    """Whether the words around these lines are enough for any rule.

    The engine follows data within a function.  What a rule would match in a
    statement that it could not parse is made of that statement and of what the
    file says outside of all functions and classes.
    """
    if target.dialect.language.name != "python":
        return True
    text = b"\n".join(lines)
    known = python_statements.statements(text)
    if known is None:
        return True
    keep = [
        span
        for number in missed
        for span in python_statements.around(known, number, number)
    ]
    part = python_statements.without_definitions(known, text, keep)
    return bool(pack.applicable("python", part))


def _missed(
    spans: Iterable[tuple[int, int]], target: Target, lines: Sequence[bytes]
) -> list[int]:
    """Return the added lines of code that lie in what could not be parsed."""
    added = sorted({number for span in spans for number in target.added.within(*span)})
    return [
        number
        for number in added
        if number <= len(lines) and _is_code(lines[number - 1].strip(), target)
    ]


def _is_code(line: bytes, target: Target) -> bool:
    comment = line.startswith(_COMMENT[target.dialect.language.name])
    return bool(line) and (not comment or any(end in line for end in _SEPARATORS))
