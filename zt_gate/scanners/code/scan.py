"""One scan: turns the changed files into findings, batch by batch."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from zt_gate.model.change import ContentUnavailableError
from zt_gate.model.report import NotInspected
from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.code import (
    engine_errors,
    generated_code,
    languages_without_rules,
    semgrep_engine,
)
from zt_gate.scanners.code.file_progress import FileProgress
from zt_gate.scanners.code.findings import (
    finding_of,
    subject_of,
    touches,
    without_duplicates,
)
from zt_gate.scanners.code.inspection import Inspector
from zt_gate.scanners.code.inspection_result import (
    InspectionResult,
    InspectionUnit,
)
from zt_gate.scanners.code.preexisting_findings import newly_possible
from zt_gate.scanners.code.project_rules import own_rules
from zt_gate.scanners.code.queued_files import (
    FileMatches,
    OldContent,
    QueuedFile,
    has_content,
    helpers_of,
    joined_of,
    parts_of,
)
from zt_gate.scanners.code.result_cache import ResultCache
from zt_gate.scanners.code.rule_selection import EngineRules
from zt_gate.scanners.code.source_parts import part_of
from zt_gate.scanners.code.targets import (
    LineRanges,
    Target,
    lines_of,
    old_text,
    prepare,
)
from zt_gate.syntax.suppression_comments import may_be_suppressed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.rule import Rule
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.languages import Dialect
    from zt_gate.scanners.code.semgrep_output import Match
    from zt_gate.scanners.code.source_parts import Part

#: Files of one start of the engine: bounds the command line and the memory in use.
BATCH = 500
#: Kinds of uninspected parts with which a file counts as inspected.
_STILL_COUNTED = frozenset(("not_applicable", "unsupported_syntax"))
#: Bytes of each removed part that are searched for names.
_MAX_REMOVED = 50_000


@dataclass(slots=True)
class CodeScanResult:
    """The results of one scan; ``reason`` says why it is incomplete, "" if it is not."""

    findings: list[Finding] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    reason: str = ""
    files: int = 0
    lines: int = 0


def scan(change: ChangeSet, context: Context) -> CodeScanResult:
    """Scan the files of the net change; problems are in the result."""
    result = CodeScanResult()
    cache = ResultCache(context.cache)
    own = own_rules(context, cache)
    result.reason = "; ".join(own.problems)
    result.not_inspected += own.other_languages
    rules = {**context.rules, **own.rules}
    engine_rules = EngineRules(rules, context.workdir, cache)
    progress = FileProgress(context.count, len(change.files))
    inspector = Inspector(engine_rules, cache, context, finished=progress.units_done)
    result.not_inspected += languages_without_rules.not_inspected(
        change.files, engine_rules.languages
    )
    queue = _ScanQueue(context, rules, engine_rules, inspector, progress, result)
    try:
        if own.rules and change.files:
            own_names = [name.removeprefix("code/") for name in own.rules]
            inspector.check_rules(own_names)
        for file in change.files:
            target = prepare(file, engine_rules)
            if isinstance(target, NotInspected):
                result.not_inspected.append(target)
            if not isinstance(target, Target) or not queue.add(target):
                progress.file_done()
        queue.flush()
    except semgrep_engine.EngineError as error:
        result.reason = result.reason or str(error)
    result.reason = result.reason or inspector.reason
    result.findings = without_duplicates(result.findings)
    return result


@dataclass(slots=True)
class _ScanQueue:
    """Collects the files that the engine must inspect, and inspects them in batches."""

    context: Context
    rules: Mapping[str, Rule]
    engine_rules: EngineRules
    inspector: Inspector
    progress: FileProgress
    result: CodeScanResult
    _queued: list[QueuedFile] = field(default_factory=list)
    _copies: int = 0

    def add(self, target: Target) -> bool:
        """Queue a target, unless no rule can match in it or a cached result is empty.

        Returns whether it was queued.  Inspects the batch if it is full; raises
        EngineError.
        """
        if not target.rules:
            self._count(target)
            return False
        whole_target = target
        target = self._without_most_rules(target)
        if not target.rules:
            self._count(target)
            return False
        part = self._part(target, divide=target is whole_target)
        self._copies += 1
        name = f"src/{self._copies:06}.{target.dialect.extension}"
        whole = InspectionUnit(name, target.dialect, "", target.rules, target.touched)
        texts = parts_of(whole, target.text, part)
        if target is whole_target:
            texts += helpers_of(whole, target.text, self.engine_rules)
        units = tuple(unit for unit, _ in texts)
        cached = self._cached(units)
        if len(cached) == len(texts) and not any(map(has_content, cached.values())):
            self._count(target)
            return False
        self._write(name, target.text)
        self._write_copies(texts)
        untouched = frozenset() if part is None else part.untouched
        is_generated = target is not whole_target
        self._queued.append(
            QueuedFile(
                target.without_text(),
                name,
                units,
                cached,
                untouched,
                is_generated,
            )
        )
        self.progress.wait_for(
            name, [unit.name for unit in units if unit.name not in cached]
        )
        if len(self._queued) >= BATCH:
            self.flush()
        return True

    def _without_most_rules(self, target: Target) -> Target:
        """Leave out most rules where no person wrote the code."""
        language = target.dialect.language.name
        rules = self.engine_rules.for_generated(language, target.rules)
        if rules == target.rules:
            return target
        kind = generated_code.kind_of(target.text, target.added)
        if not kind:
            return target
        reason = f"{kind}: only rules that are certain and follow no data were applied"
        self.result.not_inspected.append(
            NotInspected(
                target.path,
                "not_applicable",
                reason,
                is_new=not self._was_generated(target),
            )
        )
        return replace(target, rules=rules)

    def _was_generated(self, target: Target) -> bool:
        """Whether the old content was skipped for the same reason."""
        try:
            text = old_text(target)
        except ContentUnavailableError:
            return False
        return text is not None and bool(generated_code.kind_of(text, LineRanges(())))

    def flush(self) -> None:
        """Inspect the queued files and report their findings; raises EngineError."""
        batch, self._queued = self._queued, []
        by_name = self._inspect(batch)
        results = [joined_of(queued.units, by_name) for queued in batch]
        old_contents = self._old_contents(batch, results)
        reports: list[FileMatches] = []
        for queued, result in zip(batch, results, strict=True):
            lines = self._lines(queued.name)
            skipped = engine_errors.skipped_part(
                result, queued.target, lines, self.engine_rules
            )
            if skipped is not None:
                self.result.not_inspected.append(skipped)
            if skipped is None or skipped.kind in _STILL_COUNTED:
                self._count(queued.target)
            old = old_contents.get(queued.name)
            matches = self._matches_of_change(queued, result, lines, old)
            if matches:
                old_subjects = set() if old is None else self._subjects(old)
                reports.append(FileMatches(queued, by_name, matches, old_subjects))
        self._report(reports)

    def _old_contents(
        self, batch: Sequence[QueuedFile], results: Sequence[InspectionResult]
    ) -> dict[str, OldContent]:
        """Inspect the old content of files with matches on unchanged lines.

        Also of files with an ignore comment at a match: whether the ignore takes effect
        depends on the old content.  Returns them by the names of the new copies.
        """
        old_files: dict[str, QueuedFile] = {}
        for queued, result in zip(batch, results, strict=True):
            if not self._needs_old_content(queued, result):
                continue
            try:
                text = old_text(queued.target) or b""
            except ContentUnavailableError as error:
                reason = f"cannot compare with the old findings: {error}"
                self.result.not_inspected.append(
                    NotInspected(queued.target.path, "failed", reason)
                )
                continue
            old_files[queued.name] = self._old_file(text, queued)
        by_name = self._inspect(list(old_files.values()))
        return {
            name: OldContent(file.name, joined_of(file.units, by_name))
            for name, file in old_files.items()
        }

    def _needs_old_content(self, queued: QueuedFile, result: InspectionResult) -> bool:
        lines = self._lines(queued.name)
        for match in result.matches:
            if not touches(match, queued.target):
                return True
            if may_be_suppressed(lines, match.line, match.end_line):
                return True
        return False

    def _inspect(self, files: Sequence[QueuedFile]) -> dict[str, InspectionResult]:
        """Return the results of all units of files by their names; raises EngineError."""
        results: dict[str, InspectionResult] = {}
        for file in files:
            results.update(file.cached)
        units = (unit for file in files for unit in file.units)
        results.update(
            self.inspector.inspect(unit for unit in units if unit.name not in results)
        )
        return results

    def _cached(self, units: Iterable[InspectionUnit]) -> dict[str, InspectionResult]:
        """Return the results that are known: without a rule nothing can match."""
        known: dict[str, InspectionResult] = {}
        for unit in units:
            result = InspectionResult()
            if unit.rules:
                cached = self.inspector.cached_result(unit)
                if cached is None:
                    continue
                result = cached
            known[unit.name] = result
        return known

    def _matches_of_change(
        self,
        queued: QueuedFile,
        result: InspectionResult,
        lines: list[bytes],
        old: OldContent | None,
    ) -> list[Match]:
        """Return the matches on added lines, and those that the change made possible."""
        on_added: list[Match] = []
        on_unchanged: list[Match] = []
        for match in result.matches:
            group = on_added if touches(match, queued.target) else on_unchanged
            group.append(match)
        if old is None:
            return on_added
        return on_added + self._newly_possible(on_unchanged, queued, lines, old)

    def _newly_possible(
        self,
        matches: list[Match],
        queued: QueuedFile,
        lines: list[bytes],
        old: OldContent,
    ) -> list[Match]:
        is_complete = all(problem.is_parsing for problem in old.result.problems)
        if not is_complete or not old.result.is_scanned:
            reason = (
                "cannot compare with the old findings: semgrep did not finish the old "
                "content of this file"
            )
            self.result.not_inspected.append(
                NotInspected(queued.target.path, "failed", reason)
            )
            return []
        old_lines = self._lines(old.name)
        hunks = queued.target.file.hunks
        return newly_possible(matches, lines, old.result.matches, old_lines, hunks)

    def _subjects(self, old: OldContent) -> set[tuple[str, str]]:
        """Return the matches of the old content as pairs of rule and matched text."""
        lines = self._lines(old.name)
        return {(match.rule, subject_of(match, lines)) for match in old.result.matches}

    def _report(self, reports: list[FileMatches]) -> None:
        """Add the findings, with the lines that their data comes from."""
        traced_units = {
            unit.name: (unit, report.results[unit.name])
            for report in reports
            for unit in report.queued.units
            if not set(report.matches).isdisjoint(report.results[unit.name].matches)
        }
        traced_results = dict(
            zip(
                traced_units,
                self.inspector.add_sources(traced_units.values()),
                strict=True,
            )
        )
        for report in reports:
            lines = self._lines(report.queued.name)
            traced_matches: dict[Match, Match] = {}
            for unit in report.queued.units:
                if unit.name in traced_results:
                    found = report.results[unit.name].matches
                    traced = traced_results[unit.name].matches
                    traced_matches.update(zip(found, traced, strict=True))
            for match in report.matches:
                rule = self.rules.get(f"code/{match.rule}")
                if rule is None:
                    continue  # the reason of the run names it
                target = report.queued.target
                finding = finding_of(traced_matches[match], rule, target, lines)
                subject = (match.rule, subject_of(match, lines))
                preexisting = subject in report.old_subjects
                self.result.findings.append(replace(finding, preexisting=preexisting))

    def _part(self, target: Target, *, divide: bool) -> Part | None:
        """Return the part of the new content in which the change can have a finding."""
        hunks = target.file.hunks
        return part_of(
            target.text,
            target.dialect,
            self._applicable(target.dialect, target.rules),
            touched=target.touched,
            removed=b"\n".join(hunk.removed.head(_MAX_REMOVED) for hunk in hunks),
            divide=divide,
        )

    def _old_part(self, text: bytes, queued: QueuedFile) -> Part | None:
        """Return the part of the old content that compares with that of the new one."""
        dialect = queued.target.dialect
        language = dialect.language.name
        rules = self.engine_rules.applicable(language, text)
        if queued.is_generated:
            rules = self.engine_rules.for_generated(language, rules)
        applicable = self._applicable(dialect, rules)
        return part_of(
            text,
            dialect,
            applicable,
            untouched=queued.untouched,
            divide=not queued.is_generated,
        )

    def _applicable(
        self, dialect: Dialect, rules: frozenset[str]
    ) -> Callable[[bytes], frozenset[str]]:
        language = dialect.language.name
        return lambda text: self.engine_rules.applicable_of(language, rules, text)

    def _old_file(self, text: bytes, queued: QueuedFile) -> QueuedFile:
        """Return the old content of a file, with its copies written."""
        stem, _, extension = queued.name.rpartition(".")
        language = queued.target.dialect.language.name
        rules = self.engine_rules.applicable(language, text)
        if queued.is_generated:
            rules = self.engine_rules.for_generated(language, rules)
        name = f"{stem}-old.{extension}"
        touched = queued.target.touched_before
        whole = InspectionUnit(name, queued.target.dialect, "", rules, touched)
        texts = parts_of(whole, text, self._old_part(text, queued))
        if not queued.is_generated:
            texts += helpers_of(whole, text, self.engine_rules)
        self._write(name, text)
        self._write_copies(texts)
        units = tuple(unit for unit, _ in texts)
        return QueuedFile(queued.target, name, units, self._cached(units))

    def _write_copies(self, texts: Iterable[tuple[InspectionUnit, bytes]]) -> None:
        for unit, text in texts:
            self._write(unit.name, text)

    def _write(self, name: str, text: bytes) -> None:
        path = os.path.join(self.context.workdir, name)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "wb") as file:
            file.write(text)

    def _lines(self, name: str) -> list[bytes]:
        return lines_of(self.context.workdir, name)

    def _count(self, target: Target) -> None:
        self.result.files += 1
        self.result.lines += target.added_lines
