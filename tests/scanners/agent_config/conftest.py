from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.changes import change_of, context
from zt_gate import rulebook
from zt_gate.scanners.agent_config import SCANNER

if TYPE_CHECKING:
    from pathlib import Path

    from zt_gate.model.change import ChangeSet
    from zt_gate.model.report import ScannerRun
    from zt_gate.model.rule import Rule


class ScanChange(Protocol):
    def __call__(self, change: ChangeSet) -> ScannerRun: ...


class Scan(Protocol):
    def __call__(
        self, path: str, new: str | bytes, old: str | bytes | None = ...
    ) -> ScannerRun: ...


@pytest.fixture(scope="session")
def rules() -> dict[str, Rule]:
    return rulebook.load("agent_config")


@pytest.fixture(scope="session")
def scan_change(
    rules: dict[str, Rule], tmp_path_factory: pytest.TempPathFactory
) -> ScanChange:
    folder: Path = tmp_path_factory.mktemp("agent_config")

    def scan(change: ChangeSet) -> ScannerRun:
        return SCANNER.scan(change, context(rules, folder))

    return scan


@pytest.fixture(scope="session")
def scan(scan_change: ScanChange) -> Scan:
    def run(path: str, new: str | bytes, old: str | bytes | None = None) -> ScannerRun:
        return scan_change(change_of({path: new}, None if old is None else {path: old}))

    return run
