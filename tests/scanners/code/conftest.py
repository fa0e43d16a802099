from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scanners.code.scanning import Scan
from zt_gate import rulebook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zt_gate.model.rule import Rule


@pytest.fixture(scope="session")
def rules() -> Mapping[str, Rule]:
    return rulebook.load("code")


@pytest.fixture
def scan(rules: Mapping[str, Rule], tmp_path: Path) -> Scan:
    return Scan(rules, tmp_path)
