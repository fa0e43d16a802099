"""Finds credentials that several scanners report: one credential is one finding.

A rule for code says that a literal is a password, and a format of a secret says whose
key it is.  A person has to replace one value, so the worse of the two findings stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zt_gate.model.finding import Finding, Location

_Place = tuple[bytes | None, str | None, int]


def has_values(finding: Finding) -> bool:
    """Whether an unmasked finding has a credential's value."""
    return bool(finding.secrets)


def repeated(
    findings: Sequence[Finding],
    weights: Sequence[tuple[int, ...]],
    has_value: Callable[[Finding], bool] = has_values,
) -> frozenset[int]:
    """Return the indexes of findings that repeat one of another scanner.

    ``has_value`` says which of them found a credential by its value.  Of two, the one
    with the greater weight stays, and if both are equal, the one that has the value.
    Both have a weakness (CWE) in common, and what one of them marks is the value that
    the other one found.
    """
    by_place: dict[_Place, list[int]] = {}
    for index, finding in enumerate(findings):
        if has_value(finding) and finding.location.line is not None:
            for place in _places(finding.location):
                by_place.setdefault(place, []).append(index)
    left_out: set[int] = set()
    if not by_place:
        return frozenset()
    for index, finding in enumerate(findings):
        is_candidate = finding.location.line is not None and bool(finding.cwe)
        if has_value(finding) or not is_candidate:
            continue
        others = {
            other
            for place in _places(finding.location)
            for other in by_place.get(place, ())
        }
        for other in others:
            if not _is_same(finding, findings[other]):
                continue
            worse = weights[index] > weights[other]
            left_out.add(other if worse else index)
    return frozenset(left_out)


def _places(location: Location) -> Iterator[_Place]:
    """Yield the lines of a location; of a long one the first and the last."""
    first = location.line or 0
    for line in {first, location.end_line or first}:
        yield location.path, location.commit, line


def _is_same(finding: Finding, secret: Finding) -> bool:
    if finding.scanner == secret.scanner or not set(finding.cwe) & set(secret.cwe):
        return False
    if _overlap(finding.location, secret.location):
        return True
    evidence = finding.evidence
    if evidence is None:
        return False
    marked = evidence.text[evidence.start : evidence.end]
    return any(value in marked for value in secret.secrets)


def _overlap(one: Location, other: Location) -> bool:
    """Whether two spans of one file share a character; a span without an end is a line."""

    def start(location: Location) -> tuple[int, int]:
        return location.line or 0, location.column or 1

    def end(location: Location) -> tuple[int, int]:
        line = location.end_line or location.line or 0
        return line, location.end_column or 1 << 30

    return start(one) < end(other) and start(other) < end(one)
