from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.injection import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.finding import Finding
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule


class Scan(Protocol):
    def __call__(self, text: str | bytes, path: str = ...) -> tuple[Finding, ...]: ...


class ScanChange(Protocol):
    def __call__(self, change: ChangeSet) -> ScannerRun: ...


@pytest.fixture(scope="session")
def rules() -> dict[str, Rule]:
    return rulebook.load("injection")


@pytest.fixture(scope="session")
def scan_change(
    rules: dict[str, Rule], tmp_path_factory: pytest.TempPathFactory
) -> ScanChange:
    folder: Path = tmp_path_factory.mktemp("injection")

    def scan(change: ChangeSet) -> ScannerRun:
        return SCANNER.scan(change, context(rules, folder))

    return scan


@pytest.fixture(scope="session")
def scan(scan_change: ScanChange) -> Scan:
    def run(text: str | bytes, path: str = "src/a.py") -> tuple[Finding, ...]:
        return scan_change(change_of({path: text})).findings

    return run
