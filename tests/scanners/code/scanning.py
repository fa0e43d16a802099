"""Scans of changes made in memory, with the project's rules and the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.changes import change_of, context
from zt_gate.model.change import ChangeSet
from zt_gate.scanners.code import SCANNER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule

BAD = "from flask import request\n\n\ndef f():\n    return eval(request.args['q'])\n"
BAD_JS = "app.get('/', (req, res) => {\n  eval(req.query.q);\n});\n"


class Scan:
    """Scan changes with the project's rules in a private folder."""

    def __init__(self, rules: Mapping[str, Rule], workdir: Path) -> None:
        self.rules, self.workdir = rules, workdir

    def __call__(self, change: ChangeSet | Mapping[str, str | bytes], **fields: Any) -> ScannerRun:
        whole = change if isinstance(change, ChangeSet) else change_of(dict(change))
        return SCANNER.scan(whole, context(fields.pop("rules", self.rules), self.workdir, **fields))


def found(run: ScannerRun) -> list[tuple[str, int]]:
    return [(f.rule.removeprefix("code/"), f.location.line or 0) for f in run.findings]


def skips(run: ScannerRun) -> list[tuple[bytes | None, str]]:
    return [(entry.path, entry.kind) for entry in run.not_inspected]


def refuse(*_: Any, **__: Any) -> Any:
    raise AssertionError("semgrep must not be started")
