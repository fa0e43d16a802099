"""From assessments to the findings of a report, with their places and evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zt_gate import lazy_re
from zt_gate.model.finding import Evidence, Location
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass
from zt_gate.syntax.text import bom_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.dependencies.assessment import Assessment
    from zt_gate.scanners.dependencies.manifest_difference import Addition

_LONGEST_EVIDENCE = 4000
_PASSWORD = lazy_re.compile(
    r"://[^/@\s:]{0,500}:([^/@\s]{1,500})@|://([^/@\s:]{8,500})@"
)
_RULES_WITH_VERSION_IN_MESSAGE = frozenset(
    (
        "dependencies/malware",
        "dependencies/unusual-release",
        "dependencies/vulnerable",
    )
)


@dataclass(frozen=True, slots=True)
class AssessedAddition:
    """An addition with one of its assessments."""

    addition: Addition
    assessment: Assessment


def unverified_in(assessed: Iterable[AssessedAddition]) -> list[NotInspected]:
    """Return an entry for each package that could not be checked."""
    return [
        NotInspected(
            item.addition.manifest.file.path,
            "unverified",
            item.assessment.message,
            item.assessment.cause,
        )
        for item in assessed
        if item.assessment.rule == "dependencies/unverified"
    ]


def findings_of(
    assessed: Iterable[AssessedAddition], context: Context
) -> Iterator[Finding]:
    """Yield a finding for each assessment."""
    lines: dict[bytes, list[str]] = {}
    for item in assessed:
        manifest = item.addition.manifest
        path = manifest.file.path
        if path not in lines:
            codec = bom_codec(manifest.data) or "utf-8-sig"
            lines[path] = manifest.data.decode(codec, "replace").split("\n")
        yield _finding(item, lines[path], context)


def _finding(item: AssessedAddition, lines: list[str], context: Context) -> Finding:
    entry, manifest = item.addition.dependency, item.addition.manifest
    text = lines[entry.line - 1].rstrip("\r") if entry.line <= len(lines) else ""
    start = min(entry.column - 1, len(text))
    end = min(max(start, entry.end_column - 1), len(text))
    location = Location(
        "line" if manifest.is_added_line(entry.line) else "file",
        manifest.file.path,
        line=entry.line,
        column=start + 1,
        end_line=entry.line,
        end_column=end + 1,
    )
    passwords = [
        match[1] or match[2] for match in _PASSWORD.finditer(entry.source.target)
    ]
    assessment = item.assessment
    return context.rules[assessment.rule].finding(
        location,
        assessment.message,
        evidence=_evidence(text, start, end),
        subject=_subject(item),
        secrets=tuple(value for value in passwords if "$" not in value),
        severity=assessment.severity,
        level=assessment.level,
        remedy=assessment.remedy,
    )


def _subject(item: AssessedAddition) -> str:
    """Return the subject of the finding's fingerprint.

    An approval must not cover another address, version or advisory.
    """
    entry, rule = item.addition.dependency, item.assessment.rule
    subject = f"{entry.ecosystem} {entry.key or entry.source.target}"
    if rule in {"dependencies/lock-integrity", "dependencies/lock-mismatch"}:
        return f"{subject} {item.assessment.message}"
    if rule == "dependencies/outside-registry":
        return f"{subject} {entry.source.target}"
    if rule in _RULES_WITH_VERSION_IN_MESSAGE:
        return f"{subject} {item.assessment.message}"
    if rule in {"dependencies/withdrawn", "dependencies/unverified"}:
        return f"{subject} {entry.constraint}"
    return subject


def _evidence(text: str, start: int, end: int) -> Evidence:
    """Return a line with the span of the finding; of a long line a part around the span."""
    offset = 0
    if len(text) > _LONGEST_EVIDENCE:
        offset = max(0, start - _LONGEST_EVIDENCE // 2)
    window = text[offset : offset + _LONGEST_EVIDENCE]
    return Evidence(window, start - offset, min(end - offset, len(window)))
