"""Converts matches of the engine to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Evidence, Finding, Level, Location, bounded_subject
from zt_gate.scanners.code.suggested_fixes import fix_of
from zt_gate.syntax import paths
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.code.semgrep_output import Match
    from zt_gate.scanners.code.targets import Target

#: Characters of evidence and of a subject.
_MAX_EVIDENCE = 4000
_MAX_SUBJECT = 4000


def touches(match: Match, target: Target) -> bool:
    """Whether a match touches an added line, of which more is new than a comment."""
    if target.added.first_within(match.line, match.end_line) is None:
        return False
    return target.added_code.first_within(match.line, match.end_line) is not None


def finding_of(match: Match, rule: Rule, target: Target, lines: list[bytes]) -> Finding:
    """Return the finding of a match.

    Its location is the first run of added lines that the match touches.  A match without
    added lines, which the change only made possible, becomes a finding of the file at the
    location of the match.  ``lines`` are all lines of the new content.
    """
    last = min(match.end_line, len(lines))
    added_run = target.added.first_within(match.line, last)
    first_line, last_line = added_run or (match.line, last)
    is_added = added_run is not None
    text = decode_lossy(lines[first_line - 1])
    start, end = _columns(match, lines, first_line, last_line)
    location = Location(
        kind="line" if is_added else "file",
        path=target.path,
        line=first_line,
        column=start + 1,
        end_line=last_line,
        end_column=end + 1,
    )
    is_one_line = last_line == first_line
    evidence = _evidence(text, start, end if is_one_line else len(text))
    message = _message(match, rule, first_line, is_added=is_added)
    fix = None
    is_whole_match = (first_line, last_line) == (match.line, match.end_line)
    if is_added and is_whole_match:
        fix = fix_of(rule, _text(lines[first_line - 1 : last_line], start, end))
    subject = subject_of(match, lines)
    # What a test's own server answers reaches no user.
    in_test = rule.data.get("in-tests") == "warn" and paths.is_any(target.path, "test")
    level = Level.WARN if in_test else None
    return rule.finding(
        location, message, evidence=evidence, subject=subject, fix=fix, level=level
    )


def _columns(
    match: Match, lines: list[bytes], first_line: int, last_line: int
) -> tuple[int, int]:
    """Return the start in the first line and the end in the last one, 0-based."""
    first_text = decode_lossy(lines[first_line - 1])
    last_text = decode_lossy(lines[last_line - 1])
    if first_line == match.line:
        start = _characters(lines[first_line - 1], match.column)
    else:
        start = len(first_text) - len(first_text.lstrip())
    if last_line == match.end_line:
        end = _characters(lines[last_line - 1], match.end_column)
    else:
        end = len(last_text.rstrip())
    if first_line == last_line and end <= start:
        return 0, len(first_text)
    return start, end


def _text(lines: Sequence[bytes], start: int, end: int) -> str:
    """Return the code between an offset in the first line and one in the last."""
    rows = [decode_lossy(line).removesuffix("\r") for line in lines]
    rows[-1] = rows[-1][:end]
    rows[0] = rows[0][start:]
    return "\n".join(rows)


def _message(match: Match, rule: Rule, line: int, *, is_added: bool) -> str:
    """Return the rule's title, with what the location does not show."""
    parts = [rule.title]
    if match.source is not None and match.source != line:
        parts.append(f"the data comes from line {match.source}")
    if not is_added:
        parts.append(
            f"line {line} is unchanged, but this change made the finding possible"
        )
    return "; ".join(parts)


def without_duplicates(findings: Iterable[Finding]) -> list[Finding]:
    """Drop duplicates, and weaker findings of the same weakness on the same line.

    For example, one rule follows request data to a sink, and another rule matches the
    same sink by the way in which the text is built.
    """
    strongest: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = (
            finding.location.path,
            finding.location.line,
            finding.cwe[:1] or finding.rule,
        )
        previous = strongest.get(key)
        if previous is None or _is_stronger(finding, previous):
            strongest[key] = finding
    return sorted(strongest.values(), key=_order)


def _is_stronger(finding: Finding, previous: Finding) -> bool:
    """Return whether a finding replaces another one.

    Of two equal ones at one column the first by the rules' first ids stays: a rename
    must not change which one a level, an ignore or a baseline meets.
    """
    if _weight(finding) != _weight(previous):
        return _weight(finding) > _weight(previous)
    if finding.location.column != previous.location.column:
        return False
    return finding.first_rule < previous.first_rule


def _weight(finding: Finding) -> tuple[int, int]:
    return finding.confidence.rank, finding.severity.rank


def _order(finding: Finding) -> tuple[bytes, int, int, str]:
    location = finding.location
    return (
        location.path or b"",
        location.line or 0,
        location.column or 0,
        finding.rule,
    )


def _characters(line: bytes, column: int) -> int:
    """Convert a 1-based column in bytes to an offset in code points."""
    return len(decode_lossy(line[: column - 1]))


def subject_of(match: Match, lines: Sequence[bytes]) -> str:
    """Return the matched code with runs of white space as one space: equal for moved code."""
    last = min(match.end_line, len(lines))
    if last == match.line:
        matched = lines[last - 1][match.column - 1 : match.end_column - 1]
    else:
        middle = lines[match.line : last - 1]
        head = lines[match.line - 1][match.column - 1 :]
        matched = b"\n".join((head, *middle, lines[last - 1][: match.end_column - 1]))
    return bounded_subject(" ".join(decode_lossy(matched).split()), _MAX_SUBJECT)


def _evidence(text: str, start: int, end: int) -> Evidence:
    if len(text) <= _MAX_EVIDENCE:
        return Evidence(text, start, end)
    begin = max(0, min(start - _MAX_EVIDENCE // 4, len(text) - _MAX_EVIDENCE))
    excerpt = text[begin : begin + _MAX_EVIDENCE]
    return Evidence(excerpt, start - begin, min(end - begin, len(excerpt)))
