"""The result of inspecting one text, and its form in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zt_gate.record import dataclass, replace
from zt_gate.scanners.code.semgrep_output import (
    OLDER_FORM,
    VALID_SYNTAX,
    EngineProblem,
    Match,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.scanners.code.languages import Dialect
    from zt_gate.scanners.code.semgrep_output import EngineOutput


@dataclass(frozen=True, slots=True)
class InspectionUnit:
    """One text to inspect: the name of its private copy, and the rules that can match.

    The text is a file, or a part of it with spaces in place of the rest.  ``digest``
    identifies it.  ``touched`` are the ranges of lines to inspect if the engine cannot
    finish the text; None means all.
    """

    name: str
    dialect: Dialect
    digest: str
    rules: frozenset[str]
    touched: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """The matches of the rules in one text, and problems; ``file`` is "" in all of them.

    ``is_scanned`` is False if the engine does not list the text as scanned.
    ``has_sources`` says that the engine was run for the sources of the matches.
    """

    matches: tuple[Match, ...] = ()
    problems: tuple[EngineProblem, ...] = ()
    is_scanned: bool = True
    has_sources: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the same text, rules and engine give the same result again."""
        return self.is_scanned and all(problem.is_parsing for problem in self.problems)


def by_file(
    output: EngineOutput, units: Mapping[str, InspectionUnit]
) -> dict[str, InspectionResult]:
    """Split the output of the engine by the names of the copies."""
    matches: dict[str, list[Match]] = {unit.name: [] for unit in units.values()}
    problems: dict[str, list[EngineProblem]] = {name: [] for name in matches}
    for match in output.matches:
        if match.file in matches:
            matches[match.file].append(replace(match, file=""))
    for problem in output.problems:
        if problem.file in problems:
            problems[problem.file].append(replace(problem, file=""))
    return {
        name: InspectionResult(
            tuple(matches[unit.name]),
            tuple(problems[unit.name]),
            unit.name in output.scanned,
        )
        for name, unit in units.items()
    }


def joined(results: Sequence[InspectionResult]) -> InspectionResult:
    """Join the results of the parts of one text.

    What is in every part is found in every part, and counts once.
    """
    if len(results) == 1:
        return results[0]
    problems = [problem for result in results for problem in result.problems]
    if not all(map(_is_valid, results)):
        problems = [problem for problem in problems if problem.kind != VALID_SYNTAX]
    return InspectionResult(
        tuple(dict.fromkeys(match for result in results for match in result.matches)),
        tuple(dict.fromkeys(problems)),
        all(result.is_scanned for result in results),
        all(result.has_sources for result in results),
    )


def _is_valid(result: InspectionResult) -> bool:
    """Whether the engine left out nothing, or another parser accepts the text."""
    kinds = {problem.kind for problem in result.problems}
    return VALID_SYNTAX in kinds or not kinds - {OLDER_FORM}


def to_table(result: InspectionResult) -> dict[str, Any]:
    """Return a result as JSON data: positions and rule ids, no text."""
    matches = [
        [
            match.rule,
            match.line,
            match.column,
            match.end_line,
            match.end_column,
            match.source,
        ]
        for match in result.matches
    ]
    problems = [
        [problem.kind, problem.line, problem.spans] for problem in result.problems
    ]
    return {"matches": matches, "problems": problems, "sources": result.has_sources}


def from_table(table: Any) -> InspectionResult | None:
    """Return the result that ``to_table`` encoded, None for anything else."""
    if table is None:
        return None
    try:
        return InspectionResult(
            tuple(_match(row) for row in table["matches"]),
            tuple(_problem(row) for row in table["problems"]),
            has_sources=bool(table["sources"]),
        )
    except (ValueError, TypeError, KeyError):
        return None


def _match(row: Any) -> Match:
    rule, line, column, end_line, end_column, source = row
    return Match(rule, "", line, column, end_line, end_column, source)


def _problem(row: Any) -> EngineProblem:
    kind, line, spans = row
    return EngineProblem(
        kind, line=line, spans=tuple((first, last) for first, last in spans)
    )
