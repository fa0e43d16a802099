"""What is known of one text after a look at it, and how that is remembered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from zt_gate.scanners.code.semgrep_output import Match, EngineProblem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.scanners.code.languages import Dialect
    from zt_gate.scanners.code.semgrep_output import EngineOutput


@dataclass(frozen=True, slots=True)
class InspectionUnit:
    """One text to look at: its private copy's name, and the rules that can match in it.

    ``digest`` identifies the text.  ``touched`` are the lines that matter where
    the text is too much for the engine as a whole; None means all.
    """

    name: str
    dialect: Dialect
    digest: str
    rules: frozenset[str]
    touched: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class InspectionResult:
    """What the rules match in one text, and what was not looked at; ``file`` is "" everywhere.

    ``is_scanned`` is False where the engine does not say that it read the text.
    ``has_sources`` says that the engine was asked for the sources.
    """

    matches: tuple[Match, ...] = ()
    problems: tuple[EngineProblem, ...] = ()
    is_scanned: bool = True
    has_sources: bool = False

    @property
    def is_final(self) -> bool:
        """Whether the same text, rules and engine would give the same again."""
        return self.is_scanned and all(at.is_parsing for at in self.problems)


def by_file(answer: EngineOutput, units: Mapping[str, InspectionUnit]) -> dict[str, InspectionResult]:
    """Sort an answer by the copies' names."""
    matches: dict[str, list[Match]] = {name: [] for name in units}
    troubles: dict[str, list[EngineProblem]] = {name: [] for name in units}
    for match in answer.matches:
        if match.file in matches:
            matches[match.file].append(replace(match, file=""))
    for problem in answer.problems:
        if problem.file in troubles:
            troubles[problem.file].append(replace(problem, file=""))
    return {
        name: InspectionResult(
            tuple(matches[name]), tuple(troubles[name]), name in answer.scanned
        )
        for name in units
    }


def to_table(outcome: InspectionResult) -> dict[str, Any]:
    """Return an outcome as JSON has it: places and rule ids, no text."""
    return {
        "matches": [
            [at.rule, at.line, at.column, at.end_line, at.end_column, at.source]
            for at in outcome.matches
        ],
        "problems": [[at.kind, at.line, at.spans] for at in outcome.problems],
        "sources": outcome.has_sources,
    }


def from_table(table: Any) -> InspectionResult | None:
    """Return what ``to_table`` wrote; None for anything else."""
    if table is None:
        return None
    try:
        return InspectionResult(
            tuple(
                Match(rule, "", line, column, end_line, end_column, source)
                for rule, line, column, end_line, end_column, source in table["matches"]
            ),
            tuple(
                EngineProblem(
                    kind, line=line, spans=tuple((first, last) for first, last in spans)
                )
                for kind, line, spans in table["problems"]
            ),
            has_sources=bool(table["sources"]),
        )
    except (ValueError, TypeError, KeyError):
        return None
