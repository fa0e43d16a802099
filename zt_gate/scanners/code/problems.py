"""What the engine did not do: of the run as a whole, and file by file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.report import NotInspected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zt_gate.scanners.code.output import Answer, Problem
    from zt_gate.scanners.code.targets import Target

_UNPARSED = frozenset(
    ("Syntax error", "Lexical error", "Other syntax error", "AST builder error",
     "ParseError", "LexicalError", "OtherParseError", "AstBuilderError")
)  # fmt: skip
# Only comments to the end of a line: code can follow the end of a block comment.
_COMMENT = {"python": b"#", "javascript": b"//"}
# JavaScript ends a line comment at these too (ECMA-262 12.3).
_SEPARATORS = (b"\xe2\x80\xa8", b"\xe2\x80\xa9")


def of_the_run(answer: Answer, targets: Mapping[str, Target], rules: frozenset[str]) -> str:
    """Return why the run as a whole is no answer, or "".

    A rule that the engine does not accept is dropped by it, and everything
    else goes on: that would be a pass by a scanner with a hole.
    """
    for problem in answer.problems:
        if problem.file not in targets:
            if problem.rule:
                return f"semgrep does not accept the rule code/{problem.rule}"
            return f"semgrep reports a problem of its own: {problem.kind[:60]}"
    for match in answer.matches:
        if match.file not in targets or match.rule not in rules:
            return "semgrep reports something that it was not asked for"
    return ""


def of_files(
    answer: Answer, targets: Mapping[str, Target], workdir: Path
) -> Iterator[NotInspected]:
    """Yield the files that were not wholly looked at: one entry for each, the worst."""
    by_file: dict[str, list[Problem]] = {}
    for problem in answer.problems:
        by_file.setdefault(problem.file, []).append(problem)
    for name, target in targets.items():
        if name not in answer.scanned:
            yield NotInspected(target.path, "failed", "semgrep passed over this file")
            continue
        for problem in by_file.get(name, ()):
            entry = _entry(problem, target, workdir, name)
            if entry is not None:
                yield entry
                break


def _entry(problem: Problem, target: Target, workdir: Path, name: str) -> NotInspected | None:
    if problem.kind == "PartialParsing":
        missed = _missed(problem, target, workdir, name)
        if not missed:
            return None
        lines = ", ".join(str(number) for number in missed[:5]) + (", …" if missed[5:] else "")
        noun = "line" if len(missed) == 1 else "lines"
        reason = f"semgrep cannot parse {noun} {lines} of what was added"
        return NotInspected(target.path, "unreadable", reason)
    if problem.kind in _UNPARSED:
        where = f" (line {problem.line})" if problem.line else ""
        reason = f"semgrep cannot parse this file{where}, so none of it was inspected"
        return NotInspected(target.path, "unreadable", reason)
    what = f" with the rule code/{problem.rule}" if problem.rule else ""
    reason = f"semgrep gave this file up{what}: {problem.kind[:60]}"
    return NotInspected(target.path, "failed", reason)


def _missed(problem: Problem, target: Target, workdir: Path, name: str) -> list[int]:
    """Return the added lines of code that lie in what could not be parsed."""
    spans = problem.spans or ((1, 1 << 30),)
    added = sorted({number for span in spans for number in target.added.within(*span)})
    if not added:
        return []
    lines = target.lines(workdir, name)
    return [
        number
        for number in added
        if number <= len(lines) and _is_code(lines[number - 1].strip(), target)
    ]


def _is_code(line: bytes, target: Target) -> bool:
    comment = line.startswith(_COMMENT[target.dialect.language.name])
    return bool(line) and (not comment or any(end in line for end in _SEPARATORS))
