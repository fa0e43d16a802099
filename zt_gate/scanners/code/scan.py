"""One scan: from the changed files to findings, batch by batch."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.report import NotInspected
from zt_gate.scanners.code import engine_errors, semgrep_engine
from zt_gate.scanners.code.findings import (
    finding_of,
    subject_of,
    touches,
    without_echoes,
)
from zt_gate.scanners.code.inspection import Inspector
from zt_gate.scanners.code.inspection_result import InspectionResult, Unit
from zt_gate.scanners.code.preexisting_findings import newly_possible
from zt_gate.scanners.code.project_rules import own_rules
from zt_gate.scanners.code.result_cache import Store
from zt_gate.scanners.code.rule_selection import Pack
from zt_gate.scanners.code.targets import Target, lines_of, old_text, prepare
from zt_gate.syntax.suppression_comments import may_be_suppressed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.semgrep_output import Match

#: Files of one start of the engine: bounds the command line, and what lies in memory.
BATCH = 500


@dataclass(slots=True)
class CodeScanResult:
    """What one scan has so far."""

    findings: list[Finding] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    reason: str = ""
    files: int = 0
    lines: int = 0


@dataclass(frozen=True, slots=True)
class _Item:
    """A target without its text, the unit that its text is, and what is remembered of it."""

    target: Target
    unit: Unit
    known: InspectionResult | None


def scan(change: ChangeSet, context: Context) -> CodeScanResult:
    """Scan the files of the net change; what keeps this from being whole is in the result."""
    result = CodeScanResult()
    store = Store(context.cache_dir)
    own = own_rules(context, store)
    result.reason = "; ".join(own.wrong)
    result.not_inspected += own.others
    rules = {**context.rules, **own.rules}
    pack = Pack(rules, context.workdir, store)
    job = _Job(context, rules, pack, Inspector(pack, store, context), result)
    try:
        if own.rules and change.files:
            job.inspector.accepts(name.removeprefix("code/") for name in own.rules)
        for file in change.files:
            prepared = prepare(file, pack)
            if isinstance(prepared, NotInspected):
                result.not_inspected.append(prepared)
            elif prepared is not None:
                job.add(prepared)
        job.finish()
    except semgrep_engine.EngineError as error:
        result.reason = result.reason or str(error)
    result.reason = result.reason or job.inspector.reason
    result.findings = without_echoes(result.findings)
    return result


@dataclass(slots=True)
class _Job:
    """Gathers the files that must be looked at closer, and does that in batches."""

    context: Context
    rules: Mapping[str, Rule]
    pack: Pack
    inspector: Inspector
    result: CodeScanResult
    _waiting: list[_Item] = field(default_factory=list)
    _copies: int = 0

    def add(self, target: Target) -> None:
        """Look at a target; what needs the engine waits for the batch to be full."""
        known = None
        unit = None
        if target.rules:
            unit = self._unit(target.text, target)
            known = self.inspector.recalled(unit)
        if unit is None or (
            known is not None and not known.matches and not known.problems
        ):
            self._count(target)
            return
        unit = self._placed(unit, target.text)
        self._waiting.append(_Item(target.bare(), unit, known))
        if len(self._waiting) >= BATCH:
            self.finish()

    def finish(self) -> None:
        """Look at what waits; raises EngineError."""
        batch, self._waiting = self._waiting, []
        found = self.inspector.look(item.unit for item in batch if item.known is None)
        outcomes = [item.known or found[item.unit.name] for item in batch]
        old = self._old(batch, outcomes)
        reports: list[_Reported] = []
        for item, outcome in zip(batch, outcomes, strict=True):
            lines = lines_of(self.context.workdir, item.unit.name)
            skipped = engine_errors.of_file(outcome, item.target, lines, self.pack)
            if skipped is not None:
                self.result.not_inspected.append(skipped)
            if skipped is None or skipped.kind == "not_applicable":
                self._count(item.target)
            before = old.get(item.unit.name)
            reported = self._reported(item, outcome, lines, before)
            if reported:
                known = set() if before is None else self._known(before)
                reports.append(_Reported(item, outcome, reported, known))
        self._report(reports)

    def _old(
        self, batch: list[_Item], outcomes: list[InspectionResult]
    ) -> dict[str, _Before]:
        """Look at the old content of files with findings on old lines, by the new copies' names.

        Also where a line is marked as to be ignored: whether that helps depends on
        what the old content had.
        """
        wanted: dict[str, Unit] = {}
        for item, outcome in zip(batch, outcomes, strict=True):
            lines = lines_of(self.context.workdir, item.unit.name)
            if all(
                touches(match, item.target)
                and not may_be_suppressed(lines, match.line, match.end_line)
                for match in outcome.matches
            ):
                continue
            try:
                text = old_text(item.target)
            except ContentUnavailableError as error:
                reason = f"old findings cannot be told from new ones: {error}"
                self.result.not_inspected.append(
                    NotInspected(item.target.path, "failed", reason)
                )
                continue
            wanted[item.unit.name] = self._placed(
                self._unit_before(text or b"", item), text or b""
            )
        return self._looked_up(wanted)

    def _looked_up(self, wanted: dict[str, Unit]) -> dict[str, _Before]:
        known = {
            unit.name: (
                self.inspector.recalled(unit) if unit.rules else InspectionResult()
            )
            for unit in wanted.values()
        }
        found = self.inspector.look(
            unit for unit in wanted.values() if known[unit.name] is None
        )
        return {
            name: _Before(unit, known[unit.name] or found[unit.name])
            for name, unit in wanted.items()
        }

    def _reported(
        self,
        item: _Item,
        outcome: InspectionResult,
        lines: list[bytes],
        before: _Before | None,
    ) -> list[Match]:
        """Return the matches that count as the change's."""
        reported = [match for match in outcome.matches if touches(match, item.target)]
        if before is None:
            return reported
        others = [match for match in outcome.matches if not touches(match, item.target)]
        return reported + self._new_ones(others, item, lines, before)

    def _known(self, before: _Before) -> set[tuple[str, str]]:
        """Return what the old content had, by rule and matched text."""
        lines = lines_of(self.context.workdir, before.unit.name)
        return {
            (match.rule, subject_of(match, lines)) for match in before.outcome.matches
        }

    def _report(self, reports: list[_Reported]) -> None:
        """Make the findings, with the lines that their data comes from."""
        traced = self.inspector.with_sources(
            (one.item.unit, one.outcome) for one in reports
        )
        for one, outcome in zip(reports, traced, strict=True):
            target = one.item.target
            lines = lines_of(self.context.workdir, one.item.unit.name)
            sources = dict(zip(one.outcome.matches, outcome.matches, strict=True))
            for match in one.matches:
                rule = self.rules.get(f"code/{match.rule}")
                if rule is not None:  # the run's reason tells of others
                    finding = finding_of(sources[match], rule, target, lines)
                    seen = (match.rule, subject_of(match, lines)) in one.known
                    self.result.findings.append(replace(finding, known_before=seen))

    def _new_ones(
        self, matches: list[Match], item: _Item, lines: list[bytes], before: _Before
    ) -> list[Match]:
        old = before.outcome
        if any(not at.is_parsing for at in old.problems) or not old.is_scanned:
            reason = "semgrep gave the old content up: old findings cannot be told from new ones"
            self.result.not_inspected.append(
                NotInspected(item.target.path, "failed", reason)
            )
            return []
        old_lines = lines_of(self.context.workdir, before.unit.name)
        return newly_possible(
            matches, lines, old.matches, old_lines, item.target.file.hunks
        )

    def _unit(self, text: bytes, target: Target) -> Unit:
        self._copies += 1
        name = f"src/{self._copies:06}.{target.dialect.extension}"
        digest = hashlib.sha256(text).hexdigest()
        return Unit(name, target.dialect, digest, target.rules, target.touched)

    def _unit_before(self, text: bytes, item: _Item) -> Unit:
        """Return the unit of the old content of a file."""
        stem, _, extension = item.unit.name.rpartition(".")
        return replace(
            item.unit,
            name=f"{stem}-old.{extension}",
            digest=hashlib.sha256(text).hexdigest(),
            rules=self.pack.applicable(item.unit.dialect.language.name, text),
            touched=item.target.touched_before,
        )

    def _placed(self, unit: Unit, text: bytes) -> Unit:
        """Write the private copy of a text."""
        workdir = self.context.workdir
        os.makedirs(os.path.join(workdir, "src"), mode=0o700, exist_ok=True)
        with open(os.path.join(workdir, unit.name), "wb") as file:
            file.write(text)
        return unit

    def _count(self, target: Target) -> None:
        self.result.files += 1
        self.result.lines += target.added_lines


@dataclass(frozen=True, slots=True)
class _Before:
    """The old content of a file as a unit, and what the rules match in it."""

    unit: Unit
    outcome: InspectionResult


@dataclass(frozen=True, slots=True)
class _Reported:
    """What is reported of one file; ``known`` is what its old content had."""

    item: _Item
    outcome: InspectionResult
    matches: list[Match]
    known: set[tuple[str, str]]
