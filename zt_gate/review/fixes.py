"""Plans the safe fixes of a report's findings as edits of the scanned files.

A fix is planned only where the file is text in UTF-8, where no secret is in the fix or
in the line, and where no other fix overlaps.  Everything else is listed with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.policy.baseline import FILE as BASELINE
from zt_gate.policy.load import FILE as POLICY
from zt_gate.policy.load import PYPROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from zt_gate.model.change import ChangeSet, FileChange
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import Report, ScannerRun

#: The gate's own policy, which fixes never touch.
_OF_GATE = frozenset((POLICY, BASELINE, PYPROJECT))


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """One replacement: lines and columns are 1-based code points, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str
    reason: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class FileFix:
    """The old and the new content of one file, and the reasons of its edits."""

    path: bytes
    old: bytes
    new: bytes
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Plan:
    """The fixes, and what was left out: path and reason."""

    files: list[FileFix] = field(default_factory=list)
    skipped: list[tuple[bytes, str]] = field(default_factory=list)


def finding_edits(
    report: Report, runs: Iterable[ScannerRun], plan: Plan
) -> dict[bytes, list[Edit]]:
    """Return the fixes of the report's active findings, by path.

    ``runs`` are those before masking: a masked fix would write its mask into the file.
    """
    raw: dict[tuple[object, ...], list[Finding]] = {}
    for run in runs:
        for finding in run.findings:
            raw.setdefault((finding.rule, finding.location), []).append(finding)
    edits: dict[bytes, list[Edit]] = {}
    for item in report.findings:
        shown = item.finding
        place = shown.location
        if item.state != "active" or shown.fix is None or place.path is None:
            continue
        originals = raw.get((shown.rule, place), [])
        if len(originals) != 1 or _is_masked(originals[0], shown):
            plan.skipped.append((place.path, f"{shown.rule}: its line holds a secret"))
            continue
        numbers = (place.line, place.column, place.end_line, place.end_column)
        if place.kind == "line" and None not in numbers:
            line, column, end_line, end_column = (number or 0 for number in numbers)
            edits.setdefault(place.path, []).append(
                Edit(line, column, end_line, end_column, shown.fix, shown.rule)
            )
    return edits


def _is_masked(original: Finding, shown: Finding) -> bool:
    """Whether the judge masked a secret in the fix or in the marked code."""
    if original.fix != shown.fix:
        return True
    one, other = original.evidence, shown.evidence
    if one is None or other is None:
        return one is not other
    return one.text[one.start : one.end] != other.text[other.start : other.end]


def add_edits(
    plan: Plan,
    change: ChangeSet,
    edits: Mapping[bytes, Sequence[Edit]],
    own_paths: frozenset[bytes] = frozenset(),
) -> None:
    """Apply edits to the content of the change, and add the files to the plan.

    ``own_paths`` are further files of the gate, such as the project's own rules.
    """
    for file in change.files:
        wanted = edits.get(file.path, ())
        if not wanted or file.is_deletion or file.is_symlink or file.through_link:
            continue
        if file.path in _OF_GATE | own_paths:
            plan.skipped.append((file.path, "fixes never change the gate's own policy"))
            continue
        _add_file(plan, file, wanted)


def _add_file(plan: Plan, file: FileChange, wanted: Sequence[Edit]) -> None:
    try:
        old = file.new.read() if file.new else b""
        text = old.decode("utf-8")
    except ContentUnavailableError as error:
        plan.skipped.append((file.path, str(error)))
        return
    except UnicodeDecodeError:
        plan.skipped.append((file.path, "it is not UTF-8"))
        return
    if text.startswith("\ufeff"):
        plan.skipped.append((file.path, "it begins with a byte order mark"))
        return
    kept, overlapping = _without_overlaps(wanted)
    plan.skipped += [
        (file.path, f"{edit.reason}: another fix changes the same code")
        for edit in overlapping
    ]
    new, reasons = text, []
    starts = _line_starts(text)
    for edit in reversed(kept):
        span = _span(text, starts, edit)
        if span is None:
            plan.skipped.append((file.path, f"{edit.reason}: its place is not certain"))
            continue
        new = new[: span[0]] + edit.text + new[span[1] :]
        reasons.append(edit.reason)
    if new != text:
        plan.files.append(
            FileFix(file.path, old, new.encode("utf-8"), tuple(reversed(reasons)))
        )


def _without_overlaps(edits: Iterable[Edit]) -> tuple[list[Edit], list[Edit]]:
    """Return the edits in order, and those that begin before the end of an earlier one."""
    kept: list[Edit] = []
    overlapping = []
    for edit in sorted(set(edits)):
        if kept and (edit.line, edit.column) < (kept[-1].end_line, kept[-1].end_column):
            overlapping.append(edit)
        else:
            kept.append(edit)
    return kept, overlapping


def _line_starts(text: str) -> list[int]:
    starts = [0]
    position = text.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


def _span(text: str, starts: Sequence[int], edit: Edit) -> tuple[int, int] | None:
    """Return the offsets of an edit, None if the lines do not have its columns."""
    offsets = []
    for line, column in ((edit.line, edit.column), (edit.end_line, edit.end_column)):
        if not 1 <= line <= len(starts):
            return None
        offset = starts[line - 1] + column - 1
        end = starts[line] if line < len(starts) else len(text) + 1
        if not starts[line - 1] <= offset < end:
            return None
        offsets.append(offset)
    start, end = offsets
    # The text of a fix has plain line ends: it would mix both kinds.
    if start > end or ("\n" in text[start:end] and "\r" in text[start:end]):
        return None
    return start, end


def diff(fix: FileFix) -> Iterator[str]:
    """Yield the lines of a unified diff of a file, without lines around the changes."""
    from difflib import unified_diff

    name = fix.path.decode("utf-8", "surrogateescape")
    old, new = (data.decode("utf-8").split("\n") for data in (fix.old, fix.new))
    yield from unified_diff(old, new, f"a/{name}", f"b/{name}", n=0, lineterm="")
