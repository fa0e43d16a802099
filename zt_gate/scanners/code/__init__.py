"""Weaknesses in changed code, found by semgrep with the project's own rules.

The new side of every changed file that there are rules for is written into a
private folder under a name made here, and the engine is given those files and
the rules of their languages; findings on added lines are kept.  What it does
not look at, and why, is docs/code.md.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from zt_gate.model.report import NotInspected, ScannerRun
from zt_gate.scanners.code import engine, problems
from zt_gate.scanners.code.findings import finding_of, without_echoes
from zt_gate.scanners.code.rules import RuleFiles
from zt_gate.scanners.code.targets import Target, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.scanners.base import Context
    from zt_gate.scanners.code.output import Answer

# Files of one start of the engine: bounds the command line, and what lies in memory.
_BATCH = 500


@dataclass(slots=True)
class _Result:
    """What one scan has so far."""

    findings: list[Finding] = field(default_factory=list)
    not_inspected: list[NotInspected] = field(default_factory=list)
    reason: str = ""
    files: int = 0
    lines: int = 0


class CodeScanner:
    """The ``code`` scanner; see the module's text."""

    name = "code"

    def scan(self, change: ChangeSet, context: Context) -> ScannerRun:
        """Scan the net change; commits of a range are not scanned one by one."""
        began = time.monotonic()
        result = _Result()
        try:
            rules = RuleFiles(context.rules, context.workdir)
            targets = _prepared(change, rules, result)
            ways: tuple[engine.Start, ...] = ()
            while batch := list(islice(targets, _BATCH)):
                ways = ways or tuple(engine.starts(context.workdir))
                _scan(_written(batch, context), rules, ways, context, result)
        except engine.EngineError as error:
            result.reason = str(error)
        return ScannerRun(
            self.name,
            "error" if result.reason else "ok",
            reason=result.reason,
            seconds=time.monotonic() - began,
            files=result.files,
            lines=result.lines,
            findings=tuple(without_echoes(result.findings)),
            not_inspected=tuple(result.not_inspected),
        )


def _prepared(change: ChangeSet, rules: RuleFiles, result: _Result) -> Iterator[Target]:
    """Yield the files to scan; what cannot be is noted in ``result``."""
    for file in change.files:
        prepared = prepare(file, rules.languages)
        if isinstance(prepared, NotInspected):
            result.not_inspected.append(prepared)
        elif prepared is not None:
            yield prepared


def _written(batch: list[Target], context: Context) -> dict[str, Target]:
    """Write the private copies; return the targets by the copies' names, without their text."""
    folder = os.path.join(context.workdir, "src")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return {
        target.place(context.workdir, f"src/{number:06}.{target.dialect.extension}"): target.bare()
        for number, target in enumerate(batch, 1)
    }


def _scan(
    targets: dict[str, Target],
    rules: RuleFiles,
    ways: tuple[engine.Start, ...],
    context: Context,
    result: _Result,
) -> None:
    """Scan one batch; raises EngineError where semgrep gives no answer for it."""
    languages = {target.dialect.language.name for target in targets.values()}
    answer = engine.scan(tuple(targets), rules.of(languages), ways, context)
    known = frozenset(rule.removeprefix("code/") for rule in context.rules)
    result.reason = result.reason or problems.of_the_run(answer, targets, known)
    skipped = list(problems.of_files(answer, targets, context.workdir))
    result.not_inspected += skipped
    unseen = {entry.path for entry in skipped}
    looked_at = [target for target in targets.values() if target.path not in unseen]
    result.files += len(looked_at)
    result.lines += sum(len(target.added) for target in looked_at)
    result.findings += _findings(answer, targets, context)


def _findings(answer: Answer, targets: dict[str, Target], context: Context) -> Iterator[Finding]:
    lines: dict[str, list[bytes]] = {}
    for match in answer.matches:
        target = targets.get(match.file)
        rule = context.rules.get(f"code/{match.rule}")
        if target is None or rule is None:
            continue  # of_the_run() has made an error of it
        if match.file not in lines:
            lines[match.file] = target.lines(context.workdir, match.file)
        finding = finding_of(match, rule, target, lines[match.file])
        if finding is not None:
            yield finding


SCANNER = CodeScanner()
