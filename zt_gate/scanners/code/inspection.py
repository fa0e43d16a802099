"""Inspects texts with the rules: takes results from the cache, or runs the engine.

The cache identifies a text by its content, the rules of its language and the engine, not
by its name, so that inspecting the same content again is cheap.  A file that the engine
did not finish in time or cannot parse as a whole is inspected once more, in part.
"""

from __future__ import annotations

import heapq
import math
import os
from typing import TYPE_CHECKING

from zt_gate.record import dataclass, field, replace
from zt_gate.scanners.code import (
    dataflow_traces,
    engine_errors,
    newer_syntax,
    python_statements,
    semgrep_engine,
)
from zt_gate.scanners.code.inspection_result import (
    InspectionResult,
    InspectionUnit,
    by_file,
    from_table,
    to_table,
)
from zt_gate.scanners.code.languages import dialect_named
from zt_gate.scanners.code.result_cache import cache_key
from zt_gate.scanners.code.semgrep_output import (
    FUNCTIONS_REMOVED,
    OLDER_FORM,
    STATEMENTS_REMOVED,
    VALID_SYNTAX,
    EngineOutput,
    EngineProblem,
)
from zt_gate.system.time_limits import cpu_used

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.python_statements import Span, Statement
    from zt_gate.scanners.code.result_cache import ResultCache
    from zt_gate.scanners.code.rule_selection import EngineRules

# Changes when the meaning of a cache entry changes.
_VERSION = "3"
#: Top-level statements that are removed from one Python file until the engine parses it.
_MAX_REMOVED = 5
#: Top-level statements that are tried one by one where the engine names no line.
_MAX_ISOLATED = 300
#: Bytes of files from which a second engine process is worth its start.
_WORTH_TWO = 40_000
#: Texts of one start: each has its own form of a rule, and people see the count of files.
_MOST_UNITS = 50
#: Files of one scan that are inspected once more, alone, and CPU seconds for all of
#: them: files made to be slow must not use up the deadline of the others.
_RETRIES = 20
_RETRY_SECONDS = 30.0


