"""From the engine's matches to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate.model.finding import Evidence, Finding, Location, whole
from zt_gate.scanners.code.suggested_fixes import fix_of
from zt_gate.syntax.text import decode_lossy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.model.rule import Rule
    from zt_gate.scanners.code.semgrep_output import Match
    from zt_gate.scanners.code.targets import Target

_WINDOW = 4000
_SUBJECT = 4000


def touches(match: Match, target: Target) -> bool:
    """Whether a match touches an added line."""
    return target.added.first_within(match.line, match.end_line) is not None


def finding_of(match: Match, rule: Rule, target: Target, lines: list[bytes]) -> Finding:
    """Return the finding that a match makes.

    The place is cut to the first run of added lines that the match touches.  A
    match that touches none, which the change only made possible, keeps its
    place in a finding on the file.  ``lines`` are ``target.lines()``.
    """
    last = min(match.end_line, len(lines))
    run = target.added.first_within(match.line, last)
    first_line, last_line = run or (match.line, last)
    text = decode_lossy(lines[first_line - 1])
    start = len(text) - len(text.lstrip())
    if first_line == match.line:
        start = _characters(lines[first_line - 1], match.column)
    end_text = decode_lossy(lines[last_line - 1])
    end = len(end_text.rstrip())
    if last_line == match.end_line:
        end = _characters(lines[last_line - 1], match.end_column)
    if first_line == last_line and end <= start:
        start, end = 0, len(text)
    location = Location(
        kind="line" if run else "file",
        path=target.path,
        line=first_line,
        column=start + 1,
        end_line=last_line,
        end_column=end + 1,
    )
    evidence = _evidence(text, start, end if last_line == first_line else len(text))
    message = _message(match, rule, first_line, is_added=run is not None)
    fix = None
    if (first_line, last_line) == (match.line, match.end_line) and run:
        fix = fix_of(rule, _text(lines[first_line - 1 : last_line], start, end))
    subject = subject_of(match, lines)
    return rule.finding(location, message, evidence=evidence, subject=subject, fix=fix)


def _text(lines: Sequence[bytes], start: int, end: int) -> str:
    """Return the code between an offset in the first line and one in the last."""
    rows = [decode_lossy(line).removesuffix("\r") for line in lines]
    rows[-1] = rows[-1][:end]
    rows[0] = rows[0][start:]
    return "\n".join(rows)


def _message(match: Match, rule: Rule, line: int, *, is_added: bool) -> str:
    """Return the rule's title, and what of the place is not to be seen there."""
    parts = [rule.title]
    if match.source is not None and match.source != line:
        parts.append(f"it comes from line {match.source}")
    if not is_added:
        parts.append(
            f"the change made this possible, although line {line} is an old one"
        )
    return "; ".join(parts)


def without_duplicates(findings: Iterable[Finding]) -> list[Finding]:
    """Drop repeats, and weaker findings of the same weakness on the same line.

    A rule that follows request data to its sink and one that only sees how a
    text was built say the same thing twice.
    """
    strongest: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        key = (
            finding.location.path,
            finding.location.line,
            finding.cwe[:1] or finding.rule,
        )
        known = strongest.get(key)
        if known is None or _weight(finding) > _weight(known):
            strongest[key] = finding
    return sorted(strongest.values(), key=_order)


def _weight(finding: Finding) -> tuple[int, int]:
    return finding.confidence.rank, finding.severity.rank


def _order(finding: Finding) -> tuple[bytes, int, int, str]:
    place = finding.location
    return place.path or b"", place.line or 0, place.column or 0, finding.rule


def _characters(line: bytes, column: int) -> int:
    """Turn a 1-based column in bytes into an offset in code points."""
    return len(decode_lossy(line[: column - 1]))


def subject_of(match: Match, lines: Sequence[bytes]) -> str:
    """Return what was matched, with runs of white space as one space: moved code stays equal."""
    last = min(match.end_line, len(lines))
    if last == match.line:
        matched = lines[last - 1][match.column - 1 : match.end_column - 1]
    else:
        middle = lines[match.line : last - 1]
        head = lines[match.line - 1][match.column - 1 :]
        matched = b"\n".join((head, *middle, lines[last - 1][: match.end_column - 1]))
    return whole(" ".join(decode_lossy(matched).split()), _SUBJECT)


def _evidence(text: str, start: int, end: int) -> Evidence:
    if len(text) <= _WINDOW:
        return Evidence(text, start, end)
    begin = max(0, min(start - _WINDOW // 4, len(text) - _WINDOW))
    piece = text[begin : begin + _WINDOW]
    return Evidence(piece, start - begin, min(end - begin, len(piece)))
