"""Files that wait for the engine: the units of their parts, and their results."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from zt_gate.record import dataclass, replace
from zt_gate.scanners.code import python_helpers
from zt_gate.scanners.code.inspection_result import (
    InspectionResult,
    InspectionUnit,
    joined,
)
from zt_gate.scanners.code.source_parts import RuleGroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zt_gate.scanners.code.rule_selection import EngineRules
    from zt_gate.scanners.code.semgrep_output import Match
    from zt_gate.scanners.code.source_parts import Part
    from zt_gate.scanners.code.targets import Target


@dataclass(frozen=True, slots=True)
class QueuedFile:
    """A target without its text, and the units with the parts of its text.

    ``name`` is that of the copy of the whole text.  ``cached`` are the results of units
    that the cache has, by their names.
    """

    target: Target
    name: str
    units: tuple[InspectionUnit, ...]
    cached: Mapping[str, InspectionResult]
    #: Texts of functions that the change does not concern.
    untouched: frozenset[bytes] = frozenset()
    #: Whether no person wrote it in this form, so that most rules are not applied.
    is_generated: bool = False


@dataclass(frozen=True, slots=True)
class OldContent:
    """The name of the copy of a file's old content, and its result."""

    name: str
    result: InspectionResult


@dataclass(frozen=True, slots=True)
class FileMatches:
    """The matches to report of one file.

    ``results`` are those of its parts, and of others, by the names of units.
    ``old_subjects`` are the matches of its old content, by rule and matched text.
    """

    queued: QueuedFile
    results: Mapping[str, InspectionResult]
    matches: list[Match]
    old_subjects: set[tuple[str, str]]


def parts_of(
    whole: InspectionUnit, text: bytes, part: Part | None
) -> list[tuple[InspectionUnit, bytes]]:
    """Return the units of the parts of a text, and what the engine gets of each."""
    if part is None:
        return [(replace(whole, digest=hashlib.sha256(text).hexdigest()), text)]
    stem, _, extension = whole.name.rpartition(".")
    texts = []
    groups = part.groups or (RuleGroup(part.text, part.rules),)
    is_whole = part.is_whole and len(groups) == 1
    for number, group in enumerate(groups, 1):
        unit = replace(
            whole,
            name=whole.name if is_whole else f"{stem}-part{number}.{extension}",
            digest=hashlib.sha256(group.text).hexdigest(),
            rules=group.rules,
        )
        texts.append((unit, group.text))
    return texts


def helpers_of(
    whole: InspectionUnit, text: bytes, engine_rules: EngineRules
) -> list[tuple[InspectionUnit, bytes]]:
    """Return the functions that get data from callers in the file, as at most one unit."""
    language = whole.dialect.language.name
    if language != "python":
        return []
    marked = python_helpers.marked_text(text)
    if marked is None:
        return []
    rules = engine_rules.that_name(language, python_helpers.MARK)
    rules = engine_rules.applicable_of(language, rules, marked)
    if not rules:
        return []
    stem, _, extension = whole.name.rpartition(".")
    unit = replace(
        whole,
        name=f"{stem}-helpers.{extension}",
        digest=hashlib.sha256(marked).hexdigest(),
        rules=rules,
    )
    return [(unit, marked)]


def joined_of(
    units: Iterable[InspectionUnit], results: Mapping[str, InspectionResult]
) -> InspectionResult:
    """Return the result of a file from those of its units."""
    return joined([results[unit.name] for unit in units])


def has_content(result: InspectionResult) -> bool:
    """Whether there is something to report."""
    return bool(result.matches or result.problems)