def _cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class Inspector:
    """Inspects units; ``reason`` says why an engine run as a whole failed, "" if none did."""

    rules: EngineRules
    cache: ResultCache
    context: Context
    reason: str = ""
    #: Called with the names of the units that the engine has inspected, from any thread.
    finished: Callable[[Collection[str]], None] = lambda _names: None
    _commands: tuple[semgrep_engine.EngineCommand, ...] | None = None
    _identity: str = ""
    _retries: int = field(default=0)
    _retry_seconds: float = field(default=0.0)
    #: Names of the copies for which the engine was ended.
    _ended: set[str] = field(default_factory=set)

    @property
    def commands(self) -> tuple[semgrep_engine.EngineCommand, ...]:
        """The commands that start the engine, located at the first use."""
        if self._commands is None:
            self._commands = tuple(semgrep_engine.engine_commands(self.context.workdir))
            self._identity = semgrep_engine.identity(self._commands)
        return self._commands

    def cached_result(self, unit: InspectionUnit) -> InspectionResult | None:
        """Return the result of a unit from the cache, or None."""
        if not self.commands or not self._identity:
            return None
        return from_table(self.cache.get(self._key(unit)))

    def inspect(self, units: Iterable[InspectionUnit]) -> dict[str, InspectionResult]:
        """Return the results by the names of the copies; raises EngineError."""
        by_name = {unit.name: unit for unit in units}
        if not by_name:
            return {}
        output = self._scan(tuple(by_name.values()))
        results = by_file(output, by_name)
        self._read_older_forms(by_name, results)
        for name, unit in by_name.items():
            result = self._retry(unit, results[name])
            results[name] = self._with_validity(unit, result)
            self._store(unit, results[name])
        return results

    def check_rules(self, rules: Collection[str]) -> bool:
        """Whether the engine accepts these rules; it reports this only for loaded rules.

        Sets ``reason`` if it does not.  Raises EngineError.
        """
        ids_by_language = {}
        for language in sorted(self.rules.languages):
            ids = self.rules.in_language(language, rules)
            if ids:
                ids_by_language[language] = ids
        digests = [
            f"{language}\0{self.rules.digest_of(language, ids)}"
            for language, ids in ids_by_language.items()
        ]
        identity = self._identity if self.commands else ""
        key = cache_key("accepted", _VERSION, identity, *digests)
        if not ids_by_language or self.cache.get(key) == "yes":
            return True
        units = []
        for language, ids in ids_by_language.items():
            dialect = dialect_named(language)
            name = f"accepts-{language}.{dialect.extension}"
            self._write(name, b"x\n")
            units.append(InspectionUnit(name, dialect, "", ids))
        self._scan(units, is_reduced=False)
        if not self.reason and self._identity:
            self.cache.put(key, "yes")
        return not self.reason

    def add_sources(
        self, inspected: Iterable[tuple[InspectionUnit, InspectionResult]]
    ) -> list[InspectionResult]:
        """Return the results with the source lines of taint matches, and cache them.

        The engine traces one file at a time, so two processes run side by side.
        """
        pairs = list(inspected)
        if len(pairs) < 2 or _cores() < 2:
            return [self._with_sources(*pair) for pair in pairs]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda pair: self._with_sources(*pair), pairs))

    def _with_sources(
        self, unit: InspectionUnit, result: InspectionResult
    ) -> InspectionResult:
        language = unit.dialect.language.name
        taint_rules = {
            match.rule
            for match in result.matches
            if self.rules.follows_data(language, match.rule)
        }
        if result.has_sources or not taint_rules:
            return result
        name = os.path.basename(unit.name)
        rule_file = self.rules.write_file(
            language,
            dict.fromkeys(sorted(taint_rules), (name,)),
            {name: self._read(unit.name)},
        )
        output = semgrep_engine.flows(
            unit.name, rule_file, unit.dialect.core_name, self.commands, self.context
        )
        if not output:
            return result
        matches = dataflow_traces.with_sources(result.matches, output)
        traced = replace(result, matches=matches, has_sources=True)
        self._store(unit, traced)
        return traced

    def _key(self, unit: InspectionUnit) -> str:
        language = unit.dialect.language.name
        return cache_key(
            "result",
            _VERSION,
            self._identity,
            self.rules.digest(language),
            unit.dialect.extension,
            unit.digest,
        )

    def _store(self, unit: InspectionUnit, result: InspectionResult) -> None:
        # A run that dropped a rule gives no complete result for any text.
        if self._identity and result.is_final and not self.reason:
            self.cache.put(self._key(unit), to_table(result))

    def _scan(
        self,
        units: Sequence[InspectionUnit],
        *,
        patient: bool = False,
        is_reduced: bool = True,
    ) -> EngineOutput:
        """Run the engine on units, in two processes where there is enough work.

        Two processes with half of the files each: one process with two jobs takes four
        times the processor time as soon as it shares the cores.  ``is_reduced`` leaves
        out of the rules what cannot match in the texts.
        """
        groups = self._groups(units)
        commands = self.commands
        processes = min(len(groups), 2, _cores())

        def run(group: Sequence[InspectionUnit], files: Sequence[str]) -> EngineOutput:
            names = tuple(unit.name for unit in group)
            try:
                return semgrep_engine.scan(
                    names,
                    files,
                    commands,
                    self.context,
                    patient=patient,
                    share=processes,
                )
            except semgrep_engine.TooSlowError as error:
                left = min(self.context.cpu_left(), self.context.seconds_left())
                if len(names) > 1 and left >= 1:
                    # One of them is too slow: the results of the others still count.
                    middle = len(group) // 2
                    halves = group[:middle], group[middle:]
                    return _merged([run(half, files) for half in halves])
                self._ended.update(names)
                problems = [
                    EngineProblem(f"it {error.exceeded}", file=name) for name in names
                ]
                return EngineOutput((), tuple(problems), frozenset(names))

        def run_group(group: Sequence[InspectionUnit]) -> EngineOutput:
            output = run(group, self._write_rule_files(group, is_reduced=is_reduced))
            self.finished([unit.name for unit in group])
            return output

        if processes == 1:
            outputs = [run_group(group) for group in groups]
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(processes) as pool:
                outputs = list(pool.map(run_group, groups))
        merged = _merged(outputs)
        rules = frozenset(rule for unit in units for rule in unit.rules)
        names = frozenset(unit.name for unit in units)
        self.reason = self.reason or engine_errors.run_error(merged, names, rules)
        return merged

    def _write_rule_files(
        self, units: Sequence[InspectionUnit], *, is_reduced: bool
    ) -> list[str]:
        """Write one rule file for each language of the units; return their names."""
        files_of_rules: dict[str, dict[str, list[str]]] = {}
        texts: dict[str, bytes] = {}
        for unit in units:
            rules = files_of_rules.setdefault(unit.dialect.language.name, {})
            name = os.path.basename(unit.name)
            for rule in sorted(unit.rules):
                rules.setdefault(rule, []).append(name)
            if is_reduced:
                texts[name] = self._read(unit.name)
        return [
            self.rules.write_file(language, rules, texts)
            for language, rules in sorted(files_of_rules.items())
        ]

    def _groups(self, units: Sequence[InspectionUnit]) -> list[list[InspectionUnit]]:
        """Return the units in one group, or in several that take about equally long."""
        sizes = {}
        for unit in units:
            path = os.path.join(self.context.workdir, unit.name)
            sizes[unit.name] = os.path.getsize(path)
        is_little = sum(sizes.values()) < _WORTH_TWO or _cores() < 2
        if len(units) < 2 or (is_little and len(units) <= _MOST_UNITS):
            return [list(units)]

        def work(unit: InspectionUnit) -> int:
            return sizes[unit.name] * len(unit.rules)

        count = max(2, math.ceil(len(units) / _MOST_UNITS))
        groups: list[list[InspectionUnit]] = [[] for _ in range(count)]
        totals = [(0, number) for number in range(count)]
        for unit in sorted(units, key=lambda unit: -work(unit)):
            total, lightest = heapq.heappop(totals)
            groups[lightest].append(unit)
            heapq.heappush(totals, (total + work(unit), lightest))
        return [group for group in groups if group]

    def _retry(
        self, unit: InspectionUnit, result: InspectionResult
    ) -> InspectionResult:
        """Inspect a text once more that was not finished, or not parsed at all."""
        if not result.is_scanned or self.reason:
            return result
        scale = semgrep_engine.scale_of_limits(self.context)
        if self._retries >= _RETRIES * scale:
            return result
        if self._retry_seconds >= _RETRY_SECONDS * scale:
            return result
        if unit.name in self._ended:
            return result  # it had many times the time that it should need
        is_finished = all(problem.is_parsing for problem in result.problems)
        is_parsed = not any(problem.is_unparsed for problem in result.problems)
        is_python = unit.dialect.language.name == "python"
        if is_finished and (is_parsed or not is_python):
            return result
        self._retries += 1
        started = cpu_used()
        try:
            if is_finished:
                return self._without_unparsed(unit, result)
            return self._with_more_time(unit, result)
        except semgrep_engine.EngineError:
            return result
        finally:
            self._retry_seconds += cpu_used() - started

    def _with_more_time(
        self, unit: InspectionUnit, result: InspectionResult
    ) -> InspectionResult:
        """Inspect a file alone with more time.

        Of a large Python file, inspect only what the change touches.
        """
        part = self._touched_part(unit)
        if part is not None:
            part_result = self._inspect_part(unit, part)
            if part_result.is_final:
                removed = EngineProblem(FUNCTIONS_REMOVED)
                return replace(part_result, problems=(*part_result.problems, removed))
        output = self._scan((unit,), patient=True)
        retried = by_file(output, {unit.name: unit})[unit.name]
        return retried if retried.is_scanned else result

    def _touched_part(self, unit: InspectionUnit) -> bytes | None:
        """Return the file without functions and classes that the change does not touch.

        None where that cannot be determined, or does not halve the file.
        """
        if unit.touched is None or unit.dialect.language.name != "python":
            return None
        text = self._read(unit.name)
        statements = python_statements.statements(text)
        if statements is None:
            return None
        touched: list[Span] = []
        for first, last in unit.touched:
            touched += python_statements.statements_at(statements, first, last)
        for statement in statements:
            is_touched = (statement.first, statement.last) in touched
            if is_touched and not statement.is_definition:
                return None  # every function can depend on it
        part = python_statements.without_definitions(statements, text, touched)
        return part if len(part) * 2 < len(text) else None

    def _read_older_forms(
        self,
        units: Mapping[str, InspectionUnit],
        results: dict[str, InspectionResult],
    ) -> None:
        """Inspect texts again with the syntax that the engine does not know in an older form.

        One start of the engine for all of them.
        """
        older_units: dict[str, InspectionUnit] = {}
        changed_lines: dict[str, tuple[int, ...]] = {}
        for name, unit in units.items():
            result = results[name]
            is_final = result.is_final and not self.reason
            if not is_final or not result.problems:
                continue
            text = self._read(unit.name)
            spans: list[Span] = []
            for problem in result.problems:
                spans += problem.spans or ((1, text.count(b"\n") + 1),)
            older, changed = newer_syntax.in_older_form(text, unit.dialect, spans)
            if changed:
                older_units[name] = self._part_unit(unit, older, "older")
                changed_lines[name] = changed
        if not older_units:
            return
        try:
            output = self._scan(tuple(older_units.values()))
        except semgrep_engine.EngineError:
            return
        older_results = by_file(output, older_units)
        for name, older_result in older_results.items():
            if _unparsed_lines(older_result) < _unparsed_lines(results[name]):
                lines = tuple((line, line) for line in changed_lines[name])
                form = EngineProblem(OLDER_FORM, spans=lines)
                problems = (*older_result.problems, form)
                results[name] = replace(older_result, problems=problems)

    def _with_validity(
        self, unit: InspectionUnit, result: InspectionResult
    ) -> InspectionResult:
        """Say whether another parser accepts a text of which the engine left out a part."""
        kinds = {problem.kind for problem in result.problems}
        if not result.is_final or not kinds - {OLDER_FORM}:
            return result
        if not newer_syntax.is_valid(self._text_read(unit, result), unit.dialect):
            return result
        return replace(result, problems=(*result.problems, EngineProblem(VALID_SYNTAX)))

    def _text_read(self, unit: InspectionUnit, result: InspectionResult) -> bytes:
        """Return the text that the engine read: the older form, where there is one."""
        if any(problem.kind == OLDER_FORM for problem in result.problems):
            return self._read(_part_name(unit, "older"))
        return self._read(unit.name)

    def _without_unparsed(
        self, unit: InspectionUnit, result: InspectionResult
    ) -> InspectionResult:
        """Remove the top-level statements that the engine cannot parse, and inspect the rest."""
        text = self._text_read(unit, result)
        statements = python_statements.statements(text)
        if statements is None:
            return result
        removed: list[Span] = []
        is_isolated = False
        part_result = result
        while len(removed) < _MAX_REMOVED:
            line = _unparsed_line(part_result)
            spans: list[Span] = []
            if line:
                spans = python_statements.statements_at(statements, line, line)
            if not spans or spans[0] in removed:
                # The engine names no line, or one that is not the cause.
                removed = self._isolated(unit, text, statements)
                if not removed or is_isolated:
                    return result
                is_isolated = True
            else:
                removed += spans
            part = python_statements.blanked(text, removed)
            part_result = self._inspect_part(unit, part)
            if not any(problem.is_unparsed for problem in part_result.problems):
                problem = EngineProblem(
                    STATEMENTS_REMOVED, line=line, spans=tuple(sorted(removed))
                )
                forms = (item for item in result.problems if item.kind == OLDER_FORM)
                problems = (*part_result.problems, problem, *forms)
                return replace(part_result, problems=problems)
        return result

    def _isolated(
        self, unit: InspectionUnit, text: bytes, statements: Sequence[Statement]
    ) -> list[Span]:
        """Return the top-level statements that the engine does not parse by themselves."""
        lines = text.split(b"\n")
        parts: dict[str, InspectionUnit] = {}
        spans: dict[str, Span] = {}
        for number, statement in enumerate(statements[:_MAX_ISOLATED]):
            alone = b"\n".join(lines[statement.first - 1 : statement.last]) + b"\n"
            part = self._part_unit(unit, alone, f"statement{number}")
            parts[part.name] = part
            spans[part.name] = statement.first, statement.last
        results = by_file(self._scan(tuple(parts.values())), parts)
        return [
            spans[name]
            for name, result in results.items()
            if any(problem.is_unparsed for problem in result.problems)
        ]

    def _inspect_part(self, unit: InspectionUnit, text: bytes) -> InspectionResult:
        """Inspect a part of the text of a unit with the rules of the unit."""
        part = self._part_unit(unit, text, "rest")
        name = unit.name
        return by_file(self._scan((part,), patient=True), {name: part})[name]

    def _part_unit(
        self, unit: InspectionUnit, text: bytes, word: str
    ) -> InspectionUnit:
        """Return the unit of another text in place of that of a unit."""
        name = _part_name(unit, word)
        self._write(name, text)
        return replace(unit, name=name)

    def _read(self, name: str) -> bytes:
        with open(os.path.join(self.context.workdir, name), "rb") as file:
            return file.read()

    def _write(self, name: str, text: bytes) -> None:
        with open(os.path.join(self.context.workdir, name), "wb") as file:
            file.write(text)


def _merged(outputs: Sequence[EngineOutput]) -> EngineOutput:
    """Merge the outputs of several processes; equal problems become one."""
    problems = [problem for output in outputs for problem in output.problems]
    return EngineOutput(
        tuple(match for output in outputs for match in output.matches),
        tuple(dict.fromkeys(problems)),
        frozenset().union(*(output.scanned for output in outputs)),
    )


def _part_name(unit: InspectionUnit, word: str) -> str:
    stem, _, extension = unit.name.rpartition(".")
    return f"{stem}-{word}.{extension}"


def _unparsed_lines(result: InspectionResult) -> float:
    """Return how many lines were not parsed; infinite if the text as a whole was not."""
    if any(not problem.is_parsing for problem in result.problems):
        return math.inf
    if any(problem.is_unparsed for problem in result.problems):
        return math.inf
    spans = {span for problem in result.problems for span in problem.spans}
    return sum(last - first + 1 for first, last in spans)


def _unparsed_line(result: InspectionResult) -> int | None:
    """Return the line at which parsing of the whole text stopped."""
    for problem in result.problems:
        if problem.is_unparsed:
            return problem.line
    return None
