"""Scans of changes made in memory, with the project's rules and the real engine."""

from __future__ import annotations

import json
import stat
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.changes import change_of, context
from zt_gate.model.change import ChangeSet
from zt_gate.scanners.code import SCANNER, semgrep_engine
from zt_gate.system import process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule

BAD = "from flask import request\n\n\ndef f():\n    return eval(request.args['q'])\n"
BAD_JS = "app.get('/', (req, res) => {\n  eval(req.query.q);\n});\n"


class Scan:
    """Scan changes with the project's rules in a private folder."""

    def __init__(self, rules: Mapping[str, Rule], workdir: Path) -> None:
        self.rules, self.workdir = rules, workdir

    def __call__(
        self, change: ChangeSet | Mapping[str, str | bytes], **fields: Any
    ) -> ScannerRun:
        whole = change if isinstance(change, ChangeSet) else change_of(dict(change))
        return SCANNER.scan(
            whole, context(fields.pop("rules", self.rules), self.workdir, **fields)
        )


def found(run: ScannerRun) -> list[tuple[str, int]]:
    return [(f.rule.removeprefix("code/"), f.location.line or 0) for f in run.findings]


def skips(run: ScannerRun) -> list[tuple[bytes | None, str]]:
    return [(entry.path, entry.kind) for entry in run.not_inspected]


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("semgrep must not be started")


def stand_in(folder: Path, script: str) -> list[semgrep_engine.EngineCommand]:
    """Return the way to start a program in Python instead of semgrep."""
    program = folder / "semgrep"
    program.write_text(f"#!{sys.executable}\nimport sys, os, time\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return [semgrep_engine.EngineCommand(str(program), experimental=True)]


@dataclass(frozen=True)
class LimitedEngine:
    """The real engine, with limits that the test sets: for the ``run`` of a context.

    What semgrep cannot parse, and how long it needs, changes from version to version. Here
    the text decides: with ``UNKNOWN`` in it nothing of the file is parsed, a line with
    ``SKIPPED`` is left out, and a file with ``SLOW`` is given up unless each rule may take
    ``slow_seconds``. ``named_line`` is what an error about the whole file names. The errors
    are those that semgrep reports in such a case.
    """

    UNKNOWN = "unknown_to_the_engine"
    SKIPPED = "skipped_by_the_engine"
    SLOW = "slow_for_the_engine"

    slow_seconds: float = 0.0
    #: The line that an error names in place of the right one, 0 for the right one.
    named_line: int = 0

    def __call__(
        self, argv: Sequence[str], *, cwd: Path, **rest: Any
    ) -> process.CompletedProcess:
        """Run semgrep, and change what it prints about the files that are beyond the limits."""
        done = process.run(argv, cwd=cwd, **rest)
        if "scan" not in argv:
            return done
        answer = json.loads(done.stdout)
        rule_seconds = float(argv[argv.index("--timeout") + 1])
        for name in argv[argv.index("--") + 1 :]:
            lines = Path(cwd, name).read_text("utf-8").split("\n")
            errors, lost = self._limits(name, lines, rule_seconds)
            answer["errors"] += errors
            answer["results"] = [
                match
                for match in answer["results"]
                if match["path"] != name or match["start"]["line"] not in lost
            ]
        return replace(done, stdout=json.dumps(answer).encode())

    def _limits(
        self, name: str, lines: Sequence[str], rule_seconds: float
    ) -> tuple[list[dict[str, Any]], Sequence[int]]:
        """Return the errors about one file, and the lines in which nothing is found."""
        every_line = range(1, len(lines) + 1)
        for number in every_line:
            if self.UNKNOWN in lines[number - 1]:
                named = self.named_line or number
                return [
                    {**_syntax_error(name, named), "type": "Syntax error"}
                ], every_line
        if rule_seconds < self.slow_seconds and any(
            self.SLOW in line for line in lines
        ):
            return [_timeout(name)], every_line
        skipped = [number for number in every_line if self.SKIPPED in lines[number - 1]]
        return [_partial_parsing(name, number) for number in skipped], skipped


def _syntax_error(name: str, line: int) -> dict[str, Any]:
    message = f"Syntax error at line {name}:{line}:\n `x` was unexpected"
    return {"code": 3, "level": "warn", "path": name, "message": message}


def _partial_parsing(name: str, line: int) -> dict[str, Any]:
    span = {
        "start": {"line": line, "col": 1, "offset": 0},
        "end": {"line": line, "col": 2, "offset": 1},
    }
    return {
        **_syntax_error(name, line),
        "type": ["PartialParsing", [{"path": name, **span}]],
        "spans": [{"file": name, **span}],
    }


def _timeout(name: str) -> dict[str, Any]:
    rule = "python-code-execution"
    message = f"Timeout when running {rule} on {name}:\n "
    return {
        "code": 2,
        "level": "warn",
        "type": "Timeout",
        "rule_id": rule,
        "path": name,
        "message": message,
    }
