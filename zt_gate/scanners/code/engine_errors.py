"""Errors of the engine: of a run as a whole, and of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.report import NotInspected
from zt_gate.scanners.code import python_statements
from zt_gate.scanners.code.semgrep_output import (
    FUNCTIONS_REMOVED,
    OLDER_FORM,
    VALID_SYNTAX,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.scanners.code.inspection_result import InspectionResult
    from zt_gate.scanners.code.rule_selection import EngineRules
    from zt_gate.scanners.code.semgrep_output import EngineOutput, EngineProblem
    from zt_gate.scanners.code.targets import Target

# Only comments up to the end of a line: code can follow a block comment.
_COMMENT = {"python": b"#", "javascript": b"//", "go": b"//"}
# JavaScript also ends a line comment at these (ECMA-262 12.3).
_LINE_SEPARATORS = (b"\xe2\x80\xa8", b"\xe2\x80\xa9")


def run_error(
    output: EngineOutput, files: frozenset[str], rules: frozenset[str]
) -> str:
    """Return why the run as a whole is not usable, or "".

    The engine drops an invalid rule and continues.  Without this check, the scan would
    pass although a rule was not applied.
    """
    for problem in output.problems:
        if problem.file in files:
            continue
        if problem.rule:
            return f"semgrep rejects the rule code/{problem.rule}"
        return f"semgrep reports an internal error: {problem.kind[:60]}"
    for match in output.matches:
        if match.file not in files or match.rule not in rules:
            return "semgrep reports a match of an unknown file or rule"
    return ""


def skipped_part(
    result: InspectionResult,
    target: Target,
    lines: Sequence[bytes],
    engine_rules: EngineRules,
) -> NotInspected | None:
    """Return the most severe reason why changed lines of a file were not inspected."""
    if not result.is_scanned:
        reason = "semgrep does not list this file as scanned"
        return NotInspected(target.path, "failed", reason)
    for problem in result.problems:
        if not problem.is_parsing and problem.kind != FUNCTIONS_REMOVED:
            return _unfinished(problem, target)
    for problem in result.problems:
        if problem.is_unparsed:
            return _unparsed(problem, target)
    unparsed_lines = _unparsed_lines(_unparsed_spans(result), target, lines)
    if unparsed_lines:
        is_valid = any(problem.kind == VALID_SYNTAX for problem in result.problems)
        return _partly_parsed(
            unparsed_lines, target, lines, engine_rules, is_valid=is_valid
        )
    older_spans = [
        span
        for problem in result.problems
        if problem.kind == OLDER_FORM
        for span in problem.spans
    ]
    older_lines = _unparsed_lines(older_spans, target, lines)
    if older_lines:
        reason = f"{_unsupported(older_lines, target)}; it was read in an older form"
        return NotInspected(target.path, "unsupported_syntax", reason)
    if any(problem.kind == FUNCTIONS_REMOVED for problem in result.problems):
        reason = (
            "semgrep cannot finish this file as a whole: functions that were not changed "
            "were not inspected"
        )
        return NotInspected(target.path, "not_applicable", reason)
    return None


def _unfinished(problem: EngineProblem, target: Target) -> NotInspected:
    rule = f" with the rule code/{problem.rule}" if problem.rule else ""
    reason = f"semgrep did not finish this file{rule}: {problem.kind[:60]}"
    return NotInspected(target.path, "failed", reason)


def _unparsed(problem: EngineProblem, target: Target) -> NotInspected:
    reason = "semgrep cannot parse this file"
    if problem.line:
        reason += f" (line {problem.line})"
    if not target.added.runs:
        reason += "; the change only removes lines from it"
        return NotInspected(target.path, "not_applicable", reason)
    reason += ", so none of it was inspected"
    return NotInspected(target.path, "unreadable", reason)


def _unparsed_spans(result: InspectionResult) -> list[tuple[int, int]]:
    """Return the ranges of lines that were not parsed; all lines where none are named."""
    spans: list[tuple[int, int]] = []
    for problem in result.problems:
        if problem.kind not in {FUNCTIONS_REMOVED, OLDER_FORM, VALID_SYNTAX}:
            spans += problem.spans or ((1, 1 << 30),)
    return spans


def _partly_parsed(
    unparsed_lines: Sequence[int],
    target: Target,
    lines: Sequence[bytes],
    engine_rules: EngineRules,
    *,
    is_valid: bool,
) -> NotInspected:
    """Return what is known of added lines that were not parsed.

    ``is_valid`` says that another parser of the language accepts the file.
    """
    could_match = _could_match(unparsed_lines, target, lines, engine_rules)
    if is_valid:
        reason = f"{_unsupported(unparsed_lines, target)}; the rest was scanned"
        if could_match:
            language = target.dialect.language.name
            text = b"\n".join(lines[number - 1] for number in unparsed_lines)
            words = engine_rules.words_in(language, target.rules, text)
            if words:
                reason += f"; a rule looks for {words[0].decode()!r}, which is there"
                return NotInspected(
                    target.path, "unsupported_syntax", reason, has_rule_words=True
                )
        return NotInspected(target.path, "unsupported_syntax", reason)
    noun = "line" if len(unparsed_lines) == 1 else "lines"
    reason = f"semgrep cannot parse the added {noun} {_listed(unparsed_lines)}"
    if could_match:
        return NotInspected(target.path, "unreadable", reason)
    reason += "; no rule can match there"
    return NotInspected(target.path, "not_applicable", reason)


def _listed(numbers: Sequence[int]) -> str:
    text = ", ".join(map(str, numbers[:5]))
    return f"{text}, …" if len(numbers) > 5 else text


def _unsupported(numbers: Sequence[int], target: Target) -> str:
    noun = "line" if len(numbers) == 1 else "lines"
    return (
        f"semgrep's {target.dialect.title} parser does not support this syntax, "
        f"{noun} {_listed(numbers)}"
    )


def _could_match(
    unparsed_lines: Sequence[int],
    target: Target,
    lines: Sequence[bytes],
    engine_rules: EngineRules,
) -> bool:
    """Whether the statements of these lines contain the words that a rule needs.

    The engine follows data within a function.  A match in a statement that was not parsed
    depends only on that statement and on the code outside of all functions and classes.
    """
    if target.dialect.language.name != "python":
        return True
    text = b"\n".join(lines)
    statements = python_statements.statements(text)
    if statements is None:
        return True
    keep: list[python_statements.Span] = []
    for number in unparsed_lines:
        keep += python_statements.statements_at(statements, number, number)
    part = python_statements.without_definitions(statements, text, keep)
    return bool(engine_rules.applicable("python", part))


def _unparsed_lines(
    spans: Iterable[tuple[int, int]], target: Target, lines: Sequence[bytes]
) -> list[int]:
    """Return the added lines of code in these ranges of lines."""
    added = {number for span in spans for number in target.added.within(*span)}
    return [
        number
        for number in sorted(added)
        if number <= len(lines) and _is_code(lines[number - 1].strip(), target)
    ]


def _is_code(line: bytes, target: Target) -> bool:
    if not line:
        return False
    if not line.startswith(_COMMENT[target.dialect.language.name]):
        return True
    return any(separator in line for separator in _LINE_SEPARATORS)
