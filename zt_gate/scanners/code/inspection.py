"""From texts to what the rules match in them: remembered, or asked of the engine.

A text is known by its content, the rules of its language and the engine, not by
its name, so that the second look at the same blob costs next to nothing.  What
a time-out or a construct that the engine cannot parse would take away with the
whole file is tried once more, with less of it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zt_gate.scanners.code import (
    dataflow_traces,
    engine_errors,
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
from zt_gate.scanners.code.semgrep_output import CUT, PART, EngineOutput, EngineProblem
from zt_gate.system.time_limits import cpu_used

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.result_cache import ResultCache
    from zt_gate.scanners.code.rule_selection import EngineRules

# Changes when an entry of the store says something else.
_VERSION = "1"
#: Constructs that are taken out of one Python file until the engine parses it.
_CUTS = 5
#: Bytes of files from which a second engine is worth its start.
_WORTH_TWO = 40_000
#: Files of one scan that are tried once more, alone, and CPU seconds that this may take
#: altogether: files made to be slow must not take the deadline from the others.
_RETRIES = 20
_RETRY_SECONDS = 30.0


def _cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass
class Inspector:
    """Looks at units; ``reason`` says why a run as a whole was no answer, "" if none was."""

    pack: EngineRules
    cache: ResultCache
    context: Context
    reason: str = ""
    _ways: tuple[semgrep_engine.EngineCommand, ...] | None = None
    _identity: str = ""
    _retries: int = field(default=_RETRIES)
    _retried_seconds: float = field(default=0.0)
    #: The copies' names of files that the engine was ended for.
    _ended: set[str] = field(default_factory=set)

    @property
    def ways(self) -> tuple[semgrep_engine.EngineCommand, ...]:
        """The ways to start the engine, looked for when the first text needs one."""
        if self._ways is None:
            self._ways = tuple(semgrep_engine.engine_commands(self.context.workdir))
            self._identity = semgrep_engine.identity(self._ways)
        return self._ways

    def recalled(self, unit: InspectionUnit) -> InspectionResult | None:
        """Return what is remembered of a unit."""
        if not self.ways or not self._identity:
            return None
        return from_table(self.cache.get(self._key(unit)))

    def look(self, units: Iterable[InspectionUnit]) -> dict[str, InspectionResult]:
        """Return the outcomes by the names of the copies; raises EngineError."""
        asked = {unit.name: unit for unit in units}
        if not asked:
            return {}
        answer = self._scan(tuple(asked.values()))
        outcomes = by_file(answer, asked)
        for name, unit in asked.items():
            outcomes[name] = self._again(unit, outcomes[name])
            self._keep(unit, outcomes[name])
        return outcomes

    def accepts(self, rules: Iterable[str]) -> bool:
        """Whether the engine takes these rules, which it else says only where they are loaded.

        Sets ``reason`` where it does not; raises EngineError.
        """
        wanted = {
            language: ids for language in sorted(self.pack.languages)
            if (ids := self.pack.known(language, rules))
        }  # fmt: skip
        texts = [
            f"{name}\0{self.pack.digest_of(name, ids)}" for name, ids in wanted.items()
        ]
        key = cache_key("accepted", _VERSION, self._identity if self.ways else "", *texts)
        if not wanted or self.cache.get(key) == "yes":
            return True
        units = []
        for language, ids in wanted.items():
            dialect = dialect_named(language)
            unit = InspectionUnit(f"accepts-{language}.{dialect.extension}", dialect, "", ids)
            with open(os.path.join(self.context.workdir, unit.name), "wb") as file:
                file.write(b"x\n")
            units.append(unit)
        self._scan(units)
        if not self.reason and self._identity:
            self.cache.put(key, "yes")
        return not self.reason

    def with_sources(
        self, looked_at: Iterable[tuple[InspectionUnit, InspectionResult]]
    ) -> list[InspectionResult]:
        """Return the outcomes with the sources of their taint rules' matches, remembered so.

        The engine takes one file at a time: two starts side by side.
        """
        pairs = list(looked_at)
        if len(pairs) < 2 or _cores() < 2:
            return [self._with_sources(*pair) for pair in pairs]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda pair: self._with_sources(*pair), pairs))

    def _with_sources(self, unit: InspectionUnit, outcome: InspectionResult) -> InspectionResult:
        language = unit.dialect.language.name
        rules = {match.rule for match in outcome.matches}
        rules = {rule for rule in rules if self.pack.follows_data(language, rule)}
        if outcome.has_sources or not rules:
            return outcome
        rule_file = self.pack.file(language, dict.fromkeys(sorted(rules), ()))
        output = semgrep_engine.flows(
            unit.name, rule_file, unit.dialect.core_name, self.ways, self.context
        )
        if output:
            found = dataflow_traces.with_sources(outcome.matches, output)
            outcome = replace(outcome, matches=found, has_sources=True)
            self._keep(unit, outcome)
        return outcome

    def _key(self, unit: InspectionUnit) -> str:
        language = unit.dialect.language.name
        return cache_key(
            "result", _VERSION, self._identity, self.pack.digest(language),
            unit.dialect.extension, unit.digest,
        )  # fmt: skip

    def _keep(self, unit: InspectionUnit, outcome: InspectionResult) -> None:
        # After a run that left a rule out, nothing is known of any text.
        if self._identity and outcome.is_final and not self.reason:
            self.cache.put(self._key(unit), to_table(outcome))

    def _scan(self, units: Sequence[InspectionUnit], *, patient: bool = False) -> EngineOutput:
        """Ask the engine; side by side where there is enough for two.

        Two engines on one half each: one engine with two jobs takes four times
        the processor time as soon as it has to share the cores.
        """
        groups = self._halves(units)
        commands = [self._rule_files(group) for group in groups]
        ways = self.ways

        def ask(group: Sequence[InspectionUnit], files: Sequence[str]) -> EngineOutput:
            names = tuple(unit.name for unit in group)
            try:
                return semgrep_engine.scan(
                    names, files, ways, self.context, patient=patient, share=len(groups)
                )
            except semgrep_engine.TooSlowError as error:
                left = min(self.context.cpu_left(), self.context.seconds_left())
                if len(names) > 1 or left < 1:
                    raise
                # It is this file's fault: what is found in others still counts.
                self._ended.add(names[0])
                problem = EngineProblem(f"it {error.exceeded}", file=names[0])
                return EngineOutput((), (problem,), frozenset(names))

        if len(groups) == 1:
            answers = [ask(groups[0], commands[0])]
        else:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(len(groups)) as pool:
                answers = list(pool.map(ask, groups, commands))
        answer = EngineOutput(
            tuple(match for one in answers for match in one.matches),
            tuple(
                dict.fromkeys(problem for one in answers for problem in one.problems)
            ),
            frozenset().union(*(one.scanned for one in answers)),
        )
        known = frozenset(rule for unit in units for rule in unit.rules)
        names = frozenset(unit.name for unit in units)
        self.reason = self.reason or engine_errors.run_error(answer, names, known)
        return answer

    def _rule_files(self, units: Sequence[InspectionUnit]) -> list[str]:
        wanted: dict[str, dict[str, list[str]]] = {}
        for unit in units:
            rules = wanted.setdefault(unit.dialect.language.name, {})
            for rule in sorted(unit.rules):
                rules.setdefault(rule, []).append(os.path.basename(unit.name))
        return [
            self.pack.file(language, rules)
            for language, rules in sorted(wanted.items())
        ]

    def _halves(self, units: Sequence[InspectionUnit]) -> list[list[InspectionUnit]]:
        """Return the units in one group, or in two that take about as long."""
        sizes = {unit.name: os.path.getsize(os.path.join(self.context.workdir, unit.name))
                 for unit in units}  # fmt: skip
        if len(units) < 2 or sum(sizes.values()) < _WORTH_TWO or _cores() < 2:
            return [list(units)]
        groups: list[list[InspectionUnit]] = [[], []]
        work = [0, 0]
        for unit in sorted(units, key=lambda unit: -sizes[unit.name] * len(unit.rules)):
            lighter = int(work[1] < work[0])
            groups[lighter].append(unit)
            work[lighter] += sizes[unit.name] * len(unit.rules)
        return groups

    def _again(self, unit: InspectionUnit, outcome: InspectionResult) -> InspectionResult:
        """Try a text once more that was given up, or that was not parsed at all."""
        if not outcome.is_scanned or self.reason:
            return outcome
        most = _RETRY_SECONDS * semgrep_engine.scale_of_limits(self.context)
        if self._retries <= 0 or self._retried_seconds >= most:
            return outcome
        if unit.name in self._ended:
            return outcome  # it had many times what it should need
        given_up = [at for at in outcome.problems if not at.is_parsing]
        unparsed = [at for at in outcome.problems if at.is_unparsed]
        python = unit.dialect.language.name == "python"
        if not given_up and not (python and unparsed):
            return outcome
        self._retries -= 1
        began = cpu_used()
        try:
            return (
                self._patiently(unit, outcome) if given_up else self._cut(unit, outcome)
            )
        except semgrep_engine.EngineError:
            return outcome
        finally:
            self._retried_seconds += cpu_used() - began

    def _patiently(self, unit: InspectionUnit, outcome: InspectionResult) -> InspectionResult:
        """Give a file alone more time; of a large Python file only what the change touches."""
        smaller = self._touched_part(unit)
        if smaller is not None:
            found = self._one(unit, smaller)
            if found.is_final:
                return replace(found, problems=(*found.problems, EngineProblem(PART)))
        found = by_file(self._scan((unit,), patient=True), {unit.name: unit})[unit.name]
        return found if found.is_scanned else outcome

    def _touched_part(self, unit: InspectionUnit) -> bytes | None:
        """Return the file without the functions and classes that the change does not touch."""
        if unit.touched is None or unit.dialect.language.name != "python":
            return None
        text = self._text(unit.name)
        known = python_statements.statements(text)
        if known is None:
            return None
        keep = [
            span
            for run in unit.touched
            for span in python_statements.around(known, *run)
        ]
        if any(not at.is_definition and (at.first, at.last) in keep for at in known):
            return None  # what all functions share was changed
        part = python_statements.without_definitions(known, text, keep)
        return part if len(part) * 2 < len(text) else None

    def _cut(self, unit: InspectionUnit, outcome: InspectionResult) -> InspectionResult:
        """Take out the top-level statements that the engine cannot parse."""
        text = self._text(unit.name)
        known = python_statements.statements(text)
        cuts: list[tuple[int, int]] = []
        found = outcome
        while known is not None and len(cuts) < _CUTS:
            line = next((at.line for at in found.problems if at.is_unparsed), None)
            spans = python_statements.around(known, line, line) if line else []
            if not spans or spans[0] in cuts:
                return outcome
            cuts += spans
            found = self._one(unit, python_statements.blanked(text, cuts))
            if not any(at.is_unparsed for at in found.problems):
                cut = EngineProblem(CUT, line=line, spans=tuple(sorted(cuts)))
                return replace(found, problems=(*found.problems, cut))
        return outcome

    def _one(self, unit: InspectionUnit, text: bytes) -> InspectionResult:
        """Look at another text under the rules of a unit."""
        stem, _, extension = unit.name.rpartition(".")
        name = f"{stem}-part.{extension}"
        with open(os.path.join(self.context.workdir, name), "wb") as file:
            file.write(text)
        part = replace(unit, name=name)
        return by_file(self._scan((part,), patient=True), {name: part})[name]

    def _text(self, name: str) -> bytes:
        with open(os.path.join(self.context.workdir, name), "rb") as file:
            return file.read()
